"""Click models: how far down a list people look, and what attracts them, told apart by what was clicked where."""

from swayline.models.clicks.attraction import Attraction
from swayline.models.clicks.browsing import DynamicBayesianClicks
from swayline.models.clicks.lists import ClickLists, lists_from_rows, lists_from_words
from swayline.models.clicks.position import PositionClicks, RankClicks
from swayline.models.clicks.quality import click_perplexity, reranked

__all__ = [
    "Attraction", "ClickLists", "DynamicBayesianClicks", "PositionClicks", "RankClicks", "click_perplexity",
    "lists_from_rows", "lists_from_words", "reranked",
]  # fmt: skip
