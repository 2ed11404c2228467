"""What being treated does to a person, and what the treatment of ties does: the public estimate."""

from collections.abc import Mapping as Named
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from swayline.causal.inference.intervals import Estimate
from swayline.causal.inference.refutation import Refutation
from swayline.causal.interference.assignment import Assignment, read_assignment
from swayline.causal.interference.exposure import Mapping, Reach, read_mapping, read_reach
from swayline.causal.interference.regression import Floats, basis, beside, fit, t_values, varies, without
from swayline.causal.interference.results import Design, Found
from swayline.causal.interference.rows import rows_of, words_of
from swayline.causal.table.frame import as_table, column, learn_encoder, numeric
from swayline.core.errors import IdentificationError, UsageError
from swayline.core.rng import generator
from swayline.core.types import Bools, Ints
from swayline.ledger import ledger

FEWEST = 30
WEAK = 10.0
"""First-stage F below which an instrument moves the exposure too little (Staiger & Stock 1997)."""
ALARM = 0.01


@dataclass(frozen=True)
class NetworkEffects:
    """What :func:`estimate_network_effects` returns.

    Attributes
    ----------
    design : what was asked
    found : one :class:`Found` a mapping
    notes : what was left out, and why
    """

    design: Design
    found: tuple[Found, ...]
    notes: tuple[str, ...]
    binary: bool

    @cached_property
    def ledger(self) -> pa.Table:
        """Rows of the influence table."""
        return ledger(rows_of(self.design, self.found, self.binary))

    def in_words(self) -> list[str]:
        """Lines for people."""
        return [*words_of(self.design, self.found), *self.notes]

    def __repr__(self) -> str:
        return "\n".join(self.in_words())


@dataclass(frozen=True)
class _Rows:
    """The rows whose outcomes count, and what all rows bring to them."""

    design: Design
    reach: Reach
    treated: Floats
    focal: Ints
    y: Floats
    controls: Floats
    clusters: Ints | None
    assignment: Assignment
    ties: Floats
    seed: int
    draws: int

    def exposure(self, mapping: Mapping, of: Floats) -> Floats:
        """Exposures of the focal rows from values of all rows, (n,) or (n, d)."""
        number = np.asarray(self.reach.matrix @ np.nan_to_num(of))[self.focal]
        ties = self.ties[self.focal]
        return mapping(number, ties if of.ndim == 1 else ties[:, None])


def estimate_network_effects(
    frame: Any, ties: Any, design: Design, exposures: Sequence[str] = ("share",), *, outside: str = "drop",
    draws: int = 499, seed: int = 0,
) -> NetworkEffects:  # fmt: skip
    """Direct and spillover effects of a treatment among people on ties.

    Parameters
    ----------
    frame : Arrow, pandas or Polars frame, or mapping
        A row a person; rows without a treatment reach nobody.
    ties : the same
        ``source``, ``target``: the treatment of the source may reach the target.
    design : Design
    exposures : sequence of str
        ``share``, ``count``, ``any``, ``share>=0.5``, ``count>=2``; each is estimated by itself.
    outside : {"drop", "untreated"}
        Ties from people who are not in the table.
    draws : int
        Treatments drawn anew, for expected exposures and for randomisation tests.
    seed : int

    Raises
    ------
    UsageError, SchemaError
        A column is missing or holds what it may not.
    IdentificationError
        Too few rows with ties, or nobody's exposure varies.

    Notes
    -----
    Least squares of the outcome on the own treatment, the exposure, its expectation over treatments drawn anew, the
    number of ties and the controls, errors by cluster. With ``taken``, two-stage least squares: what oneself and ties
    took up, by the encouragement of oneself and of ties. People without ties are left out.
    """
    table, links, rng = as_table(frame), as_table(ties), generator(seed, "network effects")
    mappings = [read_mapping(name) for name in dict.fromkeys(exposures)]
    if not mappings:
        raise UsageError("name an exposure: share, count, any, share>=0.5 or count>=2")
    rows, notes = _read(table, links, design, outside, (draws, seed))
    taken = None if design.taken is None else numeric(table, design.taken)
    placebos = {name: numeric(table, name)[rows.focal] for name in design.negative_controls}
    found = tuple(_answer(rows, one, taken, numeric(table, design.outcome), placebos, rng) for one in mappings)
    return NetworkEffects(design, found, tuple(notes), bool(np.isin(rows.y, (0.0, 1.0)).all()))


