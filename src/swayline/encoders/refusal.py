"""Why one picture or sound is not read: a reason of one line, never a traceback."""

from swayline.core.errors import one_line


class Refused(Exception):
    """One content is refused; the others are read on.

    >>> str(Refused("is empty"))
    'is empty'
    """

    def __init__(self, reason: str) -> None:
        super().__init__(one_line(reason))
