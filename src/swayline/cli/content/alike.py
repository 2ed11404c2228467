"""``swayline alike``: items that look, sound or read alike."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from swayline.cli.shared import options
from swayline.cli.shared.groups import Ending, option_groups
from swayline.cli.shared.output import show, table_path
from swayline.cli.shared.reading import side_table
from swayline.core.errors import EmptyLogError, SchemaError, SourceError, UsageError, nearest, shown

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from swayline.dataset import Catalogue
    from swayline.encoders.alike import Space, Vectors


@dataclass(frozen=True)
class Query:
    """What is asked: like an item, like a picture or a sound, duplicates, or every item's neighbours."""

    item: Annotated[
        list[str] | None, typer.Option("--item", help="Like this item; again for more.", show_default=False)
    ] = None
    picture: Annotated[
        Path | None, typer.Option("--picture", help="Like this picture, a file.", show_default=False)
    ] = None
    sound: Annotated[Path | None, typer.Option("--sound", help="Like this wave file.", show_default=False)] = None
    duplicates: Annotated[bool, typer.Option("--duplicates", help="Pairs of items that are nearly the same.")] = False
    least: Annotated[
        float, typer.Option("--least", min=0.0, max=1.0, help="How alike duplicates are, as a cosine.")
    ] = 0.95
    column: Annotated[
        str | None,
        typer.Option(
            "--column", help="Which vectors; by default the picture's, else the only ones.", show_default=False
        ),
    ] = None
    image_model: Annotated[
        Path | None,
        typer.Option("--image-model", help="The folder that encode was given, for --picture.", show_default=False),
    ] = None


@option_groups
def alike(
    vectors: Annotated[
        Path, typer.Argument(metavar="VECTORS", help="Table that swayline encode wrote.", show_default=False)
    ],
    query: Query = Query(),
    k: options.K = 10,
    out: Annotated[
        Path,
        typer.Option(
            "--out", callback=table_path, help="query, item, rank, score; or item, other, score of duplicates."
        ),
    ] = Path("alike.parquet"),
    ending: Ending = Ending(),
) -> None:
    """Find items that look, sound or read alike, near-duplicates, or what is like a picture."""
    from swayline.core.storage.outputs import claim_file
    from swayline.core.storage.tables import write_table
    from swayline.dataset import Catalogue
    from swayline.encoders.alike import Space

    asked = (bool(query.item), query.picture is not None, query.sound is not None, query.duplicates)
    if sum(asked) > 1:
        raise UsageError("--item, --picture, --sound and --duplicates are questions of their own: ask one")
    claim_file(out, "alike", (vectors, query.picture, query.sound), ending.force)
    table = side_table("items", vectors)
    known = Catalogue(table)
    column = _column(known, query)
    space = Space.of(known.vectors(column))
    names = table["item"].to_pylist()
    found = _duplicates(space, names, query.least) if query.duplicates else _like(space, known, query, column, k)
    write_table(out, found, "alike")
    lines = ["  ".join(_shown(value) for value in row.values()) for row in found.slice(0, 20).to_pylist()]
    what = "pairs of near-duplicates" if query.duplicates else f"neighbours by {column}"
    result = {"out": str(out), "column": column, "rows": len(found), "first": found.slice(0, 100).to_pylist()}
    show(ending.json, result, [*lines, f"{len(found):,} {what}", f"written: {out}"])


def _column(known: "Catalogue", query: Query) -> str:
    """The vectors that were asked about, or that can be meant."""
    names = known.vector_columns
    if query.column is not None:
        if query.column not in names:
            raise UsageError(f"--column {shown(query.column)} holds no vectors: {nearest(query.column, names)}")
        return query.column
    usual = "audio_vector" if query.sound is not None else "image_vector"
    if usual in names or len(names) == 1:
        return usual if usual in names else names[0]
    if not names:
        raise SchemaError("the table holds no vectors: make them with swayline encode")
    raise UsageError(f"the table holds vectors {', '.join(names)}: say which with --column")


def _duplicates(space: "Space", names: list[str], least: float) -> "pa.Table":
    import pyarrow as pa

    pairs, cosines = space.duplicates(least)
    columns = [pa.array([names[row] for row in pairs[:, side]], pa.string()) for side in (0, 1)]
    return pa.table({"item": columns[0], "other": columns[1], "score": pa.array(cosines)})


def _like(space: "Space", known: "Catalogue", query: Query, column: str, k: int) -> "pa.Table":
    """``query, item, rank, score``; an item is no neighbour of itself."""
    import numpy as np
    import pyarrow as pa

    names = known.table["item"].to_pylist()
    own: np.ndarray | None = None
    if query.picture is not None or query.sound is not None:
        file = query.picture or query.sound
        asked, queries = [str(file)], space.placed(_vector(query))
    else:
        own = _rows(space, names, query.item, column)
        asked, queries = [names[row] for row in own], space.rows[own]
    rows, cosines = space.nearest(queries, k + (own is not None))
    found: list[tuple[str, str, int, float]] = []
    for at, name in enumerate(asked):
        places = [(row, score) for row, score in zip(rows[at], cosines[at], strict=True) if row >= 0]
        others = [(row, score) for row, score in places if own is None or row != own[at]][:k]
        found += [(name, names[row], rank + 1, float(score)) for rank, (row, score) in enumerate(others)]
    columns = list(zip(*found, strict=True)) if found else [(), (), (), ()]
    kinds = (pa.string(), pa.string(), pa.int64(), pa.float64())
    return pa.table({
        name: pa.array(values, kind)
        for name, values, kind in zip(("query", "item", "rank", "score"), columns, kinds, strict=True)
    })  # fmt: skip


def _rows(space: "Space", names: list[str], asked: list[str] | None, column: str) -> "np.ndarray":
    import numpy as np

    told = np.any(space.rows != 0, axis=1)
    if not asked:
        return np.flatnonzero(told)
    place = {name: row for row, name in enumerate(names)}
    for name in asked:
        if name not in place:
            raise UsageError(f"item {shown(name)} is not in the table: {nearest(name, names[:2000])}")
        if not told[place[name]]:
            raise EmptyLogError(f"item {shown(name)} has no {column}: nothing can be like it")
    return np.array([place[name] for name in asked])


def _vector(query: Query) -> "Vectors":
    """(1, D) of the file that was asked with."""
    from swayline.encoders import AudioEncoder, ImageEncoder

    file = query.picture or query.sound
    assert file is not None
    try:
        content = file.read_bytes()
    except OSError as error:
        raise SourceError(f"{file} cannot be read ({error.strerror})") from None
    encoder = ImageEncoder(query.image_model) if query.picture is not None else AudioEncoder()
    found = encoder.encode([content])
    if encoder.refused_:
        raise SourceError(f"{file} {encoder.refused_[0]}")
    return found


def _shown(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
