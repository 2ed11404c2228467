"""A model in eight bits as a folder of static files that scores sessions in a browser, with nothing sent anywhere.

::

    model.json           sizes, ids of items, names of behaviours, where each array lies in weights.bin
    weights.bin          int8 matrices with a float32 scale a row, float32 vectors; each from a multiple of four bytes
    swayline-scorer.js   the network in plain JavaScript
    index.html, page.js  a page to try it on

Shapes: I items, D width.
"""

import shutil
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import numpy as np

from swayline.core.errors import UsageError
from swayline.core.storage.files import whole, write_json
from swayline.models.sequence.export.portable import Portable
from swayline.models.sequence.serving.int8 import Rounded
from swayline.models.sequence.serving.scorer import Scorer

PAGE = ("index.html", "page.js", "swayline-scorer.js")
BROWSER_MODEL, BROWSER_WEIGHTS = "model.json", "weights.bin"


def write_browser(
    folder: Path, scorer: Scorer, hides_seen: bool, items: Sequence[str], behaviors: Sequence[str]
) -> None:
    """Write the folder.

    Parameters
    ----------
    items, behaviors : sequence of str
        Ids by row.

    Raises
    ------
    UsageError
        The model is not in eight bits, or reads what a session elsewhere does not say.
    """
    portable, settings = Portable(scorer, hides_seen), scorer.settings
    if not portable.rounded or settings.block == "hstu":
        raise UsageError("the browser form is written of models in eight bits with block ligr or sasrec")
    arrays = _arrays(portable, scorer)
    folder.mkdir(parents=True, exist_ok=True)
    places, at = {}, 0
    with whole(folder / BROWSER_WEIGHTS) as temporary, temporary.open("wb") as stream:
        for name, array in arrays.items():
            places[name] = {"kind": array.dtype.name, "shape": list(array.shape), "at": at}
            filled = array.tobytes() + bytes(-array.nbytes % 4)
            stream.write(filled)
            at += len(filled)
    blend = None if scorer.blend is None else scorer.blend.chosen
    write_json(folder / BROWSER_MODEL, {
        "format": 1, "n_items": scorer.sizes.n_items, "n_behaviors": scorer.sizes.n_behaviors, "width": settings.width,
        "heads": settings.heads, "blocks": settings.depth, "block": settings.block, "from_end": portable.from_end,
        "max_length": scorer.sizes.max_length, "hides_seen": hides_seen, "temperature": settings.temperature,
        "blend": None if blend is None else {
            "share": blend.share, "scale": blend.scale, "decay": blend.decay, "returning": blend.returning,
        },
        "items": list(items), "behaviors": list(behaviors), "arrays": places,
    })  # fmt: skip
    page = resources.files("swayline.models.sequence.export") / "page"
    for name in PAGE:
        with resources.as_file(page / name) as source, whole(folder / name) as temporary:
            shutil.copyfile(source, temporary)


def _arrays(portable: Portable, scorer: Scorer) -> dict[str, np.ndarray]:
    """Every array by the name that the page knows it by."""
    found = {"table": portable.table.numpy(), "table.scale": portable.table_scale.numpy().reshape(-1)}
    for name, value in scorer.network.state_dict().items():
        short = name.removeprefix("blocks.")
        if name in ("inputs.positions.weight", "inputs.behaviors.weight"):
            short = name.split(".")[1]
        elif not name.startswith(("blocks.", "norm.")):
            continue
        if value.ndim == 2:
            rounded = Rounded.of(value.float().cpu())
            found[short] = rounded.values.numpy()
            found[f"{short}.scale"] = rounded.scale.numpy().reshape(-1)
        else:
            found[short] = value.float().cpu().numpy()
    if scorer.blend is not None:
        matrix = scorer.blend.neighbours.similarity_
        found |= {
            "offsets": matrix.indptr.astype(np.int32), "columns": matrix.indices.astype(np.int32),
            "nearness": matrix.data.astype(np.float32),
        }  # fmt: skip
    return found
