#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""make_image.py BUILD ARCHIVE FOLDER: titer-VERSION-oci-PLATFORM.tar, an image for containers; prints its path.

An OCI image layout (opencontainers/image-spec) of one layer: the archive's program and licences, the files of Debian's
libc6 that it needs, and a user. Beside it the manifest.json of `docker save`, so that every docker can load the file. Made
without a registry, a daemon and root. No shell is in it.
"""
import datetime
import hashlib
import json
import os
import re
import subprocess
import sys
import tarfile

from tree import Tree, compressed, epoch

USER = 65532
PLATFORMS = {"x86_64": "amd64", "aarch64": "arm64"}  # as images name them
PASSWD = f"root:x:0:0:root:/:/sbin/nologin\ntiter:x:{USER}:{USER}:titer:/var/lib/titer:/sbin/nologin\n"
GROUP = f"root:x:0:\ntiter:x:{USER}:\n"


def said(*words):
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def read(path):
    with open(path, "rb") as file:
        return file.read()


def add_program(tree, archive):
    """The program, and what comes with its licence."""
    with tarfile.open(archive) as tar:
        for member in tar:
            path = member.name.partition("/")[2]
            if path == "bin/titer":
                tree.file("usr/bin/titer", tar.extractfile(member).read(), 0o755)
            elif path in ("LICENSE", "NOTICE") or path.startswith("licenses/"):
                tree.file("usr/share/doc/titer/" + path, tar.extractfile(member).read())


def add_libc(tree, program, platform):
    """The loader and the libraries that the program asks for, where it looks for them; and which package they are of, as
    scanners of images read it."""
    loader = re.search(r"interpreter: (\S+)\]", said("readelf", "-lW", program))[1]
    triplet = said("gcc", "-print-multiarch").strip()
    names = re.findall(r"\(NEEDED\).*\[(\S+)\]", said("readelf", "-dW", program))
    paths = {loader} | {f"/lib/{triplet}/{name}" for name in names if not loader.endswith(name)}
    for path in paths:
        tree.file(path.lstrip("/"), read(path), 0o755)
    package = "libc6:" + platform
    owned = {os.path.realpath(line) for line in said("dpkg-query", "--listfiles", package).splitlines()}
    strangers = {path for path in paths if os.path.realpath(path) not in owned}
    if strangers:
        raise SystemExit(f"{program} needs more than {package}: {strangers}")
    tree.file("var/lib/dpkg/status.d/libc6", said("dpkg-query", "--status", package))
    tree.file("usr/share/doc/libc6/copyright", read("/usr/share/doc/libc6/copyright"))
    tree.file("etc/os-release", read("/etc/os-release"))


def root_of(archive, program, platform):
    tree = Tree()
    add_program(tree, archive)
    add_libc(tree, program, platform)
    tree.file("etc/passwd", PASSWD)
    tree.file("etc/group", GROUP)
    tree.file("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")
    tree.folder("etc/titer")
    tree.folder("tmp", 0o1777)
    tree.folder("var/lib/titer", 0o750, USER)
    return tree


def settings(info, platform, layer):
    """The image's configuration."""
    created = datetime.datetime.fromtimestamp(epoch(), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    name = "org.opencontainers.image."
    return {
        "created": created, "architecture": platform, "os": "linux",
        "config": {
            "User": f"{USER}:{USER}", "WorkingDir": "/var/lib/titer", "Entrypoint": ["/usr/bin/titer"],
            "Env": ["PATH=/usr/bin"], "Volumes": {"/var/lib/titer": {}}, "StopSignal": "SIGTERM",
            "ExposedPorts": {"8892/tcp": {}, "8080/tcp": {}},
            "Labels": {name + "title": "titer", name + "description": "replicated database for vaccine availability",
                       name + "version": info["version"], name + "revision": info["revision"],
                       name + "created": created, name + "licenses": "Apache-2.0"}},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]},
        "history": [{"created": created, "created_by": "packaging/make_image.py"}]}


class Layout:
    """The tree of an image layout: what is stored is named by its digest."""

    def __init__(self):
        self.tree = Tree()

    def put(self, kind, content):
        digest = hashlib.sha256(content).hexdigest()
        self.tree.file("blobs/sha256/" + digest, content)
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": "sha256:" + digest, "size": len(content)}

    def put_json(self, kind, value):
        return self.put(kind, json.dumps(value, sort_keys=True).encode())


def layout_of(info, platform, layer):
    out = Layout()
    stored = out.put("layer.v1.tar+gzip", compressed(layer))
    config = out.put_json("config.v1+json", settings(info, platform, layer))
    manifest = out.put_json("manifest.v1+json", {
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": config, "layers": [stored]})
    manifest["annotations"] = {"org.opencontainers.image.ref.name": info["version"]}
    out.tree.file("oci-layout", json.dumps({"imageLayoutVersion": "1.0.0"}))
    out.tree.file("index.json", json.dumps({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [manifest]}))
    blob = {name: "blobs/" + one["digest"].replace(":", "/") for name, one in (("config", config), ("layer", stored))}
    out.tree.file("manifest.json", json.dumps([
        {"Config": blob["config"], "RepoTags": [f"titer:{info['version']}", "titer:latest"], "Layers": [blob["layer"]]}]))
    return out.tree


def make_image(build, archive, folder):
    info = json.loads(read(os.path.join(build, "build_info.json")))
    platform = PLATFORMS[info["architecture"]]
    layer = root_of(archive, os.path.join(build, "bin", "titer_static"), platform).tar()
    path = os.path.join(folder, f"titer-{info['version']}-oci-{platform}.tar")
    with open(path, "wb") as file:
        file.write(layout_of(info, platform, layer).tar())
    return path


if __name__ == "__main__":
    print(make_image(*sys.argv[1:]))
