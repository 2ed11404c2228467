"""Learning from people whose data stay with them: federated averaging, and sums that nobody can take apart."""

from swayline.trust.federated.averaging import FederatedPlan, FederatedRounds, fit_federated
from swayline.trust.federated.secure_sum import Client, secure_sum

__all__ = ["Client", "FederatedPlan", "FederatedRounds", "fit_federated", "secure_sum"]
