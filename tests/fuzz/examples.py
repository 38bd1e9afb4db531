"""Validates every example of the document against its schema. Reads the document from stdin."""

import json
import sys

from jsonschema_rs import Draft202012Validator

document = json.load(sys.stdin)
components = document["components"]
wrong = 0


def check(schema, example, place):
    global wrong
    validator = Draft202012Validator({**schema, "components": components}, validate_formats=True)
    for error in validator.iter_errors(example):
        wrong += 1
        print(f"{place} {error.instance_path}: {error.message}", file=sys.stderr)


for name, schema in components["schemas"].items():
    if "example" in schema:
        check(schema, schema["example"], name)
    for field, rules in schema.get("properties", {}).items():
        if "example" in rules:
            check(rules, rules["example"], f"{name}.{field}")
for operations in document["paths"].values():
    for operation in operations.values():
        for parameter in operation.get("parameters", []):
            if "example" in parameter:
                check(parameter["schema"], parameter["example"], f"{operation['operationId']} {parameter['name']}")
print(f"examples: {wrong} do not match their schema")
sys.exit(wrong > 0)
