"""The files of one run folder, read when a question needs them and again when they change."""

import shlex
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from swayline.core.errors import ArtifactError, SourceError
from swayline.core.names import EXPERIMENTS_FILE, RUN_FILE
from swayline.core.run_folder import artifact
from swayline.core.storage.artifacts import Accepts, read_json, read_table
from swayline.ledger import read_ledger

Reader = Callable[[Path], Any]


class RunFiles:
    """A run folder; nothing is ever written into it.

    Parameters
    ----------
    folder : Path
        What ``swayline run --out`` made.

    Raises
    ------
    SourceError
        The folder is none, or no run wrote it.
    """

    def __init__(self, folder: Path) -> None:
        if not (folder / RUN_FILE).is_file():
            what = f"has no {RUN_FILE}" if folder.is_dir() else "does not exist"
            raise SourceError(
                f"{folder} is no run folder (it {what}): make one with  swayline run EVENTS --out {_quoted(folder)}"
            )
        self.folder = folder
        self._kept: dict[tuple[str, str], tuple[tuple[int, int], Any]] = {}
        self._lock = threading.Lock()

    def has(self, name: str) -> bool:
        """Whether the run has a file."""
        return (self.folder / name).is_file()

    def json(self, name: str) -> Any:
        """A JSON file of the registry."""
        return self.made(name, "json", lambda path: read_json(path, artifact(name).layout))

    def ledger(self, name: str) -> pa.Table:
        """An influence table."""
        table: pa.Table = self.made(name, "ledger", read_ledger)
        return table

    def table(self, name: str, needed: dict[str, Accepts]) -> pa.Table:
        """A Parquet file with all its columns.

        Parameters
        ----------
        needed : mapping
            Columns that must be there → whether a type will do.
        """

        def read(path: Path) -> pa.Table:
            read_table(path, needed)
            try:
                return pq.read_table(path)
            except (OSError, pa.ArrowException) as error:
                raise ArtifactError(f"{path} cannot be read: {str(error).splitlines()[0][:200]}") from None

        table: pa.Table = self.made(name, "table", read)
        return table

    def made(self, name: str, what: str, read: Reader) -> Any:
        """What is read of a file, kept as long as the file stays as it is.

        Raises
        ------
        ArtifactError
            The run has no such file (the command that makes it is said), or it is damaged.
        """
        path = self.folder / name
        if not path.is_file():
            raise ArtifactError(f"the run has no {name}: make it with  {self.command(name)}")
        status = path.stat()
        stamp = (status.st_mtime_ns, status.st_size)
        with self._lock:
            kept = self._kept.get((name, what))
        if kept is not None and kept[0] == stamp:
            return kept[1]
        content = read(path)
        with self._lock:
            self._kept[name, what] = (stamp, content)
        return content

    def command(self, name: str) -> str:
        """The command that makes a file of the run."""
        if name == EXPERIMENTS_FILE:
            return f"swayline experiment TABLE --arm ARM --metric METRIC --out {_quoted(self.folder / name)}"
        return f"swayline run EVENTS --out {_quoted(self.folder)}"


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