def _read(
    table: pa.Table, ties: pa.Table, design: Design, outside: str, how: tuple[int, int]
) -> tuple[_Rows, list[str]]:
    treated = numeric(table, design.treatment)
    if not np.isin(treated[np.isfinite(treated)], (0.0, 1.0)).all():
        raise UsageError(
            f"treatment {design.treatment!r} must be 0 or 1 (or true, false) to reach others: make a column"
        )
    y, reach = numeric(table, design.outcome), read_reach(table, ties, design.id, outside)
    ties_of = reach.ties(np.isfinite(treated))
    counted = np.ones(len(y), bool) if design.among is None else numeric(table, design.among) == 1.0
    kept = counted & np.isfinite(y)
    lonely = kept & (ties_of < 1)
    notes = []
    if reach.left_out:
        notes.append(f"{reach.left_out:,} ties name people who are not in the table and are left out")
    if lonely.any():
        notes.append(f"{int(lonely.sum()):,} people without a tie to anybody of known treatment are left out")
    focal = np.flatnonzero(kept & ~lonely)
    if len(focal) < FEWEST:
        raise IdentificationError(
            f"{len(focal):,} people have an outcome and a tie to known treatments; at least {FEWEST} are needed"
        )
    unit, stratum, clusters = (_codes(table, name) for name in (design.assigned_by, design.strata, design.clusters))
    names = ("--assigned-by " + repr(design.assigned_by), "--strata " + repr(design.strata))
    assignment = read_assignment(treated, unit, stratum, names)
    _, controls = learn_encoder(table.take(pa.array(focal)), list(design.controls))
    of = None if clusters is None else np.unique(clusters[focal], return_inverse=True)[1].astype(np.int64)
    if of is not None and of.max() < 1:
        raise IdentificationError(f"all rows lie in one cluster of {design.clusters!r}: no error can be told")
    rows = _Rows(
        design,
        reach,
        treated,
        focal,
        y[focal],
        np.asarray(controls, np.float64),
        of,
        assignment,
        ties_of,
        how[1],
        how[0],
    )
    return rows, notes


def _codes(table: pa.Table, name: str | None) -> Ints | None:
    """A number a value; a missing value is one of its own."""
    if name is None:
        return None
    encoded = column(table, name).combine_chunks().dictionary_encode(null_encoding="encode")
    return np.asarray(encoded.indices.to_numpy(zero_copy_only=False), np.int64)


def _answer(
    rows: _Rows, mapping: Mapping, taken: Floats | None, outcome: Floats, placebos: Named[str, Floats],
    rng: np.random.Generator,
) -> Found:  # fmt: skip
    """One mapping: effects, the naive figure, checks."""
    own, seen = np.nan_to_num(rows.treated[rows.focal]), rows.exposure(mapping, rows.treated)
    expected, balance = _expected(rows, mapping, seen, rng)
    degree: Floats = np.log(rows.ties[rows.focal])
    plain_span = basis(beside(rows.controls, degree)) if mapping.name != "share" else basis(rows.controls)
    span = basis(beside(rows.controls, degree, expected))
    if not varies(seen, without(seen, span)):
        raise IdentificationError(
            f"nobody's exposure ({mapping.name}) varies beside the controls: there is no contrast"
        )
    acts = varies(own, without(own, span))
    columns: Floats = beside(seen, own) if acts else seen[:, None]
    asked, instruments, strength = columns, None, float("nan")
    if taken is not None:
        took = rows.exposure(replace(mapping, least=None), taken)
        asked = beside(took, np.nan_to_num(taken[rows.focal])) if acts else took[:, None]
        instruments = columns
        strength = float(_t_of(fit(took, columns, span, rows.clusters).estimates[0])) ** 2
    main = fit(rows.y, asked, span, rows.clusters, instruments).estimates
    plain = fit(rows.y, asked, plain_span, rows.clusters, instruments).estimates[0]
    checks = {"balance": balance} if balance is not None else {}
    checks |= _checks(rows, mapping, columns, span, placebos, rng)
    if taken is not None:
        words = f"first-stage F of ties' encouragement {strength:.1f}"
        checks["instrument"] = Refutation(strength >= WEAK, strength, words)
    groups = len(rows.y) if rows.clusters is None else int(rows.clusters.max()) + 1
    return Found(
        mapping, main[1] if acts else None, main[0], plain, _naive(rows, mapping, taken, outcome), checks,
        len(rows.y), groups, int(own.sum()), strength,
    )  # fmt: skip


