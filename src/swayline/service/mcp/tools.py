"""The tools by name: what each may be asked, and what answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from swayline.core.errors import UsageError, nearest, shown
from swayline.service.mcp.arguments import Arguments, checked
from swayline.service.mcp.changes import ChangesAsked, changes
from swayline.service.mcp.effects import EffectsAsked, effects
from swayline.service.mcp.experiments import ExperimentsAsked, experiments
from swayline.service.mcp.files import RunFiles
from swayline.service.mcp.overview import LogAsked, MetricsAsked, describe_log, metrics
from swayline.service.mcp.people import (
    InfluencersAsked,
    ListAsked,
    ProfileAsked,
    profile,
    recommendations,
    top_influencers,
)


@dataclass(frozen=True)
class RunTool:
    """One question that a run can be asked.

    Parameters
    ----------
    form : type
        Its arguments.
    function : callable
        Files of the run and arguments → the answer as JSON holds it; its docstring is what a client reads.
    """

    form: type[Arguments]
    function: Callable[[RunFiles, Any], dict[str, Any]]

    @property
    def name(self) -> str:
        """What it is called by."""
        return self.function.__name__

    @property
    def description(self) -> str:
        """What a client reads about it."""
        return " ".join((self.function.__doc__ or "").replace("``", "").split())

    def schema(self) -> dict[str, Any]:
        """Its arguments as a JSON schema."""
        return self.form.model_json_schema()


TOOLS: Mapping[str, RunTool] = {
    one.name: one
    for one in (
        RunTool(LogAsked, describe_log),
        RunTool(EffectsAsked, effects),
        RunTool(InfluencersAsked, top_influencers),
        RunTool(ListAsked, recommendations),
        RunTool(ProfileAsked, profile),
        RunTool(MetricsAsked, metrics),
        RunTool(ExperimentsAsked, experiments),
        RunTool(ChangesAsked, changes),
    )
}
"""Name → tool."""


def ask(files: RunFiles, name: str, arguments: dict[str, Any] | None) -> dict[str, Any]:
    """The answer of a tool.

    Raises
    ------
    UsageError
        There is no such tool, or it takes no such argument.
    SwaylineError
        The run cannot answer; the message says what to do.
    """
    if name not in TOOLS:
        raise UsageError(f"there is no tool {shown(name)}; {nearest(name, TOOLS)}")
    tool = TOOLS[name]
    return tool.function(files, checked(tool.form, name, arguments))
