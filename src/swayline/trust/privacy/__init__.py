"""What may be shared of a log: keyed ids, coarse times and places, profiles in groups of k, and a linkage attack.

::

    keys       the secret file, and ids under it
    columns    which columns stay, which are dropped
    coarse     moments and places, rounded
    groups     profiles in groups of at least k
    linkage    whoever knows a few events of a person tries to find the rest
    anonymize  all of these, in order, and what is said of the result
    write      the folder
"""

from swayline.trust.privacy.anonymize import Anonymized, AnonymizePlan, anonymize_log
from swayline.trust.privacy.keys import check_key_file
from swayline.trust.privacy.linkage import attempt_linkage
from swayline.trust.privacy.write import claim_out, write_anonymized

__all__ = [
    "AnonymizePlan", "Anonymized", "anonymize_log", "attempt_linkage", "check_key_file", "claim_out",
    "write_anonymized",
]  # fmt: skip
