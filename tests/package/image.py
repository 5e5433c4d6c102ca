#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""The image: what it holds, that others' tools can read it, and the README's tour in a container of it, as its own user."""
import json
import os
import shutil
import sys
import tarfile
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))
from bare import Machine, main_in_namespace, run, tear_down  # noqa: E402
from made import Image, make_image, missing, take_tour  # noqa: E402

USER = 65532


def cannot():
    return missing() or (None if shutil.which("umoci") else "there is no umoci")


class ImageForContainers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="titer-image-")
        cls.addClassCleanup(tear_down, cls.folder)
        cls.made = make_image(os.path.join(cls.folder, "one"))
        cls.image = Image(cls.made, cls.folder)

    def test_it_is_made_the_same_twice_and_says_what_it_is(self):
        again = make_image(os.path.join(self.folder, "two"))
        with open(self.made, "rb") as one, open(again, "rb") as two:
            self.assertEqual(one.read(), two.read())
        image = self.image
        self.assertEqual((["/usr/bin/titer"], f"{USER}:{USER}", {"/var/lib/titer": {}}),
                         (image.config["Entrypoint"], image.config["User"], image.config["Volumes"]))
        labels = {name.rpartition(".")[2]: value for name, value in image.config["Labels"].items()}
        said = run(*image.words(image.root, "titer", "--version"))
        self.assertIn(f"titer {labels['version']} ({labels['revision'][:7]}", said)
        self.assertEqual(("Apache-2.0", "2026-09-21T14:13:20Z"), (labels["licenses"], labels["created"]))

    def test_it_holds_the_program_and_glibc_and_nothing_to_run_else(self):
        root = self.image.root
        programs = [os.path.relpath(os.path.join(folder, name), root)
                    for folder, _, names in os.walk(root) for name in names
                    if os.access(os.path.join(folder, name), os.X_OK)]
        others = [path for path in programs if not os.path.basename(path).startswith(("ld-linux", "libc.so", "libm.so"))]
        self.assertEqual(["usr/bin/titer"], others)
        state = os.stat(os.path.join(root, "var/lib/titer"))
        self.assertEqual((USER, USER, 0o40750), (state.st_uid, state.st_gid, state.st_mode))

    def test_docker_before_version_25_can_load_it(self):
        with tarfile.open(self.made) as tar:
            names = tar.getnames()
            one, = json.load(tar.extractfile("manifest.json"))
        self.assertIn("titer:latest", one["RepoTags"])
        for name in (one["Config"], *one["Layers"]):
            self.assertIn(name, names)

    def test_a_container_of_it_takes_the_tour_as_its_own_user(self):
        machine = Machine(self.image.root, self.folder)
        words = self.image.words(machine.root, *self.image.config["Entrypoint"], env=["TITER_AT=$TITER_AT"])
        take_tour(machine, words, "/var/lib/titer/tour", self.folder)
        owner = os.stat(machine.path("var/lib/titer/tour")).st_uid
        self.assertEqual(USER, owner)


if __name__ == "__main__":
    main_in_namespace(cannot, "--pid", "--fork", "--kill-child", "--mount-proc")
