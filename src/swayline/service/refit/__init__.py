"""The loop closed: the log becomes what a run reads, a newer model is judged on the newest events, and swapped in."""

from swayline.service.refit.compaction import compact
from swayline.service.refit.refits import Refits

__all__ = ["Refits", "compact"]