def _t_of(one: Estimate) -> float:
    return one.value / one.se if one.se > 0 else 0.0


def _naive(rows: _Rows, mapping: Mapping, taken: Floats | None, outcome: Floats) -> Estimate | None:
    """The outcome on what ties did (their outcomes, or what they took up): what a log alone would show."""
    did = rows.exposure(replace(mapping, least=None), outcome if taken is None else taken)
    nothing = basis(np.zeros((len(did), 0)))
    if not varies(did, without(did, nothing)):
        return None
    return fit(rows.y, did[:, None], nothing, rows.clusters).estimates[0]


def _expected(
    rows: _Rows, mapping: Mapping, seen: Floats, rng: np.random.Generator
) -> tuple[Floats, Refutation | None]:
    """Expected exposures over treatments drawn anew, and whether what is left of them is unrelated to the controls."""
    total, explained = np.zeros(len(seen)), []
    span = basis(rows.controls)
    for some in rows.assignment.draws(rng, rows.draws):
        drawn = rows.exposure(mapping, some)
        total += drawn.sum(axis=1)
        explained.append(drawn)
    expected = total / rows.draws
    if not rows.controls.shape[1] or not rows.design.randomised:
        return expected, None
    scales = np.concatenate([_explained(one - expected[:, None], span) for one in explained])
    here = float(_explained((seen - expected)[:, None], span)[0])
    p = float((1 + (scales >= here - 1e-12).sum()) / (1 + len(scales)))
    words = f"exposures go with the controls no more than chance brings (p = {p:.3g} over treatments drawn anew)"
    return expected, Refutation(p > ALARM, p, words if p > ALARM else words.replace("no more", "more"))


def _explained(of: Floats, span: Floats) -> Floats:
    """(d,) share of each column that the controls explain."""
    centred = of - of.mean(axis=0)
    return np.asarray(((span.T @ centred) ** 2).sum(axis=0) / np.maximum((centred**2).sum(axis=0), 1e-300))


def _checks(
    rows: _Rows, mapping: Mapping, columns: Floats, span: Floats, placebos: Named[str, Floats], rng: np.random.Generator
) -> dict[str, Refutation]:
    """Outcomes that cannot have been caused, and treatments of others drawn anew while people's own stay."""
    found = {}
    for name, values in placebos.items():
        known = np.isfinite(values)
        clusters = None if rows.clusters is None else np.unique(rows.clusters[known], return_inverse=True)[1]
        one = fit(values[known], columns[known], basis(span[known]), clusters).estimates[0]
        words = f"spillover on {name!r}, which the treatment cannot have caused: {one.value:.3g} (p = {one.p:.2g})"
        found[f"negative control {name}"] = Refutation(not one.p < ALARM, one.value, words)
    if rows.design.randomised:
        p, among = _randomisation_p(rows, mapping, columns, span, rng)
        words = (
            f"p over {rows.draws} treatments of others drawn anew, own treatments kept, of {among:,} people: {p:.3g}"
        )
        found["randomisation"] = Refutation(True, p, words)
    return found


def _randomisation_p(
    rows: _Rows, mapping: Mapping, columns: Floats, span: Floats, rng: np.random.Generator
) -> tuple[float, int]:
    """Two-sided p of no spillover at all, exact: focal people keep their treatment, others' is drawn anew."""
    fixed: Bools = np.zeros(len(rows.treated), bool)
    some = np.arange(len(rows.focal))
    if rows.design.among is None or columns.shape[1] > 1:
        some = np.flatnonzero(rng.random(len(rows.focal)) < 0.5)
    fixed[rows.focal[some]] = True
    held = basis(beside(span[some], columns[some, 1:]))
    clusters = None if rows.clusters is None else np.unique(rows.clusters[some], return_inverse=True)[1]
    y, seen = rows.y[some], columns[some, :1]
    values = [t_values(y, seen, held, clusters)]
    for drawn in rows.assignment.draws(rng, rows.draws, fixed):
        values.append(t_values(y, rows.exposure(mapping, drawn)[some], held, clusters))
    every = np.concatenate(values)
    far = np.abs(every - every.mean())  # symmetric in the draws and what happened, hence exact
    return float((far >= far[0] - 1e-9).mean()), len(some)
