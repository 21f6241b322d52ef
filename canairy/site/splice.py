"""Changes in the text of a YAML file that leave every other byte as it is: comments, spaces and quotes of its writer.

The nodes that ruamel.yaml composes know where they stand. So a value is replaced where it stands, a key is put behind
the last one of its mapping, and an item behind the last one of its list.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ruamel.yaml.nodes import CollectionNode, MappingNode, Node, SequenceNode

from canairy.errors import ConfigurationError

# What means the same without quotes.
PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")
RESERVED: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_ALIAS: Final = re.compile(r"[^\S\n]*:\s*\*[^\s,\]}]+")


@dataclass(frozen=True, slots=True)
class Change:
    """`text` in place of what stands from `start` to `end`."""

    start: int
    end: int
    text: str


def changed(text: str, changes: Sequence[Change]) -> str:
    """The text after all changes, none of which touches another; those at one place come in their order."""
    # From the end, so that no change moves the place of another.
    for change in sorted(changes, key=lambda it: it.start)[::-1]:
        text = text[: change.start] + change.text + text[change.end :]
    return text


def value_of(node: Node, key: str) -> Node | None:
    """What stands at a key of a mapping; None without it."""
    return next((value for name, value in _pairs(node) if name.value == key), None)


def set_keys(text: str, mapping: MappingNode, values: Mapping[str, str]) -> list[Change]:
    """Give keys of a mapping these values (as YAML); new keys come behind the others, in this order."""
    known = {name.value: (name, value) for name, value in _pairs(mapping)}
    changes = [_replaced(text, *known[key], value) for key, value in values.items() if key in known]
    new = [f"{key}: {value}" for key, value in values.items() if key not in known]
    if new:
        name, last = _pairs(mapping)[-1]
        changes.append(_behind(text, mapping, _end_of_pair(text, name, last), new))
    return changes


def add_items(text: str, owner: MappingNode, key: str, items: Sequence[Mapping[str, str]]) -> list[Change]:
    """Put mappings behind those that the list at `key` of `owner` has."""
    flow = [f"{{{', '.join(f'{name}: {value}' for name, value in item.items())}}}" for item in items]
    listed = value_of(owner, key)
    if isinstance(listed, SequenceNode) and listed.value:
        end = _end(text, listed.value[-1])
        if listed.flow_style:
            return [Change(end, end, f", {', '.join(flow)}")]
        return [_behind(text, listed, end, [_block(item) for item in items])]
    return set_keys(text, owner, {key: f"[{', '.join(flow)}]"})


def scalar(value: str) -> str:
    """A text as YAML, in quotes where it would be something else without."""
    return value if PLAIN.fullmatch(value) and value.lower() not in RESERVED else json.dumps(value, ensure_ascii=False)


def _block(item: Mapping[str, str]) -> str:
    """`- ` and a line a key; later lines are moved under the first by `_behind`."""
    return "- " + "\n  ".join(f"{name}: {value}" for name, value in item.items())


def _behind(text: str, collection: CollectionNode, end: int, parts: Sequence[str]) -> Change:
    """Parts behind the last one of a collection, which ends at `end`, as it is written itself."""
    if collection.flow_style:
        return Change(end, end, "".join(f", {part}" for part in parts))
    line_end = text.find("\n", end)
    place = len(text) if line_end < 0 else line_end
    indent = "\n" + " " * collection.start_mark.column
    return Change(place, place, "".join(indent + part.replace("\n", indent) for part in parts))


def _replaced(text: str, name: Node, value: Node, new: str) -> Change:
    end = _end_of_pair(text, name, value)
    if value.start_mark.index < name.end_mark.index:  # an alias: the value stands where its anchor is
        return Change(text.index("*", name.end_mark.index), end, new)
    if value.start_mark.index == value.end_mark.index:  # a key without a value
        return Change(end, end, f" {new}")
    return Change(value.start_mark.index, end, new)


def _end_of_pair(text: str, name: Node, value: Node) -> int:
    if value.start_mark.index >= name.end_mark.index:
        return _end(text, value)
    alias = _ALIAS.match(text, name.end_mark.index)
    if alias is None:
        raise ConfigurationError(f"line {name.start_mark.line + 1}: cannot be changed by a program, only by hand")
    return alias.end()


def _end(text: str, node: Node) -> int:
    """Where a node's own text ends: a block's marks reach over the comments behind it."""
    if not isinstance(node, CollectionNode) or node.flow_style or not node.value:
        start: int = node.start_mark.index
        return start + len(text[start : node.end_mark.index].rstrip())
    if isinstance(node, MappingNode):
        return _end_of_pair(text, *node.value[-1])
    last = node.value[-1]
    if last.start_mark.index < node.start_mark.index:
        raise ConfigurationError(f"line {node.end_mark.line}: ends with an alias; change it by hand")
    return _end(text, last)


def _pairs(node: Node) -> list[tuple[Node, Node]]:
    return list(node.value) if isinstance(node, MappingNode) else []
