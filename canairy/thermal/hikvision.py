"""What thermal cameras of Hikvision answer to a request for jpegPicWithAppendData.

    GET /ISAPI/Thermal/channels/N/thermometry/jpegPicWithAppendData?format=json

Its parts: JSON that describes the others (`JpegPictureWithAppendData`: jpegPicLen, jpegPicWidth, jpegPicHeight,
p2pDataLen, isFreezedata, temperatureDataLength, ...), the picture as JPEG, the temperatures ("p2p data": a value for
each pixel, row by row), and from cameras with two lenses the visible picture. Four bytes a value are float32 degC,
little-endian.

Sources: the maker's "Intelligent Security API (Thermal) Developer Guide" names the request and the fields; its "Device
Network SDK (Thermal) Developer Guide" has the same answer as NET_DVR_JPEGPICTURE_WITH_APPENDDATA, with 2 or 4 bytes a
value; public clients of it (hikvision-thermal-parser, neirolis/hikvision) agree on parts, order and float32. How two
bytes are to be scaled they do not tell the same way, so those are refused: the camera can be set to four
(PUT .../thermometry/pixelToPixelParam, temperatureDataLength). Nobody of this project has had such a camera.
"""

from __future__ import annotations

import json
from typing import Any, Final

import numpy as np

from canairy.errors import UnreadableFile
from canairy.messages.thermogram import MAX_SIDE
from canairy.thermal.celsius_check import check_celsius
from canairy.thermal.frame import ThermalFrame
from canairy.thermal.linear_png import IncompleteFile
from canairy.thermal.multipart import Part, read_parts, read_saved_parts
from canairy.thermal.radiometry import Celsius

KIND: Final = "hikvision"
# How one that was saved without its header begins: with the mark before its first part.
BEGINS: Final = (b"--", b"\r\n--")
NAME: Final = "JpegPictureWithAppendData"
_FLOAT_BYTES: Final = 4
_JSON: Final = "application/json"
_TEMPERATURES: Final = "application/octet-stream"


def read_hikvision(content: bytes, content_type: str) -> ThermalFrame:
    """The temperatures, float32 (height, width), of an answer whose header Content-Type is `content_type`.

    Raises:
        IncompleteFile: it ends too early.
        UnreadableFile: no such answer, one without temperatures, or with ones that cannot be or are not current.
    """
    return _frame(read_parts(content, content_type))


def read_saved_hikvision(content: bytes) -> ThermalFrame:
    """The same of an answer that was saved as a file, without its header; raises as `read_hikvision` does."""
    return _frame(read_saved_parts(content))


def _frame(parts: list[Part]) -> ThermalFrame:
    told = _told(parts)
    if told.get("isFreezedata"):
        raise UnreadableFile("the camera says that its data is frozen: these temperatures are not of now")
    size = told.get("temperatureDataLength", _FLOAT_BYTES)
    if size != _FLOAT_BYTES:
        raise UnreadableFile(
            f"temperatures of {size} bytes each: set temperatureDataLength to {_FLOAT_BYTES} in the camera's "
            "pixelToPixelParam, how others are scaled is not sure"
        )
    celsius = _celsius(parts, _side(told, "jpegPicWidth"), _side(told, "jpegPicHeight"))
    check_celsius(celsius)
    return ThermalFrame(KIND, celsius)


def _told(parts: list[Part]) -> dict[str, Any]:
    text = next((part.content for part in parts if part.kind == _JSON), None)
    if text is None:
        raise UnreadableFile(f"{len(parts)} parts, and none of them is the JSON that describes the others")
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(f"its JSON cannot be read: {error}") from error
    told = whole.get(NAME) if isinstance(whole, dict) else None
    if not isinstance(told, dict):
        raise UnreadableFile(f"its JSON has no {NAME}: it is not the answer to jpegPicWithAppendData")
    return told


def _side(told: dict[str, Any], name: str) -> int:
    side = told.get(name)
    if type(side) is not int or not 0 < side <= MAX_SIDE:
        raise UnreadableFile(f"{name} is {side!r}: sides must be 1 to {MAX_SIDE}")
    return side


def _celsius(parts: list[Part], width: int, height: int) -> Celsius:
    content = next((part.content for part in parts if part.kind == _TEMPERATURES), None)
    if content is None:
        raise UnreadableFile("it has no temperatures: switch them on in the camera (p2p data)")
    needed = width * height * _FLOAT_BYTES
    if len(content) < needed:
        raise IncompleteFile(f"truncated: {len(content)} bytes of temperatures, {width}x{height} pixels need {needed}")
    if len(content) > needed:
        raise UnreadableFile(f"{len(content)} bytes of temperatures, {width}x{height} pixels need {needed}")
    return np.frombuffer(content, "<f4").reshape(height, width).astype(np.float32)
