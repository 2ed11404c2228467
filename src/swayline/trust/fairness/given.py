"""Groups of people compared by a figure that a run has measured already: nothing is fitted, every column is asked."""

import pyarrow as pa

from swayline.core.errors import DataError
from swayline.core.names import USER
from swayline.trust.fairness.compared import Measure, compare_groups, everybody, with_verdicts
from swayline.trust.fairness.groups import groups_of_people
from swayline.trust.fairness.measure import Fairness
from swayline.trust.fairness.plan import FAIRNESS

MOST_COLUMNS = 20


def compare_known(
    measure: Measure, people: pa.Array, users: pa.Table, *, model: str, min_people: int = 30, seed: int = 0
) -> Fairness:
    """Compare groups by every column of the users table, the first twenty that tell groups apart.

    Parameters
    ----------
    measure : Measure
        A figure of each person, (Q,).
    people : (Q,) string
        Whose figure it is, one row a person.
    users : pa.Table
        ``user`` and columns whose values are groups.
    model : str
        Whose lists the figure is of.
    min_people : int
        Smaller groups are too few to tell.

    Returns
    -------
    Fairness
        All gaps are tested together; ``notes`` say of each column that was not asked why.
    """
    rows, notes, asked = [everybody(measure, seed)], [], 0
    columns = [name for name in users.column_names if name != USER]
    for at, column in enumerate(columns):
        if asked == MOST_COLUMNS:
            notes.append(
                f"{len(columns) - at:,} more columns of the users table were not asked: {', '.join(columns[at:])}"
            )
            break
        try:
            rows += compare_groups(measure, groups_of_people(users, column, people), min_people, seed).rows
        except DataError as error:  # one group, groups of one, or too many to compare
            notes.append(str(error))
        else:
            asked += 1
    return Fairness(pa.Table.from_pylist(with_verdicts(rows), FAIRNESS), model, len(people), tuple(notes))
