"""Training under differential privacy of people: a public catalogue, noisy steps, and a budget that is kept."""

from swayline.training.private.accounting import Steps, epsilon_of, noise_for
from swayline.training.private.budget import PRIVACY_FILE, Account, read_account, spare_account
from swayline.training.private.card import CARD_FILE
from swayline.training.private.fit import PrivatelyTrained, fit_private, fit_private_data, nobody
from swayline.training.private.plan import PRIVATE_MODELS, PrivatePlan
from swayline.training.private.public import PublicData, public_data

__all__ = [
    "CARD_FILE", "PRIVACY_FILE", "PRIVATE_MODELS", "Account", "PrivatePlan", "PrivatelyTrained", "PublicData", "Steps",
    "epsilon_of", "fit_private", "fit_private_data", "nobody", "noise_for", "public_data", "read_account",
    "spare_account",
]  # fmt: skip
