"""``swayline encode``: what items look and sound like, as columns of the items table."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from swayline.cli.shared.groups import Ending, option_groups
from swayline.cli.shared.output import show, table_path, warn
from swayline.cli.shared.reading import side_table
from swayline.cli.shared.words import pairs
from swayline.core.errors import UsageError, shown

if TYPE_CHECKING:
    import pyarrow as pa

    from swayline.encoders.items import Encoded


@dataclass(frozen=True)
class What:
    """Where contents lie, and who looks at them."""

    images: Annotated[
        list[str] | None,
        typer.Option(
            "--images",
            help="A folder or zip of <item>.jpg (again for more), or the column that holds bytes or paths.",
            show_default=False,
        ),
    ] = None
    audio: Annotated[
        list[str] | None,
        typer.Option("--audio", help="The same for sounds: <item>.wav.", show_default=False),
    ] = None
    text: Annotated[bool, typer.Option("--text", help="Also titles, descriptions and categories.")] = False
    vectors: Annotated[
        list[str] | None,
        typer.Option(
            "--vectors",
            metavar="NAME=FILE.npy",
            help="Ready vectors, a row for each row of ITEMS; again for each.",
            show_default=False,
        ),
    ] = None
    root: Annotated[
        Path | None,
        typer.Option(
            "--root", help="Folder that paths in a column start from; by default ITEMS's.", show_default=False
        ),
    ] = None
    image_model: Annotated[
        Path | None,
        typer.Option(
            "--image-model",
            help="A local transformers folder (CLIP, SigLIP, DINO); by default EfficientNet-Lite0.",
            show_default=False,
        ),
    ] = None
    text_model: Annotated[
        Path | None,
        typer.Option("--text-model", help="A local text encoder; by default MiniLM.", show_default=False),
    ] = None


@option_groups
def encode(
    items: Annotated[
        str, typer.Argument(metavar="ITEMS", help="Table of items; its other columns are kept.", show_default=False)
    ],
    what: What = What(),
    out: Annotated[
        Path,
        typer.Option(
            "--out", callback=table_path, help="ITEMS with a column of vectors for each kind (.parquet, .csv, .jsonl)."
        ),
    ] = Path("vectors.parquet"),
    rejected: Annotated[
        Path | None,
        typer.Option(
            "--rejected", callback=table_path, help="Table of what was not read: item, column, reason.",
            show_default=False,
        ),
    ] = None,
    ending: Ending = Ending(),
) -> None:  # fmt: skip
    """Write what items look, sound and read like as vectors, ready as --items of fit and evaluate."""
    from swayline.core.storage.outputs import claim_file
    from swayline.core.storage.tables import write_table

    if not (what.images or what.audio or what.text or what.vectors):
        raise UsageError("nothing to encode: give --images, --audio, --text or --vectors NAME=FILE.npy")
    ready = pairs(what.vectors, "--vectors", "vggish=vggish.npy")
    inputs = (items, *(what.images or ()), *(what.audio or ()), *ready.values(), what.image_model, what.text_model)
    claim_file(out, "encode", inputs, ending.force)
    if rejected is not None:
        claim_file(rejected, "encode", inputs, ending.force, option="--rejected")
    table = side_table("items", items)
    found = _encoded(table, Path(items), what, ready)
    if not any(one.vectors.any() for one in found.values()):
        why = next(
            (reason for one in found.values() for reason in one.refused.values()), "the places hold none of them"
        )
        raise _nothing(why)
    refusals = _refusals(table, found)
    write_table(out, _with_vectors(table, found), "encode")
    if rejected is not None:
        write_table(rejected, refusals, "encode")
    _tell(table, found, refusals, out, ending.json)


def _encoded(table: "pa.Table", path: Path, what: What, ready: dict[str, str]) -> "dict[str, Encoded]":
    """Column → vectors."""
    from swayline.encoders import AudioEncoder, ImageEncoder, default_cache
    from swayline.encoders.items import contents_of, ready_vectors

    found: dict[str, Encoded] = {}
    makers: tuple[tuple[str, Sequence[str] | None, Any], ...] = (
        ("image", what.images, lambda: ImageEncoder(what.image_model, cache=default_cache())),
        ("audio", what.audio, lambda: AudioEncoder(cache=default_cache())),
    )
    for modality, places, make in makers:
        if places:
            contents = contents_of(table, modality, places, path, what.root)
            if contents.unknown:
                warn(f"note: {contents.unknown:,} {modality} files belong to no item of the table")
            found[f"{modality}_vector"] = contents.encoded(make())
    if what.text:
        found["text_vector"] = _texts(table, what.text_model)
    for name, file in ready.items():
        if name in table.column_names or name in found:
            raise UsageError(f"--vectors {shown(name)}: the items have a column of that name, call it otherwise")
        found[name] = ready_vectors(table, name, Path(file))
    return found


def _texts(table: "pa.Table", model: Path | None) -> "Encoded":
    from swayline.dataset import Catalogue
    from swayline.encoders import default_cache, encoder_for
    from swayline.encoders.items import Encoded

    texts = Catalogue(table).texts()
    if not any(texts):
        raise UsageError("--text: the items have no title, description or category (name them with a header)")
    encoder = encoder_for(texts, model=model, cache=default_cache())
    found = Encoded(encoder.encode(texts, "encode titles"))
    found.missing, found.n_encoded = sum(not text for text in texts), encoder.encoded_
    return found


def _with_vectors(table: "pa.Table", found: "dict[str, Encoded]") -> "pa.Table":
    """The items without their bytes, with vectors; earlier vectors of the same name are replaced."""
    import pyarrow as pa

    kept = [
        name for name in table.column_names
        if name not in found and table[name].type not in (pa.binary(), pa.large_binary())
    ]  # fmt: skip
    table = table.select(kept)
    for name, one in found.items():
        table = table.append_column(name, one.column())
    return table


def _refusals(table: "pa.Table", found: "dict[str, Encoded]") -> "pa.Table":
    import pyarrow as pa

    ids = table["item"].to_pylist()
    rows = [(ids[row], name, why) for name, one in found.items() for row, why in sorted(one.refused.items())]
    columns = list(zip(*rows, strict=True)) if rows else [(), (), ()]
    return pa.table({
        name: pa.array(values, pa.string()) for name, values in zip(("item", "column", "reason"), columns, strict=True)
    })  # fmt: skip


def _tell(table: "pa.Table", found: "dict[str, Encoded]", refusals: "pa.Table", out: Path, as_json: bool) -> None:
    """How many items have each, and what was refused."""
    first = refusals.slice(0, 3).to_pylist()
    for one in first:
        warn(f"note: {one['column']} of item {one['item']} {one['reason']}")
    if len(refusals) > len(first):
        warn(f"note: {len(refusals) - len(first):,} more are refused; --rejected FILE says why")
    lines, told = [], {}
    for name, one in found.items():
        n_have = int(one.vectors.any(axis=1).sum())
        told[name] = {
            "items": n_have, "missing": one.missing, "refused": len(one.refused), "encoded": one.n_encoded,
            "dimensions": one.vectors.shape[1],
        }  # fmt: skip
        lines.append(
            f"{name}: {n_have:,} of {len(table):,} items ({one.missing:,} have none, {len(one.refused):,} refused),"
            f" {one.vectors.shape[1]} numbers each, {one.n_encoded:,} computed now"
        )
    result = {"out": str(out), "items": len(table), "columns": told, "refused": refusals.slice(0, 100).to_pylist()}
    show(as_json, result, [*lines, f"written: {out}"])


def _nothing(why: str) -> Exception:
    from swayline.core.errors import EmptyLogError

    return EmptyLogError(f"no item has a content that could be read; first: {why}")
