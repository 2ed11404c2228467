"""A learned predictor of influence: how many acts of others a person will bring about in the next days.

The way of a log to predictions, one file a step::

    labels.py      what each act of a person brought: ties' acts on the same item, less what untied people did
    examples.py    a person at a date: the last acts as a sequence, counts and ties as numbers, what came after as label
    encoders.py    heads over the sequence: transformer, gru, cnn, mlp
    learning.py    a network learned from examples; baselines.py: degree, PageRank, past reach, trees
    judged.py      people never seen in training at a later date: F1, AUC, lift and the like
    estimator.py   the public face
"""

from swayline.influence.predictor.estimator import InfluencePredictor

__all__ = ["InfluencePredictor"]
