"""A table as arrays: arms, outcome, controls, clusters, folds."""
