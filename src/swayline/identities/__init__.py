"""Floor 8: who is who across platforms. Links between accounts, each with its probability, reversible."""

from swayline.identities.claims import Claims, read_claims
from swayline.identities.evidence.keys import Key
from swayline.identities.link import Linked, LinkSettings, link_accounts
from swayline.identities.platform import Platform, read_platform
from swayline.identities.walls import Walls, read_walls

__all__ = [
    "Claims", "Key", "LinkSettings", "Linked", "Platform", "Walls", "link_accounts", "read_claims", "read_platform",
    "read_walls",
]  # fmt: skip
