# SPDX-License-Identifier: Apache-2.0

"""The clients as others get them: a wheel in an environment of its own, and an npm package in an empty project. Nothing is fetched."""
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TYPESCRIPT = os.path.join(ROOT, "clients", "typescript")


def run(*words, cwd, env=None):
    """What a command that must succeed prints."""
    done = subprocess.run(words, cwd=cwd, env={**os.environ, **(env or {})}, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def wheel(folder):
    """Builds the wheel from a copy of its sources, so that nothing is left in the tree; its path."""
    sources = os.path.join(folder, "sources")
    shutil.copytree(os.path.join(ROOT, "clients", "python"), sources, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "build"))
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, sources, cwd=folder)
    return os.path.join(folder, next(name for name in os.listdir(folder) if name.endswith(".whl")))


def python_environment(folder):
    """An environment with the wheel; httpx is the system's. Returns the directory of its programs."""
    built = wheel(folder)
    environment = os.path.join(folder, "env")
    run(sys.executable, "-m", "venv", "--system-site-packages", environment, cwd=folder)
    programs = os.path.join(environment, "bin")
    run(os.path.join(programs, "pip"), "install", "--no-deps", "--no-index", built, cwd=folder)
    return programs


def npm_project(folder):
    """An empty project with the package, and the compiler of the tree. Returns the directory of its programs."""
    os.makedirs(folder, exist_ok=True)
    run(os.path.join(TYPESCRIPT, "node_modules", ".bin", "tsc"), cwd=TYPESCRIPT)
    package = run("npm", "pack", "--silent", "--pack-destination", folder, cwd=TYPESCRIPT).strip().split("\n")[-1]
    run("npm", "init", "--yes", cwd=folder)
    run("npm", "pkg", "set", "type=module", cwd=folder)
    run("npm", "install", "--offline", "--no-audit", "--no-fund", os.path.join(folder, package), cwd=folder)
    modules = os.path.join(folder, "node_modules")
    for name in ("typescript", "@types"):
        os.symlink(os.path.join(TYPESCRIPT, "node_modules", name), os.path.join(modules, name))
    os.makedirs(os.path.join(modules, ".bin"), exist_ok=True)
    os.symlink("../typescript/bin/tsc", os.path.join(modules, ".bin", "tsc"))
    run(os.path.join(modules, ".bin", "tsc"), "--init", "--target", "es2022", "--module", "nodenext", "--strict", cwd=folder)
    return os.path.join(modules, ".bin")
