"""The service from Python: one face that waits, one for ``asyncio``."""

from swayline.service.client.answers import ListedItem, Recommendations, RowVerdict, ServiceError, Verdicts
from swayline.service.client.asynchronous import AsyncClient
from swayline.service.client.synchronous import Client

__all__ = ["AsyncClient", "Client", "ListedItem", "Recommendations", "RowVerdict", "ServiceError", "Verdicts"]
