"""
The JSON Schema of a policy file, in which tables of names stand where a policy holds lists.
"""

from __future__ import annotations

from typing import Any

from sla_engine.policies.overlays import CHANGEABLE
from sla_engine.policies.references import references_schema
from sla_engine.tickets.clocks import PRESETS


def policy_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a policy with its tables as people write them."""
    properties = schema["properties"]
    kinds: list[Any] = [{"$ref": "#/$defs/Calendar"}, {"type": "string"}, *references_schema()]
    tables: dict[str, Any] = {"calendars": {"anyOf": kinds}}
    for field, name in (("tiers", "Tier"), ("services", "Service"), ("groups", "ServiceGroup"), ("clocks", "Clock")):
        _unrequired(schema["$defs"][name], "name")
        tables[field] = {"$ref": f"#/$defs/{name}"}
    clock = schema["$defs"]["Clock"]
    _unrequired(clock, "start")
    clock["properties"]["preset"] = {"type": "string", "enum": list(PRESETS)}
    tables["clocks"] = {"anyOf": [{"$ref": "#/$defs/Clock"}, {"type": "string", "enum": list(PRESETS)}]}
    for field, value in tables.items():
        properties[field] = {"type": "object", "additionalProperties": value}
    changes = {key: properties[key] for key in CHANGEABLE}
    for field in ("tiers", "services", "groups"):
        # An overlay changes tiers, services and groups that are there, so nothing of them is required.
        name = {"tiers": "Tier", "services": "Service", "groups": "ServiceGroup"}[field]
        partial = {**schema["$defs"][name], "required": []}
        if name == "Tier":
            partial["properties"] = {**partial["properties"], "targets": {"type": "object"}}
        schema["$defs"][f"Changed{name}"] = partial
        changes[field] = {"type": "object", "additionalProperties": {"$ref": f"#/$defs/Changed{name}"}}
    for name in ("Customer", "PolicyVersion"):
        definition = schema["$defs"][name]
        definition["properties"] = {**definition["properties"], **changes}
        definition["properties"].pop("changes")
    _unrequired(schema["$defs"]["Customer"], "name")
    properties["customers"] = {"type": "object", "additionalProperties": {"$ref": "#/$defs/Customer"}}
    return schema


def _unrequired(definition: dict[str, Any], key: str) -> None:
    definition["required"] = [one for one in definition.get("required", ()) if one != key]
