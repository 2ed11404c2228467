"""The run folder that is served, read by the report's own reader; people who asked to be forgotten are left out.

The service copies what it answers from; the rest of a run (metrics, evolution, experiments …) is read where the run
lies, and again when it changes.
"""

import threading
from collections.abc import Container, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import ArtifactError, SwaylineError
from swayline.core.names import EXPERIMENTS_FILE, INFLUENCE_FILE, METRICS_FILE, NETWORK_FILE, REJECTED_FILE, RUN_FILE
from swayline.report.artifacts import Artifacts, read_artifacts
from swayline.report.blocks import Section
from swayline.report.page import fragment
from swayline.report.write import build_sections
from swayline.service.serving import Service

REFIT = "refit"
_WATCHED = (RUN_FILE, METRICS_FILE, INFLUENCE_FILE, EXPERIMENTS_FILE, REJECTED_FILE)
_FORGOTTEN = "A person in it asked to be forgotten: run again to draw it without them."


class ServedRun:
    """The run behind the model in service.

    Parameters
    ----------
    service : Service
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._kept: tuple[Any, Artifacts] | None = None
        self._drawn: dict[tuple[str, ...], tuple[Any, tuple[str, list[str]]]] = {}

    @property
    def folder(self) -> Path:
        """Where the newest run that was taken in lies.

        Raises
        ------
        ArtifactError
            Every model here came from elsewhere.
        """
        runs = [one for one in self._service.versions.all() if one.source and one.source != REFIT]
        if not runs:
            raise ArtifactError("no run was taken in here: start the service with  swayline serve RUN")
        return Path(runs[-1].source)

    def artifacts(self) -> Artifacts:
        """What the run holds, read again when one of its files changed.

        Raises
        ------
        ArtifactError
            The run folder is gone, or it is a bare model.
        """
        folder = self.folder
        if not folder.is_dir():
            raise ArtifactError(
                f"the run folder {folder} is gone: lists are answered from this service's own copy, the pages about "
                f"the run are not. Put it back, or run again and serve the new one"
            )
        stamp = self._stamp(folder)
        with self._lock:
            if self._kept is None or self._kept[0] != stamp:
                self._kept = (stamp, without_people(_read(folder), self._service.erased))
            return self._kept[1]

    def drawn(self, *names: str) -> tuple[str, list[str]]:
        """Sections of the report as HTML, with their findings left out, and the ids of those that there were.

        Raises
        ------
        ArtifactError
            See :meth:`artifacts`.
        """
        run = self.artifacts()
        stamp = self._kept[0] if self._kept else None
        kept = self._drawn.get(names)
        if kept is None or kept[0] != stamp:
            sections: Sequence[Section] = build_sections(run, *names)
            kept = (stamp, (fragment(sections), [one.id for one in sections]))
            self._drawn[names] = kept
        return kept[1]

    def _stamp(self, folder: Path) -> tuple[Any, ...]:
        status = [path.stat() if (path := folder / name).is_file() else None for name in _WATCHED]
        times = tuple(None if one is None else (one.st_mtime_ns, one.st_size) for one in status)
        return (str(folder), times, len(self._service.erased))


def _read(folder: Path) -> Artifacts:
    try:
        return read_artifacts(folder)
    except SwaylineError:
        raise ArtifactError(
            f"{folder} is no run folder: it holds a model alone, so there is nothing to draw. Make one with  "
            "swayline run EVENTS --out RUN  and serve it"
        ) from None


def without_people(run: Artifacts, erased: Any) -> Artifacts:
    """A run without those who asked to be forgotten: their rows, and any drawing that may name them."""
    if not len(erased):
        return run
    missing = dict(run.missing)
    if run.network is not None:
        missing[NETWORK_FILE] = _FORGOTTEN
    return replace(
        run, network=None, missing=missing, influence=_rows(run.influence, erased), people=_rows(run.people, erased),
        flags=_rows(run.flags, erased), rejected=_rows(run.rejected, erased),
        experiments=_rows(run.experiments, erased),
        examples=None if run.examples is None else [one for one in run.examples if str(one["user"]) not in erased],
    )  # fmt: skip


def _rows(table: pa.Table | None, erased: Container[str]) -> pa.Table | None:
    """A table without rows that name one of the erased: as an id, or as the person of a recommendation."""
    if table is None or not len(table):
        return table
    kept = pa.chunked_array([pa.array([True] * len(table))])
    for column in table.columns:
        if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
            continue
        gone = [one for one in pc.unique(column).to_pylist() if one is not None and _names(one, erased)]
        if gone:
            named = pc.is_in(column, value_set=pa.array(gone, column.type))
            kept = pc.and_(kept, pc.invert(named))
    return table.filter(kept).replace_schema_metadata(table.schema.metadata)


def _names(text: str, erased: Container[str]) -> bool:
    if text in erased:
        return True
    user, bar, _ = text.partition("|")
    return bool(bar) and unquote(user) in erased
