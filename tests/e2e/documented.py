# SPDX-License-Identifier: Apache-2.0

"""Compares HTTP answers with docs/reference/openapi.json: what a replica sends is described there, and nothing else is sent.

An answer must have a status that the document gives for its operation, a content type of that status, and a JSON body that fits the
schema. A member that the schema does not name is a fault too, except where the document says that any object is allowed.
"""
import functools
import json
import os
import re
import urllib.parse

import jsonschema

from harness import ROOT


class Undocumented(AssertionError):
    """An answer that the document does not describe."""


@functools.cache
def document():
    with open(os.path.join(ROOT, "docs", "reference", "openapi.json"), encoding="utf-8") as file:
        return json.load(file)


def resolved(node):
    """What a $ref of the document stands for."""
    while "$ref" in node:
        target = document()
        for step in node["$ref"][2:].split("/"):
            target = target[step]
        node = target
    return node


def closed(schema, inside_all_of=False):
    """The same schema without references, in which an object has no member that it does not name."""
    schema = dict(resolved(schema))
    if "properties" in schema:
        schema["properties"] = {name: closed(one) for name, one in schema["properties"].items()}
    if "items" in schema:
        schema["items"] = closed(schema["items"])
    for word in ("oneOf", "anyOf"):
        if word in schema:
            schema[word] = [closed(one) for one in schema[word]]
    if "allOf" in schema:  # its parts know of one another's members only together
        schema["allOf"] = [closed(one, True) for one in schema["allOf"]]
    if ("properties" in schema or "allOf" in schema) and "additionalProperties" not in schema and not inside_all_of:
        schema["unevaluatedProperties"] = False
    return schema


@functools.cache
def validator(path, method, status, kind):
    schema = resolved(document()["paths"][path][method]["responses"][status])["content"][kind]["schema"]
    return jsonschema.Draft202012Validator(closed(schema), format_checker=jsonschema.FormatChecker())


@functools.cache
def templates():
    """[(expression, path of the document)], fixed paths before those with parameters."""
    paths = sorted(document()["paths"], key=lambda path: path.count("{"))
    return [(re.compile("".join("[^/]+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{\w+\})", path))), path)
            for path in paths]


def template_of(address):
    """The path of the document for this address; None: it describes none, as for files of the page."""
    path = urllib.parse.unquote(urllib.parse.urlsplit(address).path)
    return next((template for expression, template in templates() if expression.fullmatch(path)), None)


def check(method, address, status, content_type, body):
    """Raises Undocumented unless the document describes this answer. `body`: text or bytes, whole. Returns whether JSON was checked."""
    path, method, kind = template_of(address), method.lower(), content_type.partition(";")[0].strip()
    what = f"{method.upper()} {address}: {status} {kind or 'without a body'}"
    if path is None or method not in document()["paths"][path]:
        if status in (404, 405):  # nothing is described there, and nothing is there
            return False
        raise Undocumented(f"{what}: there is no such operation in the document")
    responses = document()["paths"][path][method]["responses"]
    if str(status) not in responses:
        raise Undocumented(f"{what}: the document has only {', '.join(responses)}")
    contents = resolved(responses[str(status)]).get("content", {})
    if not body and not contents:
        return False
    if kind not in contents:
        raise Undocumented(f"{what}: the document has only {', '.join(contents) or 'no body'}")
    if kind not in ("application/json", "application/problem+json"):
        return False
    faults = sorted(validator(path, method, str(status), kind).iter_errors(json.loads(body)), key=lambda fault: list(fault.absolute_path))
    if faults:
        raise Undocumented(what + "".join(f"\n  at {'/'.join(map(str, one.absolute_path)) or '/'}: {one.message[:300]}" for one in faults))
    return True
