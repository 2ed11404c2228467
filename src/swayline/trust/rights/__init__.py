"""A person's rights over what a run or a fit has kept: seen and exported, erased with a receipt."""

from swayline.trust.rights.erase import Erasure, erase_person
from swayline.trust.rights.find import check_folder, exported, hits
from swayline.trust.rights.models import EXACT, model_without

__all__ = ["EXACT", "Erasure", "check_folder", "erase_person", "exported", "hits", "model_without"]
