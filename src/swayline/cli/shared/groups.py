"""Options that travel together: a frozen dataclass is one parameter of a verb, each of its fields an option.

::

    @dataclass(frozen=True)                     @option_groups
    class Study:                                def tune(study: Study, seed: Seed = 0) -> None: ...
        model: Annotated[str, Option("--model")] = "transformer"
        trials: Annotated[int, Option("--trials")] = 20

    swayline tune --model ease --trials 5 --seed 1   →   tune(study=Study("ease", 5), seed=1)
"""

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from typing import Any

from swayline.cli.shared.options import Force, Json, Quiet, Verbose

Verb = Callable[..., None]


@dataclass(frozen=True)
class Ending:
    """How a verb ends: what it may write over, in which form it answers, and how much it tells on the way."""

    force: Force = False
    json: Json = False
    verbose: Verbose = False
    quiet: Quiet = False


def option_groups(verb: Verb) -> Verb:
    """Give a verb an option for every field of its groups, in place of the group.

    Raises
    ------
    TypeError
        Two options of the verb have one name.
    """
    return with_parameters(verb, expanded(verb))


def expanded(verb: Verb) -> list[inspect.Parameter]:
    """The verb's parameters, keyword-only, each group replaced by its fields."""
    found: list[inspect.Parameter] = []
    for one in inspect.signature(verb).parameters.values():
        if _is_group(one.annotation):
            found += [_parameter(field.name, field.type, field.default) for field in fields(one.annotation)]
        else:
            found.append(one.replace(kind=inspect.Parameter.KEYWORD_ONLY))
    return found


def with_parameters(
    verb: Verb, parameters: Sequence[inspect.Parameter], prepare: Callable[[dict[str, Any]], None] | None = None
) -> Verb:
    """A verb that takes these parameters and hands them on, gathered into its groups.

    Parameters
    ----------
    prepare : callable, optional
        Changes what was given before it is gathered.
    """
    groups = {
        name: one.annotation for name, one in inspect.signature(verb).parameters.items() if _is_group(one.annotation)
    }

    @functools.wraps(verb)
    def run(**given: Any) -> None:
        if prepare is not None:
            prepare(given)
        gathered = {
            name: group(**{field.name: given.pop(field.name) for field in fields(group)})
            for name, group in groups.items()
        }
        verb(**given, **gathered)

    names = [one.name for one in parameters]
    if len(set(names)) < len(names):
        raise TypeError(f"{verb.__name__} names an option twice: {', '.join(names)}")
    # Typer learns a verb's options from these two.
    run.__signature__ = inspect.Signature(list(parameters))  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run


def _is_group(annotation: object) -> bool:
    return isinstance(annotation, type) and is_dataclass(annotation)


def _parameter(name: str, annotation: object, default: object) -> inspect.Parameter:
    usual = inspect.Parameter.empty if default is MISSING else default
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=usual)
