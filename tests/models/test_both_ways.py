"""Likenesses from counts of both orders are those that counting each time gives."""

import numpy as np
import pytest
from scipy import sparse

from swayline.models.counts.both_ways import BothWays
from swayline.models.counts.neighbours import nearest


@pytest.mark.parametrize("backward", [0.0, 0.4, 1.0])
def test_pairs_against_the_order_count_as_much_as_is_asked(backward: float) -> None:
    rng = np.random.default_rng(1)
    forward = sparse.random_array((30, 30), density=0.2, rng=rng, dtype=np.float32).tocsr()
    forward.data -= np.float32(0.3)  # weights of values may count against
    sizes = rng.integers(1, 9, 30).astype(float)
    plain = forward.toarray() + np.float32(backward) * forward.toarray().T
    np.fill_diagonal(plain, 0.0)
    plain = (plain / (np.sqrt(np.outer(sizes, sizes)) + 5.0)).astype(np.float32)
    found = BothWays.of(forward, sizes).likeness(backward, 5.0, 4)
    np.testing.assert_allclose(found.toarray(), nearest(sparse.csr_array(plain), 4).toarray(), rtol=1e-5)
