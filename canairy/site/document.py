"""YAML text to plain data that still knows its lines. Reading one never runs code and never grows without bound.

The node tree is read instead of ready-made objects: it has a line for every value, the text as it was written
(`0201` without quotes is the number 201, and the user must be told), and every duplicate key, not only the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

MAX_DEPTH: Final = 50
# Aliases let a small file stand for a huge one; no site has this many values.
MAX_VALUES: Final = 1_000_000

TAG: Final = "tag:yaml.org,2002:"
# A time stays text: whoever expects a time reads it, and a name such as 2024-01-01 stays a name.
TEXT_TAGS: Final = {TAG + "str", TAG + "timestamp"}
PLAIN_TAGS: Final = {TAG + name for name in ("int", "float", "bool", "null")}

Location = tuple[int | str, ...]


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """What is wrong at `line` (from 1; 0: in no line) of a file, at `path` such as cameras[0].id (empty: the whole)."""

    line: int
    path: str
    message: str


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a value of a mapping or list stands, and how it was written when it is a plain value."""

    line: int
    written: str = ""


@dataclass(slots=True)
class Document:
    """Plain data (dict, list, str, int, float, bool, None) and the lines of its values."""

    data: Any = None
    mistakes: list[Mistake] = field(default_factory=list)
    entries: dict[int, dict[int | str, Entry]] = field(default_factory=dict)

    def entry(self, location: Location) -> Entry:
        """Where `location` stands: its own line, or that of the nearest thing around it."""
        found, value = Entry(1), self.data
        for part in location:
            inner = self.entries.get(id(value), {}).get(part)
            if inner is None:
                return Entry(found.line)
            found, value = inner, value[part]
        return found


def dotted(location: Iterable[int | str]) -> str:
    """('cameras', 0, 'id') as cameras[0].id."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{_printable(part)}" for part in location)
    return "".join(parts).removeprefix(".")


def _printable(key: str) -> str:
    return key if key.isprintable() else ascii(key)


def read_document(text: str) -> Document:
    """Read one YAML document; what is wrong with it as YAML is in `mistakes`, and `data` is what could be read."""
    document = Document()
    try:
        node = _compose(text)
        if node is None:
            document.mistakes.append(Mistake(1, "", "the file is empty"))
        else:
            document.data = _Plain(document).of(node, ())
    except MarkedYAMLError as error:
        document.mistakes.append(_syntax_mistake(error))
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        document.mistakes.append(
            Mistake(line, "", f"the character U+{ord(text[error.position]):04X} cannot stand in YAML")
        )
    except (RecursionError, YAMLError) as error:
        why = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        document.mistakes.append(Mistake(1, "", f"cannot be read as YAML: {why}"))
    return document


def _compose(text: str) -> Node | None:
    yaml = YAML(typ="safe", pure=True)
    yaml.composer.warn_double_anchors = False  # an anchor may be used again, says YAML
    node: Node | None = yaml.compose(text)
    return node


def _syntax_mistake(error: MarkedYAMLError) -> Mistake:
    mark = error.problem_mark or error.context_mark
    what = ", ".join(part for part in (error.problem, error.context) if part) or "something unreadable"
    if "character '\\t'" in what:
        what = "a tab: YAML is indented with spaces"
    return Mistake(mark.line + 1 if mark else 1, "", f"not YAML: {what}")


class _Plain:
    """Turns nodes into plain data; a node behind several aliases becomes one shared object."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._scalars = YAML(typ="safe", pure=True).constructor
        self._done: dict[int, tuple[Any, int]] = {}
        self._open: set[int] = set()

    def of(self, node: Node, location: Location) -> Any:  # noqa: ANN401 - any YAML value
        """The plain value of `node`; mistakes go to the document."""
        value, count = self._value(node, location)
        if count > MAX_VALUES:
            self._mistake(node, (), f"stands for {count} values once its aliases are written out: too many")
            return None
        return value

    def _value(self, node: Node, location: Location) -> tuple[Any, int]:
        if id(node) in self._done:
            return self._done[id(node)]
        if id(node) in self._open or len(location) > MAX_DEPTH:
            why = "an alias stands inside its own anchor" if id(node) in self._open else "nested too deeply"
            self._mistake(node, location, why)
            return None, 1
        self._open.add(id(node))
        self._done[id(node)] = made = self._made(node, location)
        self._open.discard(id(node))
        return made

    def _made(self, node: Node, location: Location) -> tuple[Any, int]:
        if isinstance(node, MappingNode) and node.tag == TAG + "map":
            return self._mapping(node, location)
        if isinstance(node, SequenceNode) and node.tag == TAG + "seq":
            return self._sequence(node, location)
        return self._scalar(node, location), 1

    def _sequence(self, node: SequenceNode, location: Location) -> tuple[list[Any], int]:
        made: list[Any] = []
        count = 1
        entries = self._document.entries[id(made)] = {}
        for index, item in enumerate(node.value):
            value, inside = self._value(item, (*location, index))
            entries[index] = _entry(item, item)
            made.append(value)
            count += inside
        return made, count

    def _mapping(self, node: MappingNode, location: Location) -> tuple[dict[str, Any], int]:
        made: dict[str, Any] = {}
        count = 1
        entries = self._document.entries[id(made)] = {}
        for key, name, item in self._items(node, location):
            value, inside = self._value(item, (*location, name))
            entries[name] = _entry(key, item)
            made[name] = value
            count += inside
        return made, count

    def _items(self, node: MappingNode, location: Location) -> Iterator[tuple[Node, str, Node]]:
        """(key, name, value), each name once."""
        lines: dict[str, int] = {}
        for key, item in node.value:
            if not isinstance(key, ScalarNode):
                self._mistake(key, location, "a key must be a single word, not a list or mapping")
            elif key.tag == TAG + "merge":
                self._mistake(key, location, "<< is not read here: write the keys out, or alias the whole mapping")
            elif key.value in lines:
                again = f"the key {key.value!r} is here twice, first in line {lines[key.value]}"
                self._mistake(key, (*location, key.value), again)
            else:
                lines[key.value] = key.start_mark.line + 1
                yield key, key.value, item

    def _scalar(self, node: Node, location: Location) -> Any:  # noqa: ANN401 - any YAML scalar
        if not isinstance(node, ScalarNode) or node.tag not in TEXT_TAGS | PLAIN_TAGS:
            self._mistake(node, location, f"the tag {_tag(node)!r} has no place here")
            return None
        if node.tag in PLAIN_TAGS:
            return self._plain_scalar(node, location)
        if any("\ud800" <= character <= "\udfff" for character in node.value):
            self._mistake(node, location, "half a character: a surrogate (\\uD800 to \\uDFFF) stands alone")
            return None
        return node.value

    def _plain_scalar(self, node: ScalarNode, location: Location) -> Any:  # noqa: ANN401 - number, truth, nothing
        try:
            return self._scalars.construct_object(node)
        except (ValueError, KeyError, IndexError, TypeError, YAMLError):
            self._mistake(node, location, f"{node.value[:40]!r} is not a {_tag(node)}")
            return None

    def _mistake(self, node: Node, location: Location, message: str) -> None:
        self._document.mistakes.append(Mistake(node.start_mark.line + 1, dotted(location), message))


def _tag(node: Node) -> str:
    return str(node.tag).removeprefix(TAG)


def _entry(key: Node, item: Node) -> Entry:
    """A scalar is said to stand where its key does; what it was written as helps to explain a wrong type."""
    written = item.value if isinstance(item, ScalarNode) else ""
    return Entry(key.start_mark.line + 1, written)
