"""The model in service: versions, lists, reasons, what was given out, forgetting."""

from swayline.service.serving.asks import MOST_PLACES, Answer, Ask, Place
from swayline.service.serving.export import all_lists
from swayline.service.serving.loaded import Loaded, load
from swayline.service.serving.portrait import portrait
from swayline.service.serving.reasons import explanation
from swayline.service.serving.service import Service
from swayline.service.serving.similar import similar_to
from swayline.service.serving.versions import Version, Versions

__all__ = [
    "MOST_PLACES",
    "Answer",
    "Ask",
    "Loaded",
    "Place",
    "Service",
    "Version",
    "Versions",
    "all_lists",
    "explanation",
    "load",
    "portrait",
    "similar_to",
]
