"""Optional libraries, imported where they are used, with an error that names the extra."""

import importlib
from types import ModuleType

from swayline.core.errors import MissingExtraError


def require(module: str, extra: str) -> ModuleType:
    """Import an optional module.

    >>> require("json", extra="none").__name__
    'json'

    Raises
    ------
    MissingExtraError
        The module is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            f"{module} is not installed ({error}): install it with  pip install 'swayline[{extra}]'"
        ) from None
