"""What a policy would have been worth, from a log of another one that knows how likely it showed what."""

from swayline.evaluation.off_policy.estimators import ESTIMATORS, PolicyEstimate, PolicyValues, estimate_policy
from swayline.evaluation.off_policy.from_log import LoggedChoices, choices_from_log, value_of_policy
from swayline.evaluation.off_policy.influence_policy import INFLUENCE, influence_policy
from swayline.evaluation.off_policy.policies import best_policy, named_policy, policy_from_table, uniform_policy
from swayline.evaluation.off_policy.rows import policy_rows

__all__ = [
    "ESTIMATORS", "INFLUENCE", "LoggedChoices", "PolicyEstimate", "PolicyValues", "best_policy", "choices_from_log",
    "estimate_policy", "influence_policy", "named_policy", "policy_from_table", "policy_rows", "uniform_policy",
    "value_of_policy",
]  # fmt: skip
