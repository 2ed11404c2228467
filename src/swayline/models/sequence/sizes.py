"""The sizes of a network, as a log decides them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """How many of what a network knows; 0 where it reads none.

    Parameters
    ----------
    n_items, n_behaviors : int
        Rows of the catalogue, and behaviours of the log.
    max_length : int
        Events of a history that are read.
    timed, valued : bool
        Whether the log has times, and values of events.
    n_columns, n_values : int
        Columns of item attributes, and different values in all of them together.
    n_profile_values : int
        Different values of the users table's columns, and one for not known.
    n_text_features : int
        Features of the items' texts.
    """

    n_items: int
    n_behaviors: int
    max_length: int
    timed: bool = False
    n_columns: int = 0
    n_values: int = 0
    n_profile_values: int = 0
    n_text_features: int = 0
    valued: bool = False
