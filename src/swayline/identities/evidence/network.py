"""The graph: two accounts are alike when the people around them are one and the same, as far as links are known.

Each known or believed link is a witness: it speaks for (a, b) where one of its accounts is tied to a and the other to
b in the same direction, less where it is tied to very many (Adamic and Adar).

References
----------
Adamic and Adar, "Friends and neighbors on the Web", Social Networks 2003.
Narayanan and Shmatikov, "De-anonymizing social networks", S&P 2009 (spreading from seeds).
Liu et al., "Aligning users across social networks using network embedding" (IONE), IJCAI 2016: the folds compared on.
"""

import numpy as np
from scipy import sparse

from swayline.core.names import SOURCE, TARGET
from swayline.core.types import Floats, Ints
from swayline.identities.evidence.signal import Signal
from swayline.identities.platform import Platform


def adjacency(platform: Platform) -> sparse.csr_array:
    """(N, N) 1 where the row's account can influence the column's."""
    assert platform.ties is not None
    ends = [platform.rows(platform.ties[name].combine_chunks()) for name in (SOURCE, TARGET)]
    found = sparse.coo_array((np.ones(len(ends[0]), np.float32), tuple(ends)), (len(platform),) * 2).tocsr()
    found.sum_duplicates()
    found.data[:] = 1
    return found


def signal_of_network(a: sparse.csr_array, b: sparse.csr_array, pairs: Ints, belief: Floats) -> Signal:
    """Common linked neighbours in both directions, over the square root of how many neighbours the two have.

    Parameters
    ----------
    a, b : (N, N) and (M, M)
        From :func:`adjacency`.
    pairs, belief : (W, 2) int64 and (W,)
        Links held for known (1) or believed with some probability.
    """
    parts = {}
    for name, one, other in (("tied from", a, b), ("tied to", a.T.tocsr(), b.T.tocsr())):
        degrees = [np.asarray(matrix.sum(axis=0)).ravel() for matrix in (one, other)]
        weight = np.sqrt(belief / np.log(2 + degrees[0][pairs[:, 0]]) / np.log(2 + degrees[1][pairs[:, 1]]))
        spread = sparse.diags_array(weight.astype(np.float32))
        parts[name] = (one[:, pairs[:, 0]] @ spread).tocsr(), (other[:, pairs[:, 1]] @ spread).tocsr()
    sides = []
    for at, matrix in enumerate((a, b)):
        size = np.asarray(matrix.sum(axis=0) + matrix.sum(axis=1)).ravel()
        both = sparse.hstack([part[at] for part in parts.values()]).tocsr()
        sides.append((sparse.diags_array((1 + size).astype(np.float32) ** -0.25) @ both).tocsr())
    return Signal("linked neighbours", sides[0], sides[1], parts)
