"""Cross-fitted predictions of treatment and outcome."""
