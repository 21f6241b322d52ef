"""The site file as a JSON Schema (draft 2020-12), for editors that complete and explain keys.

Made from the models, so that it cannot say anything else than they do. What holds across the whole file (names used
once, groups of two, regions inside the frame) no schema can say: `canairy site check` does.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from canairy.site.descriptions import DESCRIPTIONS
from canairy.site.duration import written
from canairy.site.model import EQUIPMENT, Site

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def site_schema() -> dict[str, Any]:
    """The schema of a site file."""
    schema = Site.model_json_schema(schema_generator=_Generator)
    parts: dict[str, Any] = {"Site": schema, **schema["$defs"]}
    for name, part in parts.items():
        _explain(name, part)
    parts["Site"]["properties"].pop("digest", None)
    parts["Asset"]["properties"]["equipment"] |= {
        "oneOf": [{"const": code, "description": what} for code, what in EQUIPMENT.items()]
    }
    return {"$schema": DIALECT, "title": "canAIry site file"} | {
        key: it for key, it in schema.items() if key != "title"
    }


def _explain(name: str, part: dict[str, Any]) -> None:
    for key, value in part.get("properties", {}).items():
        # What a key is called says nothing that the key does not say.
        value.pop("title", None)
        if value.get("default", ...) is None:
            del value["default"]
        described = DESCRIPTIONS.get(f"{name}.{key}")
        if described is not None:
            value["description"] = described


class _Generator(GenerateJsonSchema):
    """Defaults as they are written in a site file; a pair is a list of two, which older editors understand."""

    def encode_default(self, dft: Any) -> Any:  # noqa: ANN401 - any default
        return _as_written(dft)

    def tuple_schema(self, schema: core_schema.TupleSchema) -> JsonSchemaValue:
        made = super().tuple_schema(schema)
        items = made.get("prefixItems", [])
        if items and all(item == items[0] for item in items):
            del made["prefixItems"]
            made["items"] = items[0]
        return made


def _as_written(value: Any) -> Any:  # noqa: ANN401 - any default
    if isinstance(value, timedelta):
        return written(value)
    if hasattr(value, "model_dump"):
        return {name: _as_written(getattr(value, name)) for name in value.model_fields_set}
    return list(value) if isinstance(value, tuple) else value
