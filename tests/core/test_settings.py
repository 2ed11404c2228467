"""Settings take what their annotations allow, however they are made, and say in one line what they do not."""

from dataclasses import dataclass, replace
from typing import Annotated, Literal

import numpy as np
import pytest
from pydantic import Field

from swayline.core.errors import ConfigError
from swayline.core.settings import Count, NotNegative, Share, build, checked


@checked
@dataclass(frozen=True)
class Settings:
    neighbours: Count | None = None
    decay: Share = 0.5
    rate: Annotated[float, Field(ge=1e-3, le=10)] = 1.0
    copy: bool = True
    kind: Literal["first", "second"] = "first"
    weights: tuple[NotNegative, ...] | None = None

    def __post_init__(self) -> None:
        if self.kind == "second" and self.copy:
            raise ConfigError("kind second makes no copy: set copy = false")


WRONG = [
    ({"neighbours": 0}, "setting neighbours must be at least 1, not 0"),
    ({"neighbours": 2.5}, "setting neighbours must be int or nothing, not '2.5'"),
    ({"neighbours": True}, "setting neighbours must be int or nothing, not 'True'"),
    ({"neighbours": "3"}, "setting neighbours must be int or nothing, not '3'"),
    ({"decay": 2}, "setting decay must be from 0 to 1, not 2"),
    ({"decay": float("nan")}, "setting decay must be float, not 'nan'"),
    ({"rate": 0}, "setting rate must be from 0.001 to 10, not 0"),
    ({"copy": 1}, "setting copy must be bool, not '1'"),
    ({"kind": "frist"}, "setting kind is unknown as 'frist': did you mean 'first'? Choices: first, second"),
    ({"weights": [1, -2.0]}, "setting weights must be at least 0, not -2.0"),
    ({"weights": 3}, "setting weights must be a list of float or nothing, not '3'"),
    ({"neighbors": 3}, "unknown setting 'neighbors': did you mean 'neighbours'? Choices: copy, decay"),
    ({"kind": "second"}, "kind second makes no copy: set copy = false"),
]


@pytest.mark.parametrize(
    ("values", "message"), WRONG, ids=[f"{next(iter(one))} {number}" for number, (one, _) in enumerate(WRONG)]
)
def test_a_mistake_is_one_line_with_the_name_the_value_and_what_is_allowed(values, message):
    for make in (lambda: Settings(**values), lambda: build(Settings, values)):
        with pytest.raises(ConfigError) as refused:
            make()
        assert str(refused.value).startswith(message)


def test_a_whole_number_serves_as_a_real_one_a_list_as_a_tuple_and_numpys_as_pythons():
    made = Settings(np.int64(3), 1, weights=[1, np.float32(0.5)])
    assert (made.neighbours, made.decay, made.weights) == (3, 1.0, (1.0, 0.5))
    assert [type(value) for value in (made.neighbours, made.decay)] == [int, float]
    assert replace(made, copy=False).neighbours == 3


def test_a_changed_copy_is_checked_as_well():
    with pytest.raises(ConfigError, match="decay must be from 0 to 1"):
        replace(Settings(), decay=1.5)
    with pytest.raises(TypeError, match="at most 6"):
        Settings(1, 0.5, 1.0, True, "first", None, 7)


def test_a_plain_dataclass_is_built_by_the_same_rules():
    @dataclass(frozen=True)
    class Plain:
        share: Share = 0.5

    assert build(Plain, {"share": 1}) == Plain(1.0)
    with pytest.raises(ConfigError, match="share must be from 0 to 1, not 3"):
        build(Plain, {"share": 3})
