"""The Hawkes model on ties: fit, intervals, goodness of fit."""
