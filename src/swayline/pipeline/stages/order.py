"""The stages in order, each a function of a run folder: what it reads is on disk, what it makes goes there.

::

    read ─┬─ describe ─────────────────────────┐
          ├─ quality ── profiles ──────────────┤
          └─ train ─┬─ evaluate ───────────────┤
                    ├─ influence ──────────────┼─ report
                    └─ recommend ──────────────┘
"""

from collections.abc import Callable
from dataclasses import dataclass

from swayline.core.names import (
    DESCRIBE_FILE,
    EVENTS_FILE,
    EXAMPLES_FILE,
    FLAGS_FILE,
    INFLUENCE_FILE,
    ITEMS_FILE,
    LOG_FILE,
    METRICS_FILE,
    MODEL_FOLDER,
    NETWORK_FILE,
    OVERLAP_FILE,
    PROFILES_FOLDER,
    QUALITY_FILE,
    RECOMMENDATIONS_FILE,
    REJECTED_FILE,
    REPORT_FILE,
    TIES_FILE,
    USERS_FILE,
)  # fmt: skip
from swayline.pipeline.stages.evaluate import evaluate
from swayline.pipeline.stages.influence import measure_influence
from swayline.pipeline.stages.look import describe_log, profiles, quality
from swayline.pipeline.stages.read import read
from swayline.pipeline.stages.recommend import recommend
from swayline.pipeline.stages.report import report
from swayline.pipeline.stages.train import train
from swayline.pipeline.workspace import CANDIDATES, CHOICE_FILE, Workspace


@dataclass(frozen=True)
class Stage:
    """A step of the run.

    Parameters
    ----------
    needs : tuple of str
        Stages whose work it reads.
    settings : tuple of str
        Settings that change its result.
    makes : tuple of str
        Files and folders it writes.
    """

    name: str
    work: Callable[[Workspace], None]
    needs: tuple[str, ...]
    settings: tuple[str, ...]
    makes: tuple[str, ...]


STAGES = (
    Stage("read", read, (), ("reading",),
          (EVENTS_FILE, REJECTED_FILE, ITEMS_FILE, USERS_FILE, TIES_FILE, LOG_FILE)),
    Stage("describe", describe_log, ("read",), ("outcome", "timezone"), (DESCRIBE_FILE,)),
    Stage("quality", quality, ("read",), ("seed",), (FLAGS_FILE, QUALITY_FILE)),
    Stage("profiles", profiles, ("quality",), ("outcome", "timezone", "seed"), (PROFILES_FOLDER,)),
    Stage("train", train, ("read",),
          ("seed", "models", "model", "model_settings", "min_user_events", "min_item_events"),
          (MODEL_FOLDER, CANDIDATES, CHOICE_FILE)),
    Stage("evaluate", evaluate, ("train",), ("k",), (METRICS_FILE,)),
    Stage("influence", measure_influence, ("train",), ("outcome", "k", "explained_users"),
          (INFLUENCE_FILE, NETWORK_FILE, OVERLAP_FILE)),
    Stage("recommend", recommend, ("train",), ("k",), (RECOMMENDATIONS_FILE, EXAMPLES_FILE)),
    Stage("report", report, ("describe", "quality", "profiles", "evaluate", "influence", "recommend"), (),
          (REPORT_FILE,)),
)  # fmt: skip
