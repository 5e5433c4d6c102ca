# SPDX-License-Identifier: Apache-2.0

"""The Python client's models (typed dictionaries) and operations (methods, once blocking and once for asyncio)."""
import keyword
import textwrap

from openapi import filled

WIDTH = 118
HEAD = '''# SPDX-License-Identifier: Apache-2.0

"""{}

Made of docs/reference/openapi.json by clients/generate.py. Change those, not this file.
"""
'''
BASIC = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}


def safe(word):
    return word + "_" if keyword.iskeyword(word) else word


class Types:
    """Type expressions of schemas, and the definitions that they need, in an order in which each knows those before it."""

    def __init__(self, document, prefix=""):
        self.document, self.prefix, self.done, self.lines = document, prefix, set(), []

    def of(self, schema, name="Nameless"):
        """The type of a schema; `name`: what it is called if it needs a definition and has no name of its own."""
        if "$ref" in schema:
            target = schema["$ref"].rsplit("/", 1)[1]
            self.define(target, self.document.schemas[target])
            return self.prefix + target
        if "enum" in schema:
            return f"Literal[{', '.join(map(repr, schema['enum']))}]"
        if "const" in schema:
            return f"Literal[{schema['const']!r}]"
        if "oneOf" in schema:
            return f"Union[{', '.join(dict.fromkeys(self.of(one, name) for one in schema['oneOf']))}]"
        if schema.get("type") == "array":
            return f"List[{self.of(schema.get('items', {}), name + 'Item')}]"
        if schema.get("properties"):
            self.define(name, schema)
            return self.prefix + name
        if schema.get("type") == "object":
            inner = schema.get("additionalProperties")
            return f"Dict[str, {self.of(inner, name + 'Value') if isinstance(inner, dict) else 'Any'}]"
        return BASIC.get(schema.get("type"), "Any")

    def define(self, name, schema):
        if name in self.done:
            return
        self.done.add(name)
        parts = schema.get("allOf")
        if parts:
            bases = [self.of(one) for one in parts if "$ref" in one]
            self.dictionary(name, next(one for one in parts if "$ref" not in one), bases, schema)
        elif schema.get("properties"):
            self.dictionary(name, schema, [], schema)
        else:
            written = self.of(schema, name)
            self.lines += ["", *self.comment(schema), f"{name} = {written}"]

    def dictionary(self, name, schema, bases, described):
        members = {key: (self.of(one, name + "".join(p.capitalize() for p in key.split("_"))), one)
                   for key, one in schema["properties"].items()}
        required = [key for key in members if key in schema.get("required", ())]
        rest = [key for key in members if key not in required]
        if any(keyword.iskeyword(key) for key in members):  # no class can have them
            pairs = ", ".join(f"{key!r}: {kind}" for key, (kind, _) in members.items() if key in required)
            self.lines += ["", "", *textwrap.wrap(f'_{name} = TypedDict("_{name}", {{{pairs}}})', WIDTH, subsequent_indent=" " * 4)]
            bases = [*bases, "_" + name]
        elif required and rest:
            self.lines += ["", "", f"class _{name}({', '.join([*bases, 'TypedDict'] if not bases else bases)}):",
                           *self.members(members, required)]
            bases = ["_" + name]
        elif required:
            rest = required
            self.lines += ["", "", f"class {name}({', '.join(bases or ['TypedDict'])}):", *self.docstring(described),
                           *self.members(members, rest)]
            return
        self.lines += ["", "", f"class {name}({', '.join([*(bases or ['TypedDict']), 'total=False'])}):",
                       *self.docstring(described), *self.members(members, rest)]

    def members(self, members, names):
        out = []
        for name in names:
            kind, schema = members[name]
            out += ["    " + line for line in self.comment(schema)]
            out.append(f"    {name}: {kind}")
        return out or ["    pass"]

    @staticmethod
    def comment(schema):
        text = schema.get("description", "") if "$ref" not in schema else ""
        return textwrap.wrap(text, WIDTH - 6, initial_indent="# ", subsequent_indent="# ")

    @staticmethod
    def docstring(schema):
        text = schema.get("description")
        if not text:
            return []
        lines = textwrap.wrap(text, WIDTH - 10)
        if len(lines) == 1:
            return [f'    """{lines[0]}"""', ""]
        return ['    """' + lines[0], *("    " + line for line in lines[1:]), '    """', ""]


def models(document):
    types = Types(document)
    for name, schema in document.schemas.items():
        types.define(name, schema)
    names = sorted(name for name in types.done)
    everything = "\n".join(["", "", "__all__ = ["] + [f'    "{name}",' for name in names] + ["]"])
    return (HEAD.format("What titer answers and takes, as typed dictionaries: they are the JSON itself.") +
            "from __future__ import annotations\n\nfrom typing import Any, Dict, List, Literal, TypedDict, Union\n" +
            "\n".join(types.lines) + everything + "\n")


