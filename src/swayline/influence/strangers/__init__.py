"""What strangers move: reviews that people read without knowing who wrote them, and authors whom they do not follow.

::

    rows.py        who came to which item when, and which reviews stood on top then
    reading.py     the next act on the valence of the reviews on top, by reviewers' leniency
    authors.py     acts on an author's items as the author's reach
    estimator.py   the public face; ledger.py: rows of the influence table, sentences
"""

from swayline.influence.strangers.estimator import Strangers

__all__ = ["Strangers"]
