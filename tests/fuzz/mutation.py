"""Changes real messages into almost real ones: a bit, a length, a field, a line. All by a seeded `Random`."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message

Mutate = Callable[[bytes, Random], bytes]

LONGEST: Final = 1 << 20
ODD_INTS: Final = (
    0,
    1,
    -1,
    2,
    7,
    127,
    128,
    255,
    256,
    4095,
    4096,
    4097,
    65535,
    2**31 - 1,
    -(2**31),
    2**32 - 1,
    2**63 - 1,
)
ODD_FLOATS: Final = (0.0, -0.0, 1.0, -1.0, 5e-324, 1e-9, 1e19, 1e308, -1e308, float("inf"), float("-inf"), float("nan"))
DATES: Final = (
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "2026-03-01T03:00:00",
    "2026-03-01",
    "2026-W09-7T03:00+09",
    "Sun, 01 Mar 2026 03:00:00 +9999",
    "Fri, 31 Dec 9999 23:59:59 -2359",
    "1 Jan 1 1 1 1 1",
    "24:00",
)
ODD_TEXTS: Final = (
    *DATES, "", "\0", "_canary", "*", "/", "../..", "-1", "null", "NaN", "1e999", "9" * 5000, "\u202e", "a" * 70_000,
    "é\r\n",
)  # fmt: skip


def some(*ways: Mutate) -> Mutate:
    """One of several ways, each as often as the others."""
    return lambda content, random: random.choice(ways)(content, random)


def bytes_mutated(content: bytes, random: Random) -> bytes:
    """One to eight small changes that know nothing of the format."""
    changed = bytearray(content)
    for _ in range(random.randint(1, 8)):
        random.choice(BYTE_WAYS)(changed, random)
    return bytes(changed[:LONGEST])


def spliced(content: bytes, other: bytes, random: Random) -> bytes:
    """The beginning of one and the end of another."""
    return content[: random.randint(0, len(content))] + other[random.randint(0, len(other)) :]


def _flip(content: bytearray, random: Random) -> None:
    if content:
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)


def _set(content: bytearray, random: Random) -> None:
    if content:
        content[random.randrange(len(content))] = random.choice((0, 1, 0x7F, 0x80, 0xFF, random.randrange(256)))


def _truncate(content: bytearray, random: Random) -> None:
    del content[random.randint(0, len(content)) :]


def _cut_out(content: bytearray, random: Random) -> None:
    begin = random.randint(0, len(content))
    del content[begin : begin + random.choice((1, 2, 4, 16, 256))]


def _repeat(content: bytearray, random: Random) -> None:
    begin = random.randint(0, len(content))
    piece = content[begin : begin + random.choice((1, 4, 16, 256))] * random.choice((1, 2, 50))
    content[begin:begin] = piece


def _insert(content: bytearray, random: Random) -> None:
    at = random.randint(0, len(content))
    content[at:at] = random.randbytes(random.choice((1, 2, 8, 64)))


def _overwrite(content: bytearray, random: Random) -> None:
    number = random.choice(ODD_INTS) & 0xFFFFFFFF
    at = random.randint(0, len(content))
    content[at : at + 4] = struct.pack(random.choice("<>") + "I", number)


BYTE_WAYS: Final = (_flip, _flip, _set, _truncate, _cut_out, _repeat, _insert, _overwrite)


# --- protobuf -------------------------------------------------------------------------------------------------------


def fields_mutated(kind: type[Message], blob: Callable[[Random], bytes]) -> Mutate:
    """A way for protobuf `kind`: one to four fields get odd values. `blob` makes bytes for fields of bytes."""

    def mutate(content: bytes, random: Random) -> bytes:
        try:
            message = kind.FromString(content)
        except DecodeError:
            return bytes_mutated(content, random)
        for _ in range(random.randint(1, 4)):
            _change(random.choice(list(_within(message))), random, blob)
        return message.SerializeToString()[:LONGEST]

    return mutate


def _within(message: Message) -> Iterator[Message]:
    yield message
    for field, value in message.ListFields():
        if field.message_type is not None:
            for inner in value if _repeated(field) else (value,):
                yield from _within(inner)


def _change(message: Message, random: Random, blob: Callable[[Random], bytes]) -> None:
    field: Any = random.choice(list(message.DESCRIPTOR.fields))
    if random.random() < 0.2:
        message.ClearField(field.name)
    elif _repeated(field):
        _change_repeated(message, field, random, blob)
    elif field.message_type is not None:
        getattr(message, field.name).SetInParent()
    else:
        setattr(message, field.name, _odd(field, random, blob))


def _change_repeated(message: Message, field: FieldDescriptor, random: Random, blob: Callable[[Random], bytes]) -> None:
    values: Any = getattr(message, field.name)
    times = random.choice((1, 1, 2, 300))
    if field.message_type is None:
        values.extend([_odd(field, random, blob)] * times)
    elif values:
        values.extend([random.choice(list(values))] * times)
    else:
        values.add()


INT_RANGES: Final = {
    FieldDescriptor.CPPTYPE_ENUM: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}


def _odd(field: FieldDescriptor, random: Random, blob: Callable[[Random], bytes]) -> Any:  # noqa: ANN401 - as its type
    if field.cpp_type in INT_RANGES:
        return _fitting(random, *INT_RANGES[field.cpp_type])
    if field.type == FieldDescriptor.TYPE_BYTES:
        return blob(random)
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return random.choice(ODD_TEXTS)
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return random.random() < 0.5
    return random.choice((*ODD_FLOATS, random.uniform(-300, 3000)))


def _fitting(random: Random, least: int, most: int) -> int:
    odd = (*ODD_INTS, least, most, random.randint(least, most), random.randint(0, 2000))
    return random.choice([number for number in odd if least <= number <= most])


def _repeated(field: FieldDescriptor) -> bool:
    return bool(field.is_repeated)


# --- JSON and other text --------------------------------------------------------------------------------------------

DEEP: Final = "[" * 200_000
JSON_TOKENS: Final = (
    "NaN", "-Infinity", "1e999", "9" * 400, "-" + "9" * 5000, '"\\ud800"', "null", "true", "{}", "[]", '""',
    *(json.dumps(text) for text in ODD_TEXTS),
)  # fmt: skip


def json_mutated(content: bytes, random: Random) -> bytes:
    """A value somewhere in the object becomes an odd one, a key goes or comes twice, or it nests without end."""
    try:
        whole = json.loads(content)
    except (ValueError, RecursionError):
        return bytes_mutated(content, random)
    if random.random() < 0.02:
        return (content[: content.find(b":") + 1].decode("utf-8", "replace") + DEEP).encode()
    marks: list[str] = []
    _mark(whole, random, marks)
    text = json.dumps(whole, ensure_ascii=random.random() < 0.5)
    for mark in marks:
        text = text.replace(json.dumps(mark), random.choice(JSON_TOKENS))
    return text.encode("utf-8", "surrogatepass")[:LONGEST]


def _mark(value: Any, random: Random, marks: list[str]) -> None:  # noqa: ANN401 - any JSON
    """Put marks where odd values are to stand: they may be none that Python could write as JSON."""
    if not isinstance(value, dict) or not value:
        return
    key = random.choice(list(value))
    if isinstance(value[key], dict) and random.random() < 0.8:
        _mark(value[key], random, marks)
    elif random.random() < 0.15:
        del value[key]
    else:
        marks.append(f"mark-{len(marks)}-{random.random()}")
        value[key] = marks[-1]
    if random.random() < 0.3:
        _mark(value, random, marks)


def lines_mutated(tokens: Sequence[str]) -> Mutate:
    """A way for text of lines: one goes, comes twice, moves, is indented otherwise, or holds one of `tokens`."""

    def mutate(content: bytes, random: Random) -> bytes:
        lines = content.decode("utf-8", "replace").split("\n")
        for _ in range(random.randint(1, 4)):
            at = random.randrange(len(lines))
            _change_line(lines, at, random, tokens)
        return "\n".join(lines).encode("utf-8", "surrogatepass")[:LONGEST]

    return mutate


def _change_line(lines: list[str], at: int, random: Random, tokens: Sequence[str]) -> None:
    line, token = lines[at], random.choice(tokens)
    place = random.randint(0, len(line))
    match random.randrange(7):
        case 0 if len(lines) > 1:
            del lines[at]
        case 1:
            lines.insert(at, line)
        case 2:
            lines.insert(random.randint(0, len(lines)), line)
        case 3:
            lines[at] = " " * random.randint(0, 12) + line.lstrip()
        case 4:
            lines[at] = line.partition(":")[0] + ": " + token
        case 5:
            lines[at] = line[:place] + token + line[place:]
        case _:
            lines[at] = line[:place] + line[place + random.randint(1, 4) :]
