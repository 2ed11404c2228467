"""Any table that is no log: an experiment, an observational study, one row a unit."""

from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from swayline.core.errors import EmptyLogError, SchemaError, SourceError
from swayline.core.extras import require


def read_table(path: str | Path) -> pa.Table:
    """A table from CSV, TSV (also .gz), Parquet or Stata (.dta), with its own column names.

    Raises
    ------
    SourceError
        The file is missing, damaged or of another format.
    SchemaError
        Two columns share a name.
    EmptyLogError
        There is no row.
    """
    path = Path(path)
    try:
        table = _read(path)
    except FileNotFoundError:
        raise SourceError(f"{path} does not exist: check the path") from None
    except (OSError, ValueError, pa.ArrowException) as error:
        raise SourceError(f"{path} cannot be read as a table: {str(error).splitlines()[0]}") from None
    twice = [name for name in table.column_names if table.column_names.count(name) > 1]
    if twice:
        raise SchemaError(f"{path} has two columns named {twice[0]!r}: rename one")
    if len(table) == 0:
        raise EmptyLogError(f"{path} has no row")
    return table


def _read(path: Path) -> pa.Table:
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    suffix = suffixes[-1] if suffixes else ""
    if suffix in (".parquet", ".pq"):
        return pq.read_table(path)
    if suffix == ".dta":
        frame = require("pandas", extra="causal").read_stata(path, convert_categoricals=False)
        return pa.Table.from_pandas(frame, preserve_index=False)
    return pacsv.read_csv(path, parse_options=pacsv.ParseOptions(delimiter="\t" if suffix == ".tsv" else ","))
