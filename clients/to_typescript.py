# SPDX-License-Identifier: Apache-2.0

"""The TypeScript client's operations, as methods, and names for the types that openapi-typescript makes."""
import json
import textwrap

from openapi import camel, filled

WIDTH = 118
HEAD = """// SPDX-License-Identifier: Apache-2.0

// {}
// Made of docs/reference/openapi.json by clients/generate.py. Change those, not this file.
"""
BASIC = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean"}


def models(document):
    out = [HEAD.format("What titer answers and takes."), 'import type { components } from "./schema.js";', "",
           'type Schemas = components["schemas"];', ""]
    out += [f'export type {name} = Schemas["{name}"];' for name in document.schemas]
    return "\n".join(out) + "\n"


class Method:
    """One operation as a method: the path's parameters, then the body, then everything else by name."""

    def __init__(self, document, operation):
        self.document, self.operation, self.names, self.interface = document, operation, set(), []

    def type_of(self, schema):
        if "$ref" in schema:
            self.names.add(schema["$ref"].rsplit("/", 1)[1])
            return schema["$ref"].rsplit("/", 1)[1]
        if "enum" in schema:
            return " | ".join(json.dumps(value) for value in schema["enum"])
        if schema.get("type") == "array":
            return f"Array<{self.type_of(schema['items'])}>"
        return BASIC[schema["type"]]

    def lines(self):
        operation = self.operation
        answer = self.type_of(operation.answer) if operation.answer else "Text"
        fixed = [f"{camel(one.word)}: {self.type_of(one.schema)}" for one in operation.of("path")]
        body = None
        if operation.body is not None:
            body = "body"
            is_json = operation.body_kind == "application/json"
            optional = is_json and not self.document.resolved(operation.body).get("required") and "oneOf" not in self.document.resolved(
                operation.body)
            fixed.append(f"body: {self.type_of(operation.body) if is_json else 'string | Blob'}{' = {}' if optional else ''}")
        named = operation.of("query") + operation.of("header")
        if named:
            kind = camel(operation.name)[:1].upper() + camel(operation.name)[1:] + "Options"
            fixed.append(f"options: {kind} = {{}}")
            self.interface = [f"export interface {kind} {{", *(f"  {camel(one.word)}?: {self.type_of(one.schema)};" for one in named),
                              *self.more_options(), "}", ""]
        given = [f"path: [{', '.join(camel(one.word) for one in operation.of('path'))}]" if operation.of("path") else None,
                 self.pairs("query", operation.of("query")), self.pairs("headers", operation.of("header")), body]
        call = "{ " + ", ".join(filter(None, given)) + " }"
        out = self.method(camel(operation.name), fixed, f"Promise<{answer}>", operation.text, f"this.call({operation.name}, {call})")
        if operation.rows:
            page = self.document.resolved(operation.answer)
            row = self.type_of(self.document.resolved(page["properties"][operation.rows])["items"])
            out += self.method(camel(operation.iterator), fixed, f"AsyncGenerator<{row}, void, undefined>",
                               operation.text + ": all of them, page by page", f'this.rows({operation.name}, {call}, "{operation.rows}")')
        return out

    def more_options(self):
        return ["  contentType?: string;"] if self.operation.body_kind not in (None, "application/json") else []

    def pairs(self, word, named):
        pairs = [f'"{one.name}": options.{camel(one.word)}' for one in named]
        if word == "headers" and self.more_options():
            pairs.append(f'"Content-Type": options.contentType ?? "{self.operation.body_kind}"')
        return f"{word}: {{ {', '.join(pairs)} }}" if pairs else None

    @staticmethod
    def method(name, fixed, kind, text, call):
        head = filled(fixed, WIDTH - 8)
        head = [f"  {name}(", *("      " + line for line in head)] if len(head) > 1 else [f"  {name}(" + "".join(head)]
        head[-1] += f"): {kind} {{"
        body = textwrap.wrap(f"    return {call};", WIDTH, subsequent_indent=" " * 6, break_long_words=False, break_on_hyphens=False)
        return ["", f"  /** {text}. */", *head, *body, "  }"]


def operations(document):
    found, names, methods, interfaces = list(document.operations()), set(), [], []
    for one in found:
        method = Method(document, one)
        methods += method.lines()
        names |= method.names
        interfaces += method.interface
    out = [HEAD.format("The operations of the HTTP interface as methods."),
           'import type { Given, Operation, Text } from "./exchange.js";',
           *textwrap.wrap(f"import type {{ {', '.join(sorted(names))} }} from \"./models.js\";", WIDTH, subsequent_indent="  "), ""]
    for one in found:
        out.append(f'const {one.name if one.name != "import" else "import_"}: Operation = {{ name: "{one.name}", method: "{one.method}", '
                   f'path: "{one.path}",')
        out.append(f'  retry: "{one.retry}", follows: {str(one.follows).lower()}, json: {str(one.answer is not None).lower()} }};')
    out += ["", *interfaces, "/** The operations; Client says how they are done. */", "export abstract class Operations {",
            "  protected abstract call<T>(operation: Operation, given: Given): Promise<T>;",
            "  protected abstract rows<T>(operation: Operation, given: Given, rows: string): AsyncGenerator<T, void, undefined>;",
            *methods, "}"]
    return "\n".join(out).replace("this.call(import,", "this.call(import_,").replace("this.call(export,", "this.call(export_,").replace(
        "const export:", "const export_:") + "\n"
