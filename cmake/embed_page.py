# SPDX-License-Identifier: Apache-2.0

"""Packs the files of the built page into one that the program carries; apps/titer/page.cc takes it apart.

Usage: embed_page.py BUILT_DIR OUTPUT

Layout, little-endian: for each file, sorted by name: u32 length, name (with '/' between folders), u32 length, bytes.
"""
import struct
import sys
from pathlib import Path


def main(built, output):
    packed = bytearray()
    for path in sorted(p for p in built.rglob("*") if p.is_file()):
        for part in (path.relative_to(built).as_posix().encode(), path.read_bytes()):
            packed += struct.pack("<I", len(part)) + part
    output.write_bytes(packed)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
