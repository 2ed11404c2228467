"""What is known now: histories, counts, catalogue, cached lists; events change them and requests read them."""

from swayline.service.state.acts import DISMISS, Act, act_of, known_word, more_of
from swayline.service.state.catalogue import Catalogue, Tie
from swayline.service.state.lists import ListCache
from swayline.service.state.live import LiveState
from swayline.service.state.people import History, People
from swayline.service.state.things import Things
from swayline.service.state.words import WordSpace

__all__ = [
    "DISMISS", "Act", "Catalogue", "History", "ListCache", "LiveState", "People", "Things", "Tie", "WordSpace",
    "act_of", "known_word", "more_of",
]  # fmt: skip
