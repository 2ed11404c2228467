"""Contagion or likeness: whether a tie's act on an item brings the person's own, or ties only like the same.

The way of a log to its rows, one file a step::

    reading.py      events and ties as arrays
    exposures.py    the moments at which a tie acted first on an item
    trials.py       exposed people beside people who were not, at the same item and moment
    covariates.py   what was known before the moment, of the person, the ties, the item; taste.py: who is near to what
    measure.py      naive and adjusted figures (causal/)
    placebos.py     what is left where no tie can have swayed anybody
    calibration.py  the share of likeness that is left, read off a placebo, taken off the effect
    parts.py        the effect by number of active ties, strength of the tie, valence; persons.py: by who acted
    estimator.py    the public face; rows.py: its rows in the ledger
"""

from swayline.influence.contagion.estimator import Contagion

__all__ = ["Contagion"]
