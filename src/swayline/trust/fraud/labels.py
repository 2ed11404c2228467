"""A table of known cases: who was found to be fraudulent, and who genuine."""

import pyarrow as pa

from swayline.core.errors import SchemaError, shown
from swayline.core.names import USER

LABEL_NAMES = ("label", "fraud", "is_fraud", "fake", "spam", "fraudulent")
_TRUE, _FALSE = (
    frozenset({"1", "1.0", "true", "yes", "fraud", "fake", "spam"}),
    frozenset({"0", "0.0", "-1", "false", "no", "genuine", "ok", "real"}),
)


def labels_of(people: pa.Table) -> dict[str, bool]:
    """Person → whether fraudulent; rows without a label are left out.

    Parameters
    ----------
    people : pa.Table
        ``user`` and one column of :data:`LABEL_NAMES`, with 1 and 0, true and false, yes and no, fraud and genuine.

    Raises
    ------
    SchemaError
        There is no such column, or a value of it is none of these words.

    >>> labels_of(pa.table({"user": ["a", "b"], "label": [1, 0]}))
    {'a': True, 'b': False}
    """
    name = next((one for one in LABEL_NAMES if one in people.column_names), None)
    if name is None:
        raise SchemaError(
            f"--labels has no column of labels: name it {', '.join(LABEL_NAMES[:-1])} or {LABEL_NAMES[-1]}; it has "
            f"{', '.join(people.column_names)}"
        )
    found: dict[str, bool] = {}
    for user, value in zip(people[USER].cast(pa.string()).to_pylist(), people[name].to_pylist(), strict=True):
        word = "" if value is None else str(value).strip().lower()
        if not word:
            continue
        if word not in _TRUE | _FALSE:
            raise SchemaError(f"--labels says {shown(value)} of user {shown(user)}: say 1 (fraud) or 0 (genuine)")
        found[user] = word in _TRUE
    return found
