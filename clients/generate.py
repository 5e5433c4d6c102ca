#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Writes what the clients have of docs/reference/openapi.json: the models and operations of the Python client, and the operations of the
TypeScript client (its types are made by openapi-typescript). Both get the version of CMakeLists.txt.

    clients/generate.py            writes the files
    clients/generate.py --check    says which of them are not current, and fails if there are any
"""
import os
import re
import sys

import openapi
import to_python
import to_typescript

HERE = os.path.dirname(os.path.abspath(__file__))


def read(path):
    with open(os.path.join(HERE, path), encoding="utf-8") as file:
        return file.read()


def texts():
    """{path from here: text}"""
    document = openapi.Document()
    version = re.search(r"project\(titer VERSION (\S+)", read("../CMakeLists.txt"))[1]
    described = re.sub(r'"version": "[^"]*"', f'"version": "{version}"', read("typescript/package.json"), count=1)
    package, sources = "python/src/titer_client", "typescript/src"
    return {f"{package}/models.py": to_python.models(document), f"{package}/_operations.py": to_python.operations(document),
            f"{package}/_version.py": f'# SPDX-License-Identifier: Apache-2.0\n\n__version__ = "{version}"\n',
            "typescript/package.json": described, f"{sources}/models.ts": to_typescript.models(document), f"{sources}/operations.ts": to_typescript.operations(document)}


def main():
    stale = []
    for path, text in texts().items():
        full = os.path.join(HERE, path)
        if os.path.exists(full) and read(path) == text:
            continue
        stale.append(path)
        if "--check" not in sys.argv:
            with open(full, "w", encoding="utf-8") as file:
                file.write(text)
    for path in stale:
        print(f"clients/{path}: {'not current; run clients/generate.py' if '--check' in sys.argv else 'written'}")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
