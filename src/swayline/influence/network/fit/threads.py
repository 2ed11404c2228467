"""Work shared over cores: compiled passes release the interpreter's lock, so plain threads do."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from swayline.core.types import Ints


def over_people(step: Callable[..., Any], people: Ints, *arguments: Any) -> None:
    """Call ``step(part, *arguments)`` on parts of the people, a thread a core; results go into the arrays given."""
    cores = min(os.cpu_count() or 1, max(len(people), 1))
    if cores == 1:
        step(people, *arguments)
        return
    step(people[:0], *arguments)  # compiles once, before threads race for it
    # Many small interleaved parts: people differ in how much work they are.
    parts = [np.ascontiguousarray(people[k :: 4 * cores]) for k in range(4 * cores)]
    with ThreadPoolExecutor(cores) as threads:
        list(threads.map(lambda part: step(part, *arguments), parts))
