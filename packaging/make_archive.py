#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""make_archive.py BUILD FOLDER: titer-VERSION-linux-ARCHITECTURE.tar.gz, the program with everything but glibc linked in, and
what belongs to it; prints its path.

The installed files (cmake/install.cmake) with another program in it, and with the licences of all that is linked into that.
BUILD has the targets titer_static and debian_files.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

from tree import Tree, compressed

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
LICENSES = "/usr/share/common-licenses"
# Libraries that are compiled into the program from their headers; the others are linked (BUILD/static_libraries.txt).
HEADERS = ("boost/version.hpp", "CLI/CLI.hpp", "fmt/format.h", "spdlog/spdlog.h", "toml++/toml.h", "xxhash.h")
COMPILERS = ("libstdc++.a", "libgcc.a")


def said(*words):
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def linked_packages(build):
    """{package: version} of Debian's packages, parts of which are in the program."""
    files = read(os.path.join(build, "static_libraries.txt")).split()
    files += [os.path.join("/usr/include", header) for header in HEADERS]
    files += [os.path.realpath(said("g++", "-print-file-name=" + name).strip()) for name in COMPILERS]
    names = sorted({line.split(":")[0] for line in said("dpkg-query", "--search", *files).splitlines()})
    lines = said("dpkg-query", "--show", "--showformat=${Package} ${Version}\n", *names).splitlines()
    return dict(line.split() for line in lines)


def add_licenses(tree, folder, packages, page):
    """Each package's copyright file, and the texts that these refer to, under the names that they use."""
    tree.file(folder + "/packages.txt", "".join(f"{name} {version}\n" for name, version in packages.items()))
    referred = set()
    for name in packages:
        text = read(f"/usr/share/doc/{name}/copyright")
        referred |= set(re.findall(LICENSES + r"/([\w.-]*\w)", text))
        tree.file(f"{folder}/{name}.txt", text)
    for name in referred:
        version = os.path.basename(os.path.realpath(os.path.join(LICENSES, name)))  # of LGPL: LGPL-3
        tree.file(f"{folder}/{version}", read(os.path.join(LICENSES, version)))
        if name != version:
            tree.link(f"{folder}/{name}", version)
    tree.file(folder + "/page.txt", read(page))


def files_of(build, architecture):
    """The files of the archive, below its one folder."""
    tree = Tree()
    with tempfile.TemporaryDirectory() as staged:
        said("cmake", "--install", build, "--component", "runtime", "--prefix", staged)
        program = os.path.join(staged, "bin", "titer")
        said(f"{architecture}-linux-gnu-strip", "-o", program, os.path.join(build, "bin", "titer_static"))
        for name in ("changelog.Debian.gz", "copyright"):
            os.remove(os.path.join(staged, "share", "doc", "titer", name))
        tree.copy("", staged)
    unit = "lib/systemd/system/titer@.service"
    text = tree.entries[unit][1].decode().replace("/usr/", "/usr/local/")
    tree.file(unit, text)
    for name in ("LICENSE", "NOTICE"):
        tree.copy(name, os.path.join(ROOT, name))
    tree.copy("README.md", os.path.join(HERE, "README.archive.md"))
    add_licenses(tree, "licenses", linked_packages(build), os.path.join(build, "web", "licenses.txt"))
    return tree


def make_archive(build, folder):
    with open(os.path.join(build, "build_info.json"), encoding="utf-8") as file:
        info = json.load(file)
    name = f"titer-{info['version']}-linux-{info['architecture']}"
    tree = Tree()
    tree.put(name, files_of(build, info["architecture"]))
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, name + ".tar.gz")
    with open(path, "wb") as file:
        file.write(compressed(tree.tar()))
    return path


if __name__ == "__main__":
    print(make_archive(*sys.argv[1:]))
