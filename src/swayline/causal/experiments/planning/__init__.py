"""Before and during an experiment: how many units, who gets which arm, whether to go on, and what to try next."""
