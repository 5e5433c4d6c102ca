#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""The client library as others get it: what is installed and exported, and examples/client built with it by
find_package(titer) and run against real clusters, one of whose replicas is killed meanwhile.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))
from harness import ROOT, Cluster, end, environment, main  # noqa: E402
from tls import Files  # noqa: E402

TREE = os.environ.get("TITER_RELEASE_TREE") or os.path.join(ROOT, "build", "release")
HEADERS = ["client.h", "result.h", "types.h"]
VERSION = "0.2"
PATIENTS = 5000


def run(*words, **options):
    done = subprocess.run(list(words), capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(words)}: {done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


class ClientLibrary(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="titer-client-")
        cls.prefix = os.path.join(cls.folder.name, "prefix")
        for component in ("library", "client"):
            run("cmake", "--install", TREE, "--component", component, "--prefix", cls.prefix)
        cls.library = os.path.join(cls.prefix, "lib", f"libtiter.so.{VERSION}")
        cls.clinic = cls.build_example()

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def build_example(cls):
        built = os.path.join(cls.folder.name, "build")
        launcher = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
        run("cmake", "-S", os.path.join(ROOT, "examples", "client"), "-B", built, "-G", "Ninja",
            "-DCMAKE_PREFIX_PATH=" + cls.prefix, "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Wpedantic -Werror", *launcher)
        run("cmake", "--build", built)
        # What it was built with is what is installed, not our source tree.
        with open(os.path.join(built, "build.ninja"), encoding="utf-8") as file:
            text = file.read()
        for place in ("src", "include"):
            if os.path.join(ROOT, place) in text:
                raise AssertionError(f"the example is built with {place} of the source tree")
        return os.path.join(built, "clinic")

    def test_three_headers_are_installed_and_each_stands_alone(self):
        include = os.path.join(self.prefix, "include")
        found = [os.path.relpath(os.path.join(at, name), include) for at, _, names in os.walk(include) for name in names]
        self.assertEqual([f"titer/{name}" for name in HEADERS], sorted(found))
        ours = re.compile(re.escape(include) + "/titer/")
        system = re.compile(r"/usr/(include/(c\+\+|x86_64-linux-gnu|aarch64-linux-gnu)|lib/gcc)/|/usr/include/[^/]+\.h$|"
                            r"/usr/include/(asm-generic|linux)/")
        for name in HEADERS:
            source = os.path.join(self.folder.name, name + ".cc")
            with open(source, "w", encoding="utf-8") as file:
                file.write(f"#include <titer/{name}>\n")
            read = run("c++", "-std=c++20", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I" + include, "-M", source)
            run("c++", "-std=c++20", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I" + include, "-fsyntax-only", source)
            files = [word for word in read.replace("\\\n", " ").split()[1:] if word != source]
            others = [f for f in files if not ours.match(f) and not system.match(os.path.normpath(f))]
            self.assertEqual([], others, "neither ours nor of the compiler and the C library")

    def test_the_library_exports_the_facade_alone(self):
        symbols = run("nm", "-D", "--defined-only", "--demangle", "--format=posix", self.library).splitlines()
        namespace = "titer::v" + VERSION.replace(".", "_") + "::"
        self.assertEqual([], [s for s in symbols if not s.startswith(namespace) or "::Impl" in s])
        self.assertTrue(any(s.startswith(namespace + "Client::connect(") for s in symbols), symbols)
        self.assertTrue(any(s.startswith(namespace + "Watch::next(") for s in symbols), symbols)
        dynamic = run("readelf", "-d", "--wide", self.library)
        self.assertIn(f"Library soname: [libtiter.so.{VERSION}]", dynamic)
        # Of the templates of others nothing may be visible, and nothing of ours may be left to be found elsewhere.
        self.assertNotIn("boost", dynamic)
        self.assertNotRegex(run("nm", "-D", "--undefined-only", "--demangle", self.library), r"\btiter::")
        self.assertIn(f"libtiter.so.{VERSION}", run("readelf", "-d", "--wide", self.clinic))

    def test_the_manual_compiles(self):
        """The code in client-library.md: the first piece is a program, each other one the body of a function."""
        with open(os.path.join(ROOT, "docs", "reference", "client-library.md"), encoding="utf-8") as file:
            program, *pieces = re.findall(r"```cpp\n(.*?)```", file.read(), re.S)
        self.assertEqual(5, len(pieces))
        program += """
            #include <vector>
            struct Delivery { std::string site, product; int doses; };
            void pieces(titer::Result<titer::Client>& client, titer::Result<titer::Outcome>& reserved,
                        titer::Result<titer::SiteAt>& clinic,
                        const std::vector<Delivery>& deliveries, int& done, int& refused, bool& stopped) {
            """ + "".join("{" + piece + "}\n" for piece in pieces) + "}\n"
        with Cluster(3, ["--memory"]) as cluster:
            for index in range(3):
                program = program.replace(f":{8892 + index}\"", f":{cluster.port(index)}\"")
            source, built = (os.path.join(self.folder.name, name) for name in ("manual.cc", "manual"))
            with open(source, "w", encoding="utf-8") as file:
                file.write(program)
            lib = os.path.dirname(self.library)
            run("c++", "-std=c++20", "-Wall", "-Wno-unused", "-Werror", source, "-o", built,
                "-I" + os.path.join(self.prefix, "include"), "-L" + lib, "-Wl,-rpath," + lib, "-ltiter")
            self.assertEqual("10 doses are left\n", run(built))

    def visit(self, cluster, *more, **env):
        """Runs the example to its end; what it printed."""
        done = subprocess.run([self.clinic, cluster.at(), *more], capture_output=True, text=True, timeout=60,
                              env={**environment(), **env}, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def test_the_example_runs_twice(self):
        with Cluster(3) as cluster:
            for _ in range(2):  # the second time the site is there already
                said = self.visit(cluster)
                self.assertIn("Example Clinic has 11 of any", said)
                self.assertRegex(said, r"change 1 at position \d+: reserve by example")

    def test_the_example_goes_on_while_its_replica_is_killed(self):
        with Cluster(3) as cluster:
            clinic = subprocess.Popen([self.clinic, cluster.at(), str(PATIENTS)], stdout=subprocess.PIPE, text=True,
                                      env=environment())
            try:
                first = clinic.stdout.readline()
                port = int(re.search(r"by way of 127\.0\.0\.1:(\d+)", first).group(1))
                cluster.kill(port - cluster.base)
                rest, _ = clinic.communicate(timeout=60)
            finally:
                end(clinic)
            self.assertEqual(clinic.returncode, 0)
            used = set(re.findall(r"by way of 127\.0\.0\.1:(\d+)", rest))
            self.assertTrue(used - {str(port)}, "it went to another replica")
            # Each reservation counted once, and each change was seen once: the library repeated what had no answer.
            self.assertIn("Example Clinic has 11 of any", rest)
            self.assertRegex(rest, rf"change {PATIENTS} at position \d+: reserve by example")

    def test_the_example_runs_under_tls(self):
        files = Files()
        with files.folder, Cluster(2, ["--memory"], tls=files.dir) as cluster:
            said = self.visit(cluster, TITER_CA=os.path.join(files.ca, "ca.pem"))
            self.assertIn("Example Clinic has 11 of any", said)
            refused = subprocess.run([self.clinic, cluster.at()], capture_output=True, text=True, timeout=60,
                                     env=environment(), check=False)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("(unavailable)", refused.stderr)


if __name__ == "__main__":
    main()
