"""Values of policies as rows of the influence table."""

from swayline.evaluation.off_policy.estimators import PolicyEstimate, PolicyValues
from swayline.ledger import EffectRow, Figure

ASSUMES = "the propensities are those by which the log chose"
LOGGED = "logged"


def policy_rows(values: PolicyValues, policy: str, outcome: str, unit: str) -> list[EffectRow]:
    """Rows ``policy_value``, one an estimator, and ``policy_gain`` over the log's own policy."""
    trouble = values.trouble
    identified = "yes" if trouble is None else "no"
    said = ASSUMES if trouble is None else f"{ASSUMES}; cannot be told from this log: {trouble}"

    def row(
        estimand: str, method: str, of: PolicyEstimate, primary: bool, known: str, reference: str | None = None
    ) -> EffectRow:
        return EffectRow(
            cause_kind="policy", cause=policy, effect=outcome, channel="all", estimand=estimand, unit=unit,
            method=method, evidence="experiment", identified=known, n=values.n, primary=primary,
            figure=Figure(of.value, of.ci_low, of.ci_high), assumptions=said, reference=reference,
        )  # fmt: skip

    rows = [
        # The direct method's interval knows the spread of its predictions and nothing of their bias.
        row("policy_value", name, one, name == values.primary, "no" if name == "dm" else identified)
        for name, one in values.estimates.items()
    ]
    return [*rows, row("policy_gain", values.primary, values.gain, True, identified, reference=LOGGED)]
