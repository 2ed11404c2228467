"""HTTP: routes, keys, bounds, errors."""

from swayline.service.api.app import Application, AppSettings, create_app
from swayline.service.api.edge import LOOPBACK, EdgeSettings
from swayline.service.api.server import Server, serve

__all__ = ["LOOPBACK", "AppSettings", "Application", "EdgeSettings", "Server", "create_app", "serve"]