class Method:
    """One operation as a method, for one of the two worlds."""

    def __init__(self, document, operation, waits):
        self.operation, self.waits = operation, waits
        self.types = Types(document, "models.")
        self.before, self.after = [], []  # (word, declaration) of positional and of keyword parameters
        self.path, self.query, self.headers, self.body = [], {}, {}, None
        for one in operation.parameters:
            self.add(one)
        if operation.body is not None:
            self.add_body(document, operation)

    def add(self, one):
        word = safe(one.word)
        if one.place == "path":
            kind = self.types.of(one.schema)
            self.before.append((word, f"{word}: {kind}"))
            self.path.append(word)
            return
        self.after.append((word, f"{word}: Optional[{self.types.of(one.schema)}] = None"))
        (self.query if one.place == "query" else self.headers)[one.name] = word

    def add_body(self, document, operation):
        if operation.body_kind != "application/json":
            self.before.append(("body", "body: Union[str, bytes]"))
            self.after.append(("content_type", f'content_type: str = "{operation.body_kind}"'))
            self.headers["Content-Type"], self.body = "content_type", "body"
            return
        schema = document.resolved(operation.body)
        if "oneOf" in schema:  # a choice of forms: the object, whose members have names here
            schema = next(one for one in map(document.resolved, schema["oneOf"]) if "properties" in one)
        if "properties" not in schema:
            self.before.append(("body", f"body: {self.types.of(operation.body)}"))
            self.body = "body"
            return
        parts = []
        for name, one in schema["properties"].items():
            kind = self.types.of(one)
            if name in schema.get("required", ()):
                self.before.append((name, f"{name}: {kind}"))
            else:
                self.after.append((name, f"{name}: Optional[{kind}] = None"))
            parts.append(f'"{name}": {name}')
        self.body = f"_given({{{', '.join(parts)}}})"

    def lines(self):
        kind = self.types.of(self.operation.answer) if self.operation.answer else "Text"
        out = self.method(safe(self.operation.name), kind, self.operation.text,
                          "self._call({})", "await " if self.waits else "")
        if self.operation.rows:
            row = self.types.of(self.row())
            iterator = f"{'Async' if self.waits else ''}Iterator[{row}]"
            out += self.method(self.operation.iterator, iterator, f"{self.operation.text}: all of them, page by page",
                               f"self._rows({{}}, rows=\"{self.operation.rows}\")", None)
        return out

    def row(self):
        page = self.types.document.resolved(self.operation.answer)
        return self.types.document.resolved(page["properties"][self.operation.rows])["items"]

    def method(self, name, kind, text, call, wait):
        declared = [declaration for _, declaration in self.before] + (["*"] if self.after else [])
        declared += [declaration for _, declaration in self.after]
        head = f"    {'async ' if wait else ''}def {name}(self"
        lines = filled(declared, WIDTH - 12)
        given = [f"_{self.operation.name.upper()}"]
        for word, value in (("path", f"({', '.join(self.path)},)" if self.path else None), ("query", self.pairs(self.query)),
                            ("headers", self.pairs(self.headers)), ("body", self.body)):
            if value:
                given.append(f"{word}={value}")
        inside = call.format("\n" + textwrap.indent(",\n".join(given), " " * 12))
        written = f"{wait or ''}{inside}"
        body = f"return cast(\"{kind}\", {written})" if wait is not None else f"return {written}"
        return ["", head + (",\n            " + "\n            ".join(lines) if lines else "") + f") -> {kind}:",
                f'        """{text}."""', f"        {body}"]

    @staticmethod
    def pairs(named):
        return "{" + ", ".join(f'"{name}": {word}' for name, word in named.items()) + "}" if named else None


BASE = '''

class {name}:
    """The operations, {how}. Client and AsyncClient say how they are done."""

    {prefix}def _call(self, operation: Operation, *, path: Sequence[Any] = (), query: Optional[Dict[str, Any]] = None,
              headers: Optional[Dict[str, Any]] = None, body: Any = None) -> Any:
        raise NotImplementedError

    def _rows(self, operation: Operation, *, rows: str, path: Sequence[Any] = (), query: Optional[Dict[str, Any]] = None,
              headers: Optional[Dict[str, Any]] = None) -> {kind}Iterator[Any]:
        raise NotImplementedError
'''


def operations(document):
    found = list(document.operations())
    out = [HEAD.format("The operations of the HTTP interface as methods.") + """from __future__ import annotations

from typing import Any, AsyncIterator, Dict, Iterator, List, Literal, Optional, Sequence, Union, cast

from . import models
from ._exchange import Operation, Text


def _given(members: Dict[str, Any]) -> Dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}

"""]
    for one in found:
        out.append(f'_{one.name.upper()} = Operation("{one.name}", "{one.method}", "{one.path}",\n'
                   f'    retry="{one.retry}", follows={one.follows}, json={one.answer is not None})')
    for waits, name, how in ((False, "Operations", "blocking"), (True, "AsyncOperations", "for asyncio")):
        out.append(BASE.format(name=name, how=how, prefix="async " if waits else "", kind="Async" if waits else "").rstrip("\n"))
        for one in found:
            out += Method(document, one, waits).lines()
    return "\n".join(out) + "\n"
