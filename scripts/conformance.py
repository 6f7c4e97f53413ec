#!/usr/bin/env python3
"""Hold recorded answers of an emulated AWS against AWS's own service models, as botocore carries them.

Reads one JSON file: a list of {"service", "operation", "status", "body"}. Says every place where a body is not what the
model of that operation promises: a required member that is missing, a member that there is not, a value of another type,
a word that an enumeration does not have, an error that the operation has not, or with another HTTP status.
Exits with 1 when there is one. Absent on purpose: asking anybody for an answer, and what an answer means.
"""

import json
import re
import sys

from botocore.loaders import Loader
from botocore.model import ServiceModel

# Errors that AWS gives for any operation; no model lists them.
COMMON = {
    "AccessDeniedException",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidAction",
    "MissingAuthenticationTokenException",
    "SerializationException",
    "ThrottlingException",
    "UnknownOperationException",
    "ValidationException",
}
# What AWS has been seen to do, and its model says otherwise: a busy service refuses a deployment as well; ids are 32
# hexadecimal digits without hyphens; an update that changes nothing has no operation.
ERRORS_BEYOND = {("StartDeployment", "InvalidStateException")}
TEXTS_BEYOND = {"ServiceId": r"[0-9a-f]{32}", "UUID": r"[0-9a-f]{32}"}
ABSENT_BEYOND = {("UpdateServiceResponse", "OperationId")}
NUMBERS = {"integer": int, "long": int, "float": (int, float), "double": (int, float)}


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        records = json.load(file)
    loader, models, problems = Loader(), {}, []
    for index, record in enumerate(records):
        service = record["service"]
        if service not in models:
            raw = loader.load_service_model(service, "service-2")
            models[service] = ServiceModel(raw, service), raw["shapes"]
        where = f"{index} {service} {record['operation']} {record['status']}"
        problems += [f"{where}: {problem}" for problem in judge(*models[service], record)]
    for problem in problems:
        print(problem)
    print(f"{len(records)} answers, {len(problems)} problems", file=sys.stderr)
    return 1 if problems else 0


def judge(model, shapes, record):
    """Everything that is wrong with one answer."""
    name, status, body = record["operation"], record["status"], record["body"]
    if name not in model.operation_names:
        # What is not in the model can only be refused.
        return [] if status >= 400 and code_of(body) in COMMON else [f"the model has no operation {name}"]
    operation = model.operation_model(name)
    if status >= 400:
        return list(error(operation, shapes, status, body))
    if operation.output_shape is None:
        return [] if body in ({}, None) else ["the model promises no answer"]
    return list(value(operation.output_shape, body, ""))


def code_of(body):
    return str(body.get("__type", "")).rpartition("#")[2]


def error(operation, shapes, status, body):
    code = code_of(body)
    known = {shape.error_code or shape.name: shape for shape in operation.error_shapes}
    if code in COMMON or (operation.name, code) in ERRORS_BEYOND:
        return
    if code not in known:
        yield f"the operation has no error {code!r}; it has {', '.join(sorted(known))}"
        return
    shape = known[code]
    usual = 500 if shapes[shape.name].get("fault") else 400
    promised = shape.metadata.get("error", {}).get("httpStatusCode", usual)
    if status != promised:
        yield f"{code} comes with status {promised}"
    members = {name: member for name, member in body.items() if name != "__type"}
    yield from value(shape, members, code)


def value(shape, found, path):
    """Everything that is wrong with one value, wherever in an answer it stands."""
    kind = shape.type_name
    if kind == "structure":
        yield from structure(shape, found, path)
    elif kind == "list":
        yield from bounded(shape, found, path, list)
        for index, item in enumerate(found if isinstance(found, list) else []):
            yield from value(shape.member, item, f"{path}[{index}]")
    elif kind == "map":
        yield from bounded(shape, found, path, dict)
        for key, item in (found if isinstance(found, dict) else {}).items():
            yield from value(shape.key, key, f"{path}.{key} (key)")
            yield from value(shape.value, item, f"{path}.{key}")
    elif kind == "string":
        yield from text(shape, found, path)
    elif kind == "boolean":
        if not isinstance(found, bool):
            yield f"{path} is no boolean: {found!r}"
    elif kind == "timestamp":
        if isinstance(found, bool) or not isinstance(found, (int, float)):
            yield f"{path} is no number of seconds: {found!r}"
    elif kind in NUMBERS:
        yield from number(shape, found, path)
    elif not isinstance(found, str):
        yield f"{path} is no {kind}: {found!r}"


def structure(shape, found, path):
    if not isinstance(found, dict):
        yield f"{path} is no object: {found!r}"
        return
    for name in shape.required_members:
        if found.get(name) is None and (shape.name, name) not in ABSENT_BEYOND:
            yield f"{path}.{name} is required and missing"
    for name, member in found.items():
        if name not in shape.members:
            yield f"{path}.{name} is not in the model"
        elif member is not None:
            yield from value(shape.members[name], member, f"{path}.{name}")


def text(shape, found, path):
    beyond = TEXTS_BEYOND.get(shape.name)
    if beyond and isinstance(found, str) and re.fullmatch(beyond, found):
        return
    yield from bounded(shape, found, path, str)
    if not isinstance(found, str):
        return
    if shape.enum and found not in shape.enum:
        yield f"{path} is {found!r}, and may be {', '.join(shape.enum)}"
    pattern = shape.metadata.get("pattern")
    # AWS writes some patterns for another language than Python's.
    if pattern and not re.search(f"^(?:{pattern})$", found, re.DOTALL):
        yield f"{path} does not match {pattern}: {found!r}"


def number(shape, found, path):
    if isinstance(found, bool) or not isinstance(found, NUMBERS[shape.type_name]):
        yield f"{path} is no {shape.type_name}: {found!r}"
        return
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if (least is not None and found < least) or (most is not None and found > most):
        yield f"{path} is {found}, and may be {least} to {most}"


def bounded(shape, found, path, kind):
    if not isinstance(found, kind):
        yield f"{path} is no {kind.__name__}: {found!r}"
        return
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if (least is not None and len(found) < least) or (most is not None and len(found) > most):
        yield f"{path} has a length of {len(found)}, and may have {least} to {most}"


if __name__ == "__main__":
    sys.exit(main())
