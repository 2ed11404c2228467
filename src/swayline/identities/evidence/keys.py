"""Keys: values that name a person exactly (a hashed e-mail). One that several accounts hold names nobody."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.names import USER
from swayline.core.types import Ints
from swayline.events.sources.block import Refusal, rejected_table
from swayline.identities.platform import Platform
from swayline.identities.walls import values_of


@dataclass(frozen=True)
class Key:
    """A column of both users tables whose equal values are one person's; compared without case and outer blanks."""

    column: str

    def pairs(self, a: Platform, b: Platform) -> tuple[Ints, pa.Table]:
        """((K, 2) account numbers that share a value nobody else holds, refusals of values that several hold)."""
        sides, rejected = [], []
        for platform in (a, b):
            values = pc.utf8_lower(values_of(platform, self.column))
            counts = pc.value_counts(values.drop_null())
            several = counts.field("values").filter(pc.greater(counts.field("counts"), 1))
            contested = pc.is_in(values, value_set=several)
            rejected.append(_refused(platform, self.column, values, contested))
            sides.append(pc.if_else(contested, None, values))
        at = pc.index_in(sides[0], value_set=sides[1].drop_null())
        places = np.flatnonzero(np.asarray(pc.is_valid(sides[1])))
        rows = np.flatnonzero(np.asarray(pc.is_valid(at)))
        matched = np.asarray(at.take(pa.array(rows)), np.int64)
        return np.stack([rows, places[matched]], axis=1).astype(np.int64), pa.concat_tables(rejected)


def _refused(platform: Platform, column: str, values: pa.Array, contested: pa.Array) -> pa.Table:
    """Rows of the users table whose key several accounts hold."""
    if platform.users is None or not pc.any(contested).as_py():
        return rejected_table(platform.name, [])
    row_of = pc.index_in(platform.ids, value_set=platform.users[USER].combine_chunks().cast(pa.string()))
    found = zip(row_of.filter(contested).to_pylist(), values.filter(contested).to_pylist(), strict=True)
    refused = [Refusal(row + 1, column, value, "is a key that several accounts hold") for row, value in found]
    return rejected_table(f"users of {platform.name}", sorted(refused, key=lambda one: one.row))
