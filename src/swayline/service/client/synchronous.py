"""The client that waits."""

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from swayline.core.extras import require
from swayline.service.client import calls
from swayline.service.client.answers import Recommendations, Verdicts
from swayline.service.client.calls import Call, Row


class Client:
    """A service at an address.

    Parameters
    ----------
    address : str
        As ``http://localhost:8080``.
    key : str, optional
        Of the API.
    timeout_s : float
    tries : int
        How often a request is sent that the service says to send again (429, 503) or that the network lost. Events
        with an ``event_id`` are counted once however often they are sent.

    Examples
    --------
    >>> client = Client("http://localhost:8080")
    >>> client.close()
    """

    def __init__(self, address: str, key: str | None = None, *, timeout_s: float = 10.0, tries: int = 3) -> None:
        self._httpx: Any = require("httpx", "serve")
        headers = {"authorization": f"Bearer {key}"} if key else {}
        self._http: Any = self._httpx.Client(base_url=address, headers=headers, timeout=timeout_s)
        self._tries = tries

    def send_events(self, rows: Row | Sequence[Row]) -> Verdicts:
        """Write one event or many; what became of each.

        Raises
        ------
        ServiceError
            None could be taken for a reason of the service's own (no key, no room).
        """
        told = [self._do(call, takes=(422,)) for call in calls.events(rows)]
        return joined([Verdicts.of(one) for one in told])

    def recommend(self, user: str, **options: Any) -> Recommendations:
        """A person's list; options are those of the route (``k``, ``filter``, ``boost``, ``reasons``, …)."""
        return Recommendations.of(self._do(calls.recommend(user, options)))

    def ask(self, **options: Any) -> Recommendations:
        """A list for a ``session``, a ``query`` in words, or ``candidates``."""
        return Recommendations.of(self._do(calls.ask(options)))

    def feedback(self, recommendation_id: str, item: str, action: str, **more: Any) -> Verdicts:
        """Say what became of an item: shown, clicked, converted, dismissed, rated, survey."""
        body = {"recommendation_id": recommendation_id, "item": item, "action": action, **more}
        return Verdicts.of(self._do(Call("POST", "/v1/feedback", body=body)))

    def similar(self, item: str, k: int = 10, by: str = "together") -> list[dict[str, Any]]:
        """Items like an item."""
        return list(self._do(calls.of_item(item, "/similar", k=k, by=by))["items"])

    def explain(self, user: str, item: str) -> dict[str, Any]:
        """What each past event of a person does to an item's score."""
        return dict(self._do(calls.explain(user, item)))

    def profile(self, user: str) -> dict[str, Any]:
        """A person's portrait."""
        return dict(self._do(calls.of_user(user, "/profile")))

    def influence(self, **filters: Any) -> dict[str, Any]:
        """Rows of the influence table."""
        return dict(self._do(Call("GET", "/v1/influence", filters)))

    def put_item(self, item: str, **columns: Any) -> None:
        """Say what an item is."""
        self._do(calls.of_item(item, method="PUT", body=columns))

    def hide_item(self, item: str) -> None:
        """Take an item out of every list."""
        self._do(calls.of_item(item, method="DELETE"))

    def put_user(self, user: str, **columns: Any) -> None:
        """Say who a person is."""
        self._do(calls.of_user(user, method="PUT", body=columns))

    def export(self, user: str) -> dict[str, Any]:
        """Everything that is kept of a person."""
        return dict(self._do(calls.of_user(user, "/export")))

    def erase(self, user: str) -> dict[str, Any]:
        """Forget a person."""
        return dict(self._do(calls.of_user(user, method="DELETE")))

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _do(self, call: Call, takes: tuple[int, ...] = ()) -> Any:
        for left in range(self._tries - 1, -1, -1):
            try:
                answer = self._http.request(call.method, call.path, params=call.params or None, json=call.body)
            except self._httpx.TransportError as error:
                if left and (call.method != "POST" or call.path == "/v1/events"):
                    time.sleep(0.2)
                    continue
                raise calls.failed(0, {"detail": f"the service cannot be reached: {error}"}, {}) from error
            if answer.is_success or answer.status_code in takes:
                return answer.json()
            refusal = calls.failed(answer.status_code, json_of(answer), answer.headers)
            if refusal.retry_after_s is None or not left:
                raise refusal
            time.sleep(min(refusal.retry_after_s, 5.0))
        raise AssertionError("unreachable")


def json_of(answer: Any) -> Any:
    """The JSON of an answer, None where it is none."""
    try:
        return answer.json()
    except ValueError:
        return None


def joined(parts: list[Verdicts]) -> Verdicts:
    """Verdicts of several requests as of one."""
    rows, first = [], 0
    for part in parts:
        rows += [type(one)(**(vars(one) | {"row": one.row + first})) for one in part.rows]
        first += len(part.rows)
    return Verdicts(
        sum(one.accepted for one in parts),
        sum(one.duplicate for one in parts),
        sum(one.rejected for one in parts),
        tuple(rows),
    )
