"""What the pages of one application share."""

from typing import Any

from starlette.requests import Request

from swayline.service.api.parts import Parts
from swayline.service.dashboard.explorer import Explorers
from swayline.service.dashboard.pulse import Pulse
from swayline.service.dashboard.run import ServedRun


class Room:
    """The parts of the application, and what the pages keep of them."""

    def __init__(self, parts: Parts) -> None:
        self.parts, self.service = parts, parts.service
        self.pulse, self.run, self.explorers = Pulse(parts.service), ServedRun(parts.service), Explorers()
        self.news: dict[str, tuple[object, dict[str, Any]]] = {}
        """Language → what the pulse told, and what a page is told of it: made once for everybody who watches."""


def room(request: Request) -> Room:
    """The room of the application that a request came to."""
    found: Room = request.app.state.room
    return found
