"""Floor 11: may it be used? Fraud, attacks and defences, fairness."""
