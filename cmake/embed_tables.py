# SPDX-License-Identifier: Apache-2.0

"""Packs data/ (CVX, NDC, ZIP centroids, names of treatments) into one sorted binary file that the program carries and searches
in place.

Usage: embed_tables.py DATA_DIR OUTPUT

Layout, little-endian, offsets from the start of the file; src/registry/products.cc reads it:
  magic 8 bytes, digest u64 (of everything behind it but the treatments), then for each of zips, products, ndcs, strings:
  offset u32, count u32 (strings: bytes)
  zip:     zip u32, lat i32, lon i32 (1e-7 degrees), city u32, county u32, state u32, time zone u32     sorted by zip
  product: number u32, flags u32 (1: active), cvx u32, name u32, groups u32               sorted by number
  ndc:     key u64 (labeler * 10^6 + product * 100 + package), cvx u32, NDC in 5-4-2 digits u32, trade name u32, 0 u32   sorted by key
  A string is named by its offset in the strings; there: length u16, bytes.
Behind the strings, and not in the digest, because they are only shown: length u32, and "NDC TAB name LF" of each treatment.
"""
import csv
import gzip
import hashlib
import struct
import sys
from pathlib import Path


class Strings:
    def __init__(self):
        self.known, self.data = {}, bytearray()

    def add(self, text):
        raw = text.encode()
        if raw not in self.known:
            self.known[raw] = len(self.data)
            self.data += struct.pack("<H", len(raw)) + raw
        return self.known[raw]


def zips(path, strings):
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = {int(r["postal_code"]): r for r in csv.DictReader(file)}
    for number, r in sorted(rows.items()):
        lat, lon = round(float(r["latitude"]) * 1e7), round(float(r["longitude"]) * 1e7)
        names = (strings.add(r[k]) for k in ("city", "county_name", "state_code", "time_zone"))
        yield struct.pack("<IiiIIII", number, lat, lon, *names)


def products(path, strings):
    with open(path, encoding="utf-8", newline="") as file:
        rows = {int(r["cvx"]): r for r in csv.DictReader(file)}
    for number, r in sorted(rows.items()):
        active = 1 if r["status"].lower() == "active" else 0
        names = (strings.add(r[k]) for k in ("cvx", "short_description", "vaccine_groups"))
        yield struct.pack("<IIIII", number, active, *names)


def ndcs(path, strings, cvx_of):
    keys = {}
    with open(path, encoding="utf-8", newline="") as file:
        for r in csv.DictReader(file):
            parts = r["ndc11"].split("-")
            if len(parts) != 3 or not all(p.isdigit() for p in parts) or not r["cvx"].isdigit():
                continue
            labeler, product, package = map(int, parts)
            keys.setdefault(labeler * 10**6 + product * 100 + package, (int(r["cvx"]), r["trade_name"].strip()))
    for key, (cvx, trade) in sorted(keys.items()):
        text = f"{key // 10**6:05}-{key // 100 % 10**4:04}-{key % 100:02}"
        names = (strings.add(name) for name in (cvx_of.get(cvx, f"{cvx:02}"), text, trade))
        yield struct.pack("<QIIII", key, *names, 0)


def treatments(path):
    with open(path, encoding="utf-8", newline="") as file:
        lines = "".join(f"{r['ndc11']}\t{r['name']}\n" for r in csv.DictReader(file)).encode()
    return struct.pack("<I", len(lines)) + lines


def main(data, output):
    strings = Strings()
    with open(data / "codes/cvx.csv", encoding="utf-8", newline="") as file:
        cvx_of = {int(r["cvx"]): r["cvx"] for r in csv.DictReader(file)}
    tables = [
        list(zips(data / "zip/us_zip_centroids.csv.gz", strings)),
        list(products(data / "codes/cvx.csv", strings)),
        list(ndcs(data / "codes/ndc.csv", strings, cvx_of)),
    ]
    at, heads, body = 16 + 4 * 8, b"", b""
    for table in tables:
        packed = b"".join(table)
        packed += bytes(-len(packed) % 8)
        heads += struct.pack("<II", at + len(body), len(table))
        body += packed
    heads += struct.pack("<II", at + len(body), len(strings.data))
    body += bytes(strings.data)
    digest = hashlib.sha256(heads + body).digest()[:8]
    output.write_bytes(b"titertab" + digest + heads + body + treatments(data / "codes/treatments.csv"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
