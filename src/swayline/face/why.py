"""A page about one person's list, from Python."""

from dataclasses import asdict, dataclass
from pathlib import Path

from swayline.core.storage.files import write_text
from swayline.recommend.why import EditedLists, edited_lists
from swayline.recommend.why.attribute import HasBundle
from swayline.report.person import person_page as page_of
from swayline.training.bundle import ModelBundle


@dataclass(frozen=True)
class PersonPage:
    """A page about one person's list, and what it shows.

    Parameters
    ----------
    html : str
        The page; it loads nothing and sends nothing.
    about : EditedLists
        The history, the list with its reasons, and every list that the page can show.
    """

    html: str
    about: EditedLists

    def save(self, path: str | Path) -> None:
        """Write the page, whole or not at all; a file that stands there is replaced."""
        write_text(Path(path), self.html)

    def __repr__(self) -> str:
        return f"PersonPage({self.about.user!r}, {len(self.about.shown)} items, {len(self.about.lists)} lists without)"


def person_page(
    model: HasBundle | ModelBundle, user: str | int, *, k: int = 10, language: str = "en"
) -> PersonPage:  # fmt: skip
    """Why one person is shown their list: a page on which events are taken out and the list follows.

    The lists without any one or two of the newest 40 events, and without all of a behaviour or a category, are asked
    of the model now; the page needs no model.

    Parameters
    ----------
    model : Recommender or ModelBundle
        A fitted one.
    user : str or int
        Outside id; a whole number stands for the same id as text.
    k : int
        Length of the list, at most 1,000.
    language : ``en`` or ``zh``

    Returns
    -------
    PersonPage
        ``save("why.html")`` writes it.

    Raises
    ------
    UsageError
        The user or the language is unknown, or ``k`` is no length of a list.
    DataError
        The person has no list or no history to explain.
    """
    about = edited_lists(model, user, k=k, language=language)
    return PersonPage(page_of(asdict(about), language), about)
