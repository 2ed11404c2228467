"""What a tool may be asked: typed, within ranges, and nothing that the tool does not know."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from swayline.core.errors import UsageError, nearest, one_line, shown
from swayline.service.mcp.plain import MOST_ROWS

Limit = Annotated[int, Field(ge=1, le=MOST_ROWS, description="Most rows of the answer.")]
Offset = Annotated[int, Field(ge=0, le=10_000_000, description="Rows to skip: to read on.")]
User = Annotated[str, Field(min_length=1, max_length=512, description="The id of one person, exactly as in the log.")]


class Arguments(BaseModel):
    """Arguments of a tool; an unknown name is refused, a number is no text and a text is no number."""

    model_config = ConfigDict(extra="forbid", strict=True)


def checked(form: type[Arguments], tool: str, said: dict[str, Any] | None) -> Arguments:
    """Arguments as the tool takes them.

    Raises
    ------
    UsageError
        One is unknown (the nearest is said), of another type, or out of range.
    """
    try:
        return form.model_validate(said or {})
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        name = str(first["loc"][0]) if first["loc"] else "its arguments"
        if first["type"] == "extra_forbidden":
            raise UsageError(f"{tool} takes no {shown(name)}; {nearest(name, form.model_fields)}") from None
        if first["type"] == "missing":
            raise UsageError(f"{tool} needs {name}: {form.model_fields[name].description}") from None
        raise UsageError(one_line(f"{name} of {tool} is {shown(first['input'])}: {first['msg'].lower()}")) from None
