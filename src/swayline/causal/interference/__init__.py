"""Experiments on networks: what being treated does to a person, and what the treatment of others does.

The way of a table to its rows, one file a step::

    exposure.py        ties and what of others' treatment reaches a person (exposure mappings)
    assignment.py      how the treatment was drawn, and drawing it anew
    regression.py      least squares and two-stage least squares with errors by cluster
    effects.py         estimate_network_effects: direct and spillover effects, checks
    results.py         what was found and its verdict; rows.py: the ledger
"""

from swayline.causal.interference.effects import NetworkEffects, estimate_network_effects
from swayline.causal.interference.results import Design

__all__ = ["Design", "NetworkEffects", "estimate_network_effects"]
