# SPDX-License-Identifier: Apache-2.0

"""docs/reference/openapi.json as the generators of the clients see it: operations with what a caller gives and gets.

Left out are operations whose answers are not for a program (the page), and the change stream, which each client follows by hand-written
code. A read of the client always wants the answer, so its If-None-Match is left out too.
"""
import dataclasses
import json
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DOCUMENT = os.path.join(ROOT, "docs", "reference", "openapi.json")

LEFT_OUT = ("changes", "find", "openapi")
# Reads that show the state wait for the position that the client has seen. The others are about the replica itself, or may be older
# by their nature: a SMART publication is made once a minute.
READS_OF_STATE = ("sites", "stock", "history", "keys", "files")
READS_OF_AGES = ("smart_manifest", "smart_file", "imports")


def load():
    with open(DOCUMENT, encoding="utf-8") as file:
        return json.load(file)


@dataclasses.dataclass
class Parameter:
    """One value that the caller gives, in the path, the query or a header."""

    name: str  # as it is sent
    place: str
    schema: dict
    text: str
    required: bool

    @property
    def word(self):
        """snake_case, as programs name it: Titer-Min-Position is min_position."""
        return re.sub(r"^(titer|x)-", "", self.name.lower()).replace("-", "_").lstrip("_")


@dataclasses.dataclass
class Operation:
    """One operation. `body`, `answer`: schemas; `answer` None: the answer is text."""

    name: str
    method: str
    path: str
    text: str
    parameters: list
    retry: str  # read; key: repeated under its Idempotency-Key; once: never repeated when it may have been executed
    follows: bool  # it waits for the position that the client has seen
    body: dict = None
    body_kind: str = None
    answer: dict = None
    has_position: bool = False
    rows: str = None  # the member that has the rows of a page

    def of(self, place):
        return [one for one in self.parameters if one.place == place]

    @property
    def iterator(self):
        return "iterate_" + self.name.removeprefix("list_")


class Document:
    """The document with its references resolved."""

    def __init__(self, document=None):
        self.document = document or load()
        self.schemas = self.document["components"]["schemas"]

    def resolved(self, node):
        while "$ref" in node:
            target = self.document
            for step in node["$ref"][2:].split("/"):
                target = target[step]
            node = target
        return node

    def operations(self):
        for path, methods in self.document["paths"].items():
            for method, described in methods.items():
                if described["operationId"] not in LEFT_OUT:
                    yield self.operation(path, method.upper(), described)

    def operation(self, path, method, described):
        name = described["operationId"]
        given = [self.resolved(one) for one in described.get("parameters", [])]
        parameters = [Parameter(one["name"], one["in"], one["schema"], one.get("description", ""), one.get("required", False))
                      for one in given if not (method == "GET" and one["name"] in ("If-None-Match", "If-Match"))]
        in_path = re.findall(r"\{(\w+)\}", path)
        parameters.sort(key=lambda one: in_path.index(one.name) if one.place == "path" else len(in_path))
        good = self.resolved(next(answer for status, answer in described["responses"].items() if status.startswith("2")))
        answer = good["content"].get("application/json", {}).get("schema")
        body = described.get("requestBody", {}).get("content", {})
        kind = next(iter(body), None)
        keyed = any(one.name == "Idempotency-Key" for one in parameters)
        return Operation(
            name, method, path, described["summary"], parameters,
            retry="read" if method == "GET" else "key" if keyed else "once",
            follows=method == "GET" and described["tags"][0] in READS_OF_STATE and name not in READS_OF_AGES,
            body=body[kind]["schema"] if kind else None, body_kind=kind, answer=answer,
            has_position="Titer-Position" in good.get("headers", {}), rows=self.rows_of(answer))

    def rows_of(self, answer):
        """The list of a page that links to the next one; None: it is not such a page."""
        members = self.resolved(answer).get("properties", {}) if answer else {}
        lists = [name for name, one in members.items() if self.resolved(one).get("type") == "array"]
        return lists[0] if "links" in members and len(lists) == 1 else None


def camel(word):
    first, *rest = word.split("_")
    return first + "".join(part.capitalize() for part in rest)


def filled(parts, width):
    """Lines of whole parts, with a comma behind each but the last."""
    lines = []
    for part, comma in zip(parts, [","] * (len(parts) - 1) + [""]):
        if lines and len(lines[-1]) + 1 + len(part) + len(comma) <= width:
            lines[-1] += f" {part}{comma}"
        else:
            lines.append(part + comma)
    return lines
