"""Why this recommendation: what past events do to it, proven by leaving them out; in rows, in words, on a page."""

from swayline.recommend.why.attribute import attribute_events, edit_behaviors, explain_events
from swayline.recommend.why.edited_lists import EditedLists, edited_lists
from swayline.recommend.why.minimal import shown_rows
from swayline.recommend.why.sentences import Words
from swayline.recommend.why.told import why_sentences

__all__ = [
    "EditedLists", "Words", "attribute_events", "edit_behaviors", "edited_lists", "explain_events", "shown_rows",
    "why_sentences",
]  # fmt: skip
