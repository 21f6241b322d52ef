"""What a release of Triton knows of config.pbtxt, read out of its own library.

tritonclient has the newest model_config.proto; the server is older. Protobuf's C++ code keeps the description of each
of its files as a serialized FileDescriptorProto in the library's data, so the server's own can be taken from there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

# Field 1 of FileDescriptorProto (its name), as it is serialized: tag, length, text.
FILE: Final = b"model_config.proto"
START: Final = bytes([10, len(FILE)]) + FILE
# Fields of FileDescriptorProto with a length: package, messages, enums, options, syntax (descriptor.proto).
TAGS: Final = frozenset({10, 18, 26, 34, 42, 50, 58, 66, 74, 98})


def model_config_of(home: Path) -> type[Any]:
    """The class `inference.ModelConfig` as the server in `home` (`ensure_triton`) has it."""
    (library,) = (home / "nvidia_pytriton.libs").glob("libtritonserver*.so")
    data = library.read_bytes()
    begin = data.index(START)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(descriptor_pb2.FileDescriptorProto.FromString(data[begin : _end(data, begin)]))
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("inference.ModelConfig"))


def _end(data: bytes, begin: int) -> int:
    """Behind the last field: the tag that follows is none of a FileDescriptorProto."""
    position = begin
    while data[position] in TAGS:
        length, content = _varint(data, position + 1)
        position = content + length
    return position


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """Protobuf's variable-length number (base 128, least significant first), and where it ends."""
    value = shift = 0
    while True:
        byte = data[position]
        value |= (byte & 127) << shift
        position, shift = position + 1, shift + 7
        if byte < 128:
            return value, position
