"""The serving form of a fitted model elsewhere: as ONNX, and as a folder for a browser."""

from swayline.models.sequence.export.browser import write_browser
from swayline.models.sequence.export.onnx_file import OnnxLists, write_onnx
from swayline.models.sequence.export.portable import Portable, check_portable

__all__ = ["OnnxLists", "Portable", "check_portable", "write_browser", "write_onnx"]
