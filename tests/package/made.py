# SPDX-License-Identifier: Apache-2.0

"""The archive and the image, made of the release tree, and the README's tour with the program of either."""
import json
import os
import shutil
import subprocess
import sys
import tarfile

from bare import CLEAN, TREE, run
from harness import ROOT, RUN_SAMPLES, SAMPLES

TIME = "1790000000"  # of the commit, as it were


def missing():
    """Why neither can be made here, or None."""
    if not os.path.exists(os.path.join(TREE, "bin", "titer_static")):
        return f"there is no titer_static in {TREE}: build it, with debian_files"
    return None


def make(what, *words):
    """What packaging/make_WHAT.py makes: its path."""
    script = os.path.join(ROOT, "packaging", f"make_{what}.py")
    return run(sys.executable, "-B", script, *words, env={**os.environ, "SOURCE_DATE_EPOCH": TIME}).strip()


def make_image(folder):
    return make("image", TREE, make("archive", TREE, folder), folder)


class Image:
    """An image, unpacked by umoci: `root`, its files; `config`, how it is to be run."""

    def __init__(self, path, folder):
        self.layout, bundle = os.path.join(folder, "layout"), os.path.join(folder, "bundle")
        with tarfile.open(path) as tar:
            tar.extractall(self.layout)
        with open(os.path.join(self.layout, "index.json"), encoding="utf-8") as file:
            self.manifest = self.blob(json.load(file)["manifests"][0]["digest"])
        self.config = self.blob(self.manifest["config"]["digest"])["config"]
        tag = self.config["Labels"]["org.opencontainers.image.version"]
        run("umoci", "unpack", "--image", f"{self.layout}:{tag}", bundle)
        self.root = os.path.join(bundle, "rootfs")

    def blob(self, digest):
        with open(os.path.join(self.layout, "blobs", *digest.split(":")), encoding="utf-8") as file:
            return json.load(file)

    def words(self, root, *words, env=()):
        """A command in a container of it, whose files are at `root`. The image's own user is in effect, and of the environment
        only the image's own and `env`, as with `docker run --env`."""
        chroot = shutil.which("chroot", path=CLEAN["PATH"])  # the image's own PATH is in effect when it is looked for
        return ["setpriv", "--no-new-privs", "env", "-i", *self.config["Env"], *env, chroot, "--userspec",
                self.config["User"], "--groups", "", root, *words]


def take_tour(machine, words, data, folder):
    """The README's tour with the program that `words` start in the machine; its data goes to `data` there. A word may have $NAME
    in it: a variable of the tour."""
    titer = os.path.join(folder, "entered", "titer")
    os.makedirs(os.path.dirname(titer))
    with open(titer, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\nexec " + " ".join(f'"{word}"' for word in words) + " \"$@\"\n")
    os.chmod(titer, 0o755)
    os.makedirs(machine.path(SAMPLES.lstrip("/")), exist_ok=True)
    for sample in RUN_SAMPLES:
        shutil.copy(sample, machine.path(sample.lstrip("/")))
    tour = subprocess.run([sys.executable, "-B", os.path.join(ROOT, "tests", "e2e", "readme.py"), "Tour"], check=False,
                          env={**os.environ, "TITER_BIN": titer, "TITER_TOUR_DATA": data})
    if tour.returncode != 0:
        raise AssertionError("the tour did not come out as written")
