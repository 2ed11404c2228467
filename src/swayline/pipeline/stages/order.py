"""The stages in order, each a function of a run folder: what it reads is on disk, what it makes goes there.

::

    read ─┬─ describe ─────────────────────────┐
          ├─ quality ── profiles ──────────────┤
          ├─ evolve ───────────────────────────┤
          └─ train ─┬─ evaluate ──┬─ trust ────┤
                    ├─ influence ─┤            ├─ report
                    └─ recommend ─┴────────────┘
"""

from collections.abc import Callable
from dataclasses import dataclass

from swayline.core.run_folder import made_by
from swayline.core.showing.mermaid import flowchart
from swayline.pipeline.stages.evaluate import evaluate
from swayline.pipeline.stages.evolve import evolve
from swayline.pipeline.stages.influence import measure_influence
from swayline.pipeline.stages.look import describe_log, profiles, quality
from swayline.pipeline.stages.read import read
from swayline.pipeline.stages.recommend import recommend
from swayline.pipeline.stages.report import report
from swayline.pipeline.stages.train import train
from swayline.pipeline.stages.trust import judge
from swayline.pipeline.workspace import Workspace


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


def to_mermaid() -> str:
    """The stages as a Mermaid flowchart: what each needs.

    >>> to_mermaid().splitlines()[:2]
    ['flowchart LR', '  n0["read"] --> n1["describe"]']
    """
    return flowchart([(need, stage.name, "") for stage in STAGES for need in stage.needs])


STAGES = (
    Stage("read", read, (), ("reading",), made_by("read")),
    Stage("describe", describe_log, ("read",), ("outcome", "scenario", "timezone"), made_by("describe")),
    Stage("quality", quality, ("read",), ("seed",), made_by("quality")),
    Stage("profiles", profiles, ("quality",), ("outcome", "scenario", "timezone", "seed"), made_by("profiles")),
    Stage("evolve", evolve, ("read",), ("timezone", "seed"), made_by("evolve")),
    Stage("train", train, ("read",),
          ("seed", "models", "model", "model_settings", "min_user_events", "min_item_events"), made_by("train")),
    Stage("evaluate", evaluate, ("train",), ("k",), made_by("evaluate")),
    Stage("influence", measure_influence, ("train",),
          ("outcome", "scenario", "window", "horizon", "k", "explained_users", "audit"), made_by("influence")),
    Stage("recommend", recommend, ("train",), ("k", "chain", "scenario", "timezone"), made_by("recommend")),
    Stage("trust", judge, ("evaluate", "influence", "recommend"),
          ("outcome", "scenario", "k", "seed", "audit"), made_by("trust")),
    Stage("report", report,
          ("describe", "quality", "profiles", "evolve", "evaluate", "influence", "recommend", "trust"), ("scenario",),
          made_by("report")),
)  # fmt: skip
