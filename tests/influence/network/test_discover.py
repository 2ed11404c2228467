import numpy as np
import pytest

from swayline.core.errors import UsageError
from swayline.influence.network.acts import make_acts
from swayline.influence.network.discover import discover_ties
from swayline.influence.network.fit.kernels import exponential

START = 1_599_436_800.0
SPAN = 60 * 86400.0


def chain(sway, seed=0, people=8, acts=250):
    """0 moves 1, 1 moves 2; the others are alone."""
    rng = np.random.default_rng(seed)
    times = [rng.uniform(0, SPAN, acts) for _ in range(people)]
    for source, target in ((0, 1), (1, 2)):
        born = rng.poisson(sway, len(times[source]))
        later = np.repeat(times[source], born) + rng.exponential(3600, born.sum())
        times[target] = np.concatenate([times[target], later[later < SPAN]])
    person = np.repeat(np.arange(people), [len(t) for t in times])
    return make_acts(person, np.concatenate(times) + START, people, START, START + SPAN)


def test_finds_the_chain_and_not_its_shortcut():
    found = discover_ties(chain(0.6), kernel=exponential(3600.0), rhythm=False, own_past=False)
    ties = set(zip(found.fit.ties.source.tolist(), found.fit.ties.target.tolist(), strict=True))
    assert {(0, 1), (1, 2)} <= ties
    assert (0, 2) not in ties
    assert found.n_pairs == 56
    assert (found.q_value <= 0.05).all()
    assert found.estimates.estimate[found.fit.ties.source == 0] == pytest.approx(0.6, abs=0.25)


def test_finds_next_to_nothing_where_nobody_sways():
    kept = [
        len(discover_ties(chain(0.0, seed), kernel=exponential(3600.0), rhythm=False, own_past=False).fit.ties)
        for seed in range(10)
    ]
    assert sum(kept) <= 3


def test_refuses_misuse():
    with pytest.raises(UsageError, match="false_discovery"):
        discover_ties(chain(0.0), false_discovery=2.0)
