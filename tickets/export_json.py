"""A plan as JSON and back, and the JSON Schema that says what is in the file.

The published schema is made by: python -m tickets.export_json > configs/plan.schema.json
"""

import json
import sys
from typing import Any, Final

from pydantic import ValidationError

from tickets.files import InputError
from tickets.schema import Plan

VERSION: Final = 1
"""The version of the file's layout; it changes when an older reader could not read it."""

_REMEDY: Final = "export the plan again"

_REF: Final = {
    "type": "string",
    "title": "Ref",
    "description": "The number of a ticket, by its level.",
    "pattern": r"^(Epic \d{1,4}|Story \d{1,4}\.\d{1,4}|Task \d{1,4}\.\d{1,4}\.\d{1,4})$",
}


def to_json(plan: Plan) -> str:
    """The plan as indented JSON, all fields in the schema's order, ending in a newline."""
    content = {"schema_version": VERSION, **plan.model_dump(mode="json")}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def from_json(text: str, source: str = "plan.json") -> Plan:
    """The plan that `to_json` wrote. Fields that are not there have their default.

    Args:
        text: the JSON.
        source: what messages call it.

    Raises:
        InputError: no JSON, another version, or no plan; the message has a line for each fault.
    """
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        place = f"{source}:{error.lineno}:{error.colno}"
        raise InputError(f"{place}: this is no JSON: {error.msg}; export the plan again") from error
    except (RecursionError, ValueError) as error:
        raise InputError(
            f"{source}: this JSON is no plan: {error}; export the plan again"
        ) from error
    if not isinstance(content, dict):
        raise InputError(f"{source}: a plan is an object {{…}}, this is {text.strip()[:20]!r}")
    version = content.pop("schema_version", None)
    if version != VERSION:
        fix = f'export the plan again, or add "schema_version": {VERSION}'
        raise InputError(f"{source}: schema_version is {version!r}, not {VERSION}; {fix}")
    try:
        return Plan.model_validate(content)
    except ValidationError as error:
        faults = (
            f"{source}: {'.'.join(map(str, fault['loc'])) or 'the plan'}: "
            f"{fault['msg'].removeprefix('Value error, ')}"
            for fault in error.errors(include_url=False)
        )
        raise InputError("\n".join(faults)) from error


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of what `to_json` writes."""
    schema = Plan.model_json_schema(mode="serialization")
    schema["$defs"]["Ref"] = _REF
    version = {"const": VERSION, "description": "The version of this layout."}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "properties": {"schema_version": version, **schema["properties"]},
        "required": ["schema_version", *schema.get("required", [])],
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(json_schema(), indent=2) + "\n")
