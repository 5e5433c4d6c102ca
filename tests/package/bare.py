# SPDX-License-Identifier: Apache-2.0

"""Bare Debian systems to install packages on: what debootstrap makes, kept in build/ for the next time.

A Machine is an overlay over one: what happens on it is gone with the mount namespace that it was made in. The network and
the processes are those of whoever made it.
"""
import glob
import os
import shutil
import subprocess
import sys

import harness
from harness import ROOT

TREE = os.environ.get("TITER_RELEASE_TREE") or os.path.join(ROOT, "build", "release")
CLEAN = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8",
         "DEBIAN_FRONTEND": "noninteractive"}
APT = ("apt-get", "-qq", "-y", "--no-install-recommends", "-o", "APT::Sandbox::User=root", "-o", "Acquire::Retries=3",
       "-o", "APT::Update::Error-Mode=any")


def run(*words, **options):
    done = subprocess.run(list(words), capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(words)}: exit {done.returncode}: {done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


INSIDE = "TITER_OWN_NAMESPACE"  # set for the process that may mount


def main_in_namespace(problem, *more):
    """unittest's main as root in a mount namespace of its own (`more`: further ones, as unshare's options). Where that is not
    possible, or problem() says why the test is not, it ends with 77: skipped."""
    if INSIDE not in os.environ:
        reason = problem() if os.geteuid() == 0 else "namespaces need root"
        if reason:
            print(f"SKIPPED: {os.path.basename(sys.argv[0])} cannot run here: {reason}")
            sys.exit(77)
        os.execvpe("unshare", ["unshare", "--mount", "--propagation", "private", *more, sys.executable, "-B", *sys.argv],
                   {**os.environ, INSIDE: "1"})
    harness.main()


def make_package(folder, version):
    run("cpack", "--config", os.path.join(TREE, "CPackConfig.cmake"), "-B", folder,
        "-D", f"CPACK_PACKAGE_VERSION={version}")
    return glob.glob(os.path.join(folder, f"titer_{version}-*.deb"))[0]


def bare_system(more=(), name="bare"):
    """Made once; with more packages, and what they depend on, it is a copy of the plain one with them, under a name of its
    own. (its path, None), or (None, why it cannot be made here).
    """
    tree = os.path.join(ROOT, "build", name)
    complete = os.path.join(tree, "complete" if not more else "complete-" + name)
    if os.path.exists(complete):
        return tree, None
    if not shutil.which("debootstrap"):
        return None, "there is no debootstrap"
    shutil.rmtree(tree, ignore_errors=True)
    steps = [["debootstrap", "--variant=minbase", "bookworm", tree], ["chroot", tree, *APT, "update"]]
    if more:
        plain, problem = bare_system()
        if problem:
            return None, problem
        steps = [["cp", "-a", plain, tree], *steps[1:], ["chroot", tree, *APT, "install", *more]]
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, check=False, env=CLEAN)
        if done.returncode != 0:
            return None, f"{step[0]}: {done.stdout[-500:]}{done.stderr[-500:]}"
    with open(complete, "w", encoding="utf-8"):
        return tree, None


class Machine:
    """`enter`: what to write before a command so that it runs on the machine's network."""

    def __init__(self, bare, folder, enter=()):
        self.root, self.enter = os.path.join(folder, "root"), list(enter)
        upper, work = os.path.join(folder, "disk", "upper"), os.path.join(folder, "disk", "work")
        os.makedirs(self.root)
        os.makedirs(os.path.join(folder, "disk"))
        run("mount", "-t", "tmpfs", "disk", os.path.join(folder, "disk"))
        os.makedirs(upper)
        os.makedirs(work)
        run("mount", "-t", "overlay", "overlay", "-o", f"lowerdir={bare},upperdir={upper},workdir={work}", self.root)
        for name in ("proc", "dev", "etc"):  # an image may lack them; a container engine makes them too
            os.makedirs(self.path(name), exist_ok=True)
        run("mount", "-t", "proc", "proc", self.path("proc"))
        run("mount", "--rbind", "/dev", self.path("dev"))
        for name in ("resolv.conf", "hosts"):
            shutil.copy(os.path.join("/etc", name), self.path("etc", name))

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def words(self, *words):
        return [*self.enter, "chroot", self.root, *words]

    def run(self, *words, **environment):
        return run(*self.words(*words), env={**CLEAN, **environment})

    def exists(self, path):
        return os.path.lexists(self.path(path.lstrip("/")))

    def install(self, package):
        """By apt, which also fetches what the package depends on."""
        shutil.copy(package, self.path("root"))
        return self.run(*APT, "install", "/root/" + os.path.basename(package))


def tear_down(folder):
    """Takes away what a Machine has mounted in it, and the folder."""
    for mount in ("root/dev", "root/proc", "root", "disk"):
        subprocess.run(["umount", "-R", os.path.join(folder, mount)], capture_output=True, check=False)
    shutil.rmtree(folder)
