"""A picture's bytes to pixels, with suspicion: sizes are read before pixels are, and only known formats are opened.

Shapes: H rows, W columns, S side of the square a network looks at.
"""

import io
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from swayline.core.errors import shown
from swayline.core.extras import require
from swayline.encoders.refusal import Refused

Pixels = npt.NDArray[np.uint8]
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
MAX_BYTES = 32 << 20
"""A file larger than this is no picture of an item."""
MAX_PIXELS = 50_000_000
"""More pixels than this are not decoded: a few kilobytes can claim gigabytes."""
_SMALLEST = 2


def decode(content: bytes) -> Any:
    """The picture as an RGB ``PIL.Image``: turned as its EXIF says, on white where it is transparent.

    Of an animation the first frame is taken.

    Raises
    ------
    Refused
        The bytes are no picture of a known format, are damaged, or are too large.
    """
    image = require("PIL.Image", extra="content")
    if not content:
        raise Refused("is empty")
    if len(content) > MAX_BYTES:
        raise Refused(f"has {len(content):,} bytes; at most {MAX_BYTES:,} are read")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = image.open(io.BytesIO(content), formats=FORMATS)
        except image.UnidentifiedImageError:
            raise Refused(f"is no picture of a known format ({', '.join(FORMATS)})") from None
        except image.DecompressionBombError:
            raise Refused(f"claims more than {MAX_PIXELS:,} pixels") from None
        except Exception as error:  # a decoder raises anything at all on hostile bytes
            raise Refused(f"is damaged ({shown(error)})") from None
        width, height = found.size
        if width * height > MAX_PIXELS:
            raise Refused(f"claims {width:,} × {height:,} pixels; at most {MAX_PIXELS:,} are decoded")
        if min(width, height) < _SMALLEST:
            raise Refused(f"is {width} × {height} pixels: nothing can be seen in it")
        try:
            return _upright(found)
        except Exception as error:  # as above
            raise Refused(f"is damaged ({shown(error)})") from None


def squared(content: bytes, side: int) -> Pixels:
    """(S, S, 3) the whole picture drawn onto a square, so that nothing of it is cut off.

    Raises
    ------
    Refused
        As :func:`decode`.
    """
    image = require("PIL.Image", extra="content")
    return np.asarray(decode(content).resize((side, side), image.Resampling.BICUBIC), np.uint8)


def _upright(found: Any) -> Any:
    """The first frame in RGB."""
    image, ops = require("PIL.Image", extra="content"), require("PIL.ImageOps", extra="content")
    found.seek(0)
    found.load()
    found = ops.exif_transpose(found)
    if found.mode.startswith("I") or found.mode == "F":  # 16 and 32 bits of grey
        grey = np.asarray(found, np.float64)
        grey = grey / 257.0 if found.mode.startswith("I") and grey.max(initial=0.0) > 255 else grey
        found = image.fromarray(np.clip(np.nan_to_num(grey), 0, 255).astype(np.uint8))
    if "A" in found.mode or "transparency" in found.info:
        found = found.convert("RGBA")
        white = image.new("RGBA", found.size, (255, 255, 255, 255))
        found = image.alpha_composite(white, found)
    return found.convert("RGB")
