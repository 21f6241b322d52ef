"""What pydantic found wrong, in the words of whoever writes a site file."""

from __future__ import annotations

import difflib
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from canairy.site.document import Location
from canairy.site.model import Site

IDENTIFIER: Final = 'is not an identifier: letters, digits, ".", "_" and "-", a letter or digit first'
PATTERNS: Final = {
    r"^[A-Za-z0-9][A-Za-z0-9._-]*$": IDENTIFIER,
    r"^[a-z+]+:.*$": "is not a source: write for example folder:/path/to/frames, simulated:NAME or push:",
}
# pydantic's word for a comparison, and ours.
COMPARISONS: Final = {
    "greater_than": ("above", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("below", "lt"),
    "less_than_equal": ("at most", "le"),
}


def explain(error: ErrorDetails, written: str) -> str | None:
    """One sentence without the place; None where the error only follows from another one.

    `written` is the value as it stands in the file, empty for a list or mapping.
    """
    kind = error["type"]
    if kind in COMPARISONS:
        words, limit = COMPARISONS[kind]
        return f"must be {words} {error.get('ctx', {})[limit]:g}, not {written or error['input']}"
    say = EXPLAINED.get(kind)
    if say is None:
        return f"{error['msg'][:1].lower()}{error['msg'][1:]}, not {shown(error['input'], written)}"
    return say(error, written)


def shown(value: object, written: str = "") -> str:
    """A value as an error shows it."""
    match value:
        case None:
            return "nothing"
        case dict():
            return "a mapping"
        case list() | tuple():
            return "a list"
        case bool():
            return written or str(value).lower()
        case str():
            return repr(value if len(value) <= 60 else value[:57] + "...")
    return written or str(value)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`, did you mean "region"?` when something known is close, else nothing."""
    close = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return f", did you mean {close[0]!r}?" if close else ""


def fields_at(location: Location) -> Mapping[str, Any]:
    """The fields of the model at `location` of a site file; nothing where there is no model."""
    kind: Any = Site
    for part in location:
        kind = _inner(kind, part)
    model = _model(kind)
    return {} if model is None else {name: it for name, it in model.model_fields.items() if not it.exclude}


def _inner(kind: Any, part: int | str) -> Any:  # noqa: ANN401 - annotations are any object
    model = _model(kind)
    if model is not None:
        known = model.model_fields.get(str(part))
        return None if known is None else known.annotation
    arguments = [it for it in get_args(_bare(kind)) if it is not Ellipsis]
    return arguments[-1] if arguments else None


def _model(kind: Any) -> type[BaseModel] | None:  # noqa: ANN401 - annotations are any object
    bare = _bare(kind)
    return bare if isinstance(bare, type) and issubclass(bare, BaseModel) else None


def _bare(kind: Any) -> Any:  # noqa: ANN401 - annotations are any object
    """Without Annotated and without `| None`."""
    if get_origin(kind) is Annotated:
        return _bare(get_args(kind)[0])
    if get_origin(kind) in {Union, types.UnionType}:
        return _bare(next((it for it in get_args(kind) if it is not type(None)), None))
    return kind


def _unknown_key(error: ErrorDetails, _written: str) -> str:
    *parent, key = error["loc"]
    known = fields_at(tuple(parent))
    return f"unknown key {str(key)!r}{did_you_mean(str(key), known) or '; known are ' + ', '.join(known)}"


def _missing(error: ErrorDetails, _written: str) -> str:
    key = error["loc"][-1] if error["loc"] else ""
    return _pair(error["loc"][:-1]) if isinstance(key, int) else f"the key {key!r} is missing"


def _pair(location: tuple[int | str, ...]) -> str:
    """The two pairs in a site file: a size, and a point of an outline."""
    return "is not a size: write [width, height]" if location[-1:] == ("size",) else "is not a point: write [x, y]"


def _too_short(error: ErrorDetails, _written: str) -> str | None:
    context, given = error.get("ctx", {}), error["input"]
    least = context["min_length"]
    has = len(given) if isinstance(given, list | str) else context["actual_length"]
    # Items that are wrong themselves were said so already and are not counted by pydantic.
    return None if has >= least else f"needs at least {least}, has {has}"


def _too_long(error: ErrorDetails, _written: str) -> str:
    most = error.get("ctx", {})["max_length"]
    if most == 2:
        return _pair(error["loc"])
    return f"has {len(error['input'])}, at most {most} are possible"


def _text(error: ErrorDetails, written: str) -> str:
    given = error["input"]
    if isinstance(given, bool | int | float) and written:
        return f'must be text: write "{written}" in quotes'
    return f"must be text, not {shown(given)}"


def _pattern(error: ErrorDetails, written: str) -> str:
    pattern = error.get("ctx", {})["pattern"]
    return f"{shown(error['input'], written)} {PATTERNS.get(pattern, f'does not look like {pattern}')}"


def _choice(error: ErrorDetails, written: str) -> str:
    expected = str(error.get("ctx", {})["expected"])
    given = error["input"]
    words = [word.strip("'") for word in expected.replace(" or ", ", ").split(", ")]
    hint = did_you_mean(given, words) if isinstance(given, str) else ""
    return f"must be {expected}, not {shown(given, written)}{hint}"


def _must_be(what: str) -> Callable[[ErrorDetails, str], str]:
    return lambda error, written: f"must be {what}, not {shown(error['input'], written)}"


EXPLAINED: Final[Mapping[str, Callable[[ErrorDetails, str], str | None]]] = {
    "extra_forbidden": _unknown_key,
    "missing": _missing,
    "too_short": _too_short,
    "too_long": _too_long,
    "string_too_long": lambda error, _written: f"is too long: at most {error.get('ctx', {})['max_length']} characters",
    "string_type": _text,
    "string_pattern_mismatch": _pattern,
    "literal_error": _choice,
    "value_error": lambda error, _written: error["msg"].removeprefix("Value error, "),
    "float_type": _must_be("a number"),
    "int_type": _must_be("a whole number"),
    "int_from_float": _must_be("a whole number"),
    "bool_type": _must_be("true or false"),
    "finite_number": _must_be("a finite number"),
    "model_type": _must_be("a mapping (lines of `key: value`)"),
    "dict_type": _must_be("a mapping (lines of `key: value`)"),
    "tuple_type": _must_be("a list"),
    "timezone_aware": lambda _error, written: f"{written} has no time zone: write {written}Z or {written}+09:00",
    "datetime_type": _must_be("a time such as 2024-05-01T08:00:00Z"),
    "datetime_parsing": _must_be("a time such as 2024-05-01T08:00:00Z"),
    "datetime_from_date_parsing": _must_be("a time such as 2024-05-01T08:00:00Z"),
    "datetime_object_invalid": _must_be("a time such as 2024-05-01T08:00:00Z"),
}
