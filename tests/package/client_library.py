#!/usr/bin/env python3
"""The client library as others get it: installed, found by find_package(titer), linked by examples/client, and run."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))
from harness import ROOT, Cluster, environment, main  # noqa: E402

TREE = os.environ.get("TITER_RELEASE_TREE") or os.path.join(ROOT, "build", "release")


def run(*words):
    done = subprocess.run(list(words), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(words)}: {done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


class ClientLibrary(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="titer-client-")
        cls.prefix = os.path.join(cls.folder.name, "prefix")
        run("cmake", "--install", TREE, "--component", "client", "--prefix", cls.prefix)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_only_what_a_client_needs_is_installed(self):
        headers = os.path.join(self.prefix, "include", "titer")
        self.assertEqual(["base", "client", "net", "registry", "smr", "wire"], sorted(os.listdir(headers)))
        names = [name for _, _, files in os.walk(headers) for name in files]
        self.assertIn("gateway_client.h", names)
        self.assertEqual([], [n for n in names if "test" in n or n.startswith("fake")])

    def test_the_example_builds_against_it_and_runs(self):
        built = os.path.join(self.folder.name, "build")
        launcher = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
        run("cmake", "-S", os.path.join(ROOT, "examples", "client"), "-B", built, "-G", "Ninja",
            "-DCMAKE_PREFIX_PATH=" + self.prefix, "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Werror", *launcher)
        # What users include must be found where it is installed, not in our source tree.
        with open(os.path.join(built, "build.ninja"), encoding="utf-8") as file:
            self.assertNotIn(os.path.join(ROOT, "src"), file.read())
        run("cmake", "--build", built)
        with Cluster(3) as cluster:
            for _ in range(2):  # the second time the site is there already
                done = subprocess.run([os.path.join(built, "clinic"), cluster.at()], capture_output=True, text=True,
                                      timeout=30, env=environment(), check=False)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertIn("Example Clinic has 11 of any", done.stdout)
                self.assertRegex(done.stdout, r"event at position \d+: reserve by example")


if __name__ == "__main__":
    main()
