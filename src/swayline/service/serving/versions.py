"""Models of a data folder: each version in a folder of its own, one of them in service.

::

    DATA/models/000001/   model/  items.parquet  users.parquet  ties.parquet  events.parquet  influence.parquet
                          profiles/users.parquet  about.json
    DATA/current.json     which version answers, and which answered before it
"""

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from swayline.core.errors import ArtifactError, UsageError, shown
from swayline.core.names import (
    EVENTS_FILE,
    INFLUENCE_FILE,
    ITEMS_FILE,
    MODEL_FILE,
    MODEL_FOLDER,
    RUN_FILE,
    TIES_FILE,
    USERS_FILE,
)  # fmt: skip
from swayline.core.run_folder.registry import PEOPLE_FILE
from swayline.core.storage.artifacts import read_json
from swayline.core.storage.files import write_json
from swayline.core.time import iso

ABOUT, CURRENT, MODELS = "about.json", "current.json", "models"
TAKEN = (ITEMS_FILE, USERS_FILE, TIES_FILE, EVENTS_FILE, INFLUENCE_FILE, PEOPLE_FILE, RUN_FILE)
"""Files of a run that the service reads; it copies them and never writes into the run."""


@dataclass(frozen=True)
class Version:
    """A model that can be served.

    Parameters
    ----------
    number : int
        From 1.
    folder : Path
    position : int
        The log's position that it has learned from.
    source : str
        The run it came from, or ``refit``.
    made : str
        UTC moment.
    shadow : mapping, optional
        How it compared with the model before it.
    """

    number: int
    folder: Path
    position: int = 0
    source: str = ""
    made: str = ""
    shadow: Mapping[str, Any] | None = None

    @property
    def name(self) -> str:
        """As answers quote it."""
        return f"v{self.number}"


class Versions:
    """The models of a data folder.

    Parameters
    ----------
    data : Path
    """

    def __init__(self, data: Path) -> None:
        self.data, self.folder = data, data / MODELS

    def all(self) -> list[Version]:
        """Every finished version, oldest first."""
        if not self.folder.is_dir():
            return []
        return [self.read(int(one.name)) for one in sorted(self.folder.iterdir())
                if one.name.isdigit() and (one / ABOUT).is_file()]  # fmt: skip

    def read(self, number: int) -> Version:
        """One version.

        Raises
        ------
        UsageError
            There is none of that number.
        """
        folder = self.folder / f"{number:06d}"
        if not (folder / ABOUT).is_file():
            raise UsageError(f"there is no model version {shown(number)} in {self.folder.name}")
        about = read_json(folder / ABOUT)
        return Version(number, folder, about["position"], about["source"], about["made"], about.get("shadow"))

    def current(self) -> Version | None:
        """The version in service."""
        if not (self.data / CURRENT).is_file():
            return None
        return self.read(int(read_json(self.data / CURRENT)["version"]))

    def activate(self, version: Version) -> None:
        """Make a version the one in service, for this and every later start; written whole or not at all."""
        before = self.current()
        write_json(self.data / CURRENT, {"version": version.number, "before": before.number if before else None})

    def before(self) -> Version | None:
        """The version that answered before the current one."""
        if not (self.data / CURRENT).is_file():
            return None
        number = read_json(self.data / CURRENT)["before"]
        return None if number is None else self.read(int(number))

    def new_folder(self) -> tuple[int, Path]:
        """A folder for the next version; it counts once :meth:`finish` has written its ``about.json``."""
        self.folder.mkdir(parents=True, exist_ok=True)
        taken = [int(one.name) for one in self.folder.iterdir() if one.name.isdigit()]
        number = max(taken, default=0) + 1
        folder = self.folder / f"{number:06d}"
        folder.mkdir()
        return number, folder

    def finish(self, number: int, position: int, source: str, shadow: Mapping[str, Any] | None = None) -> Version:
        """Write what is known of a version, last of all its files."""
        version = Version(number, self.folder / f"{number:06d}", position, source, iso(datetime.now(UTC)), shadow)
        about = {name: value for name, value in asdict(version).items() if name not in ("number", "folder")}
        write_json(version.folder / ABOUT, about)
        return version

    def take_run(self, run: Path) -> Version:
        """Copy what is served of a run folder, or of a bare model folder.

        Raises
        ------
        ArtifactError
            It is neither.
        """
        model = run / MODEL_FOLDER if (run / MODEL_FOLDER / MODEL_FILE).is_file() else run
        if not (model / MODEL_FILE).is_file():
            raise ArtifactError(
                f"{run} is no run folder: it holds no model. Make one with  swayline run EVENTS --out {run}"
            )
        number, folder = self.new_folder()
        shutil.copytree(model, folder / MODEL_FOLDER, symlinks=False)
        for name in TAKEN if model != run else ():
            if (run / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(run / name, folder / name)
        return self.finish(number, 0, str(run.resolve()))
