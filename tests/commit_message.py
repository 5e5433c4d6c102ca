#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Checks commit messages: `commit_message.py FILE` as Git's commit-msg hook, `commit_message.py --range A..B` for the CI.

The form is in CONTRIBUTING.md: a subject `module: what it does now`, and below an empty line why. Changes to the modules
that keep the promise (NEED_WHY) must have such a body. `./dev hooks` installs the hook. Exit code 1: a message that does
not pass, with the reason on standard error.
"""
import os
import re
import subprocess
import sys

# Modules in which a wrong line loses or forks data: the next reader needs the reason, not only the change.
NEED_WHY = ("src/smr/", "src/view/", "src/store/", "src/node/")
SUBJECT_MAX, BODY_LINE_MAX, WORD_MAX, WHY_WORDS_MIN = 72, 120, 60, 5

# What Git itself writes. A fixup is folded into another commit before anybody else sees it, so only --range refuses it.
WRITTEN_BY_GIT = re.compile(r'Merge |Revert "')
TO_BE_FOLDED = re.compile(r"(fixup|squash|amend)! ")
PREFIX = re.compile(r"[a-z][\w./-]*(?:, [\w./-]+)*: (?P<what>\S.*)$")
TRAILER = re.compile(r"[A-Z][A-Za-z-]+: \S")


def complaints(message, paths, published=False):
    """The faults of this message, of a commit that changes these paths; none if it may pass."""
    lines = cleaned(message)
    if not lines:
        return ["the message is empty"]
    subject, body = lines[0], lines[1:]
    if WRITTEN_BY_GIT.match(subject):
        return []
    if TO_BE_FOLDED.match(subject):
        return ["fold this commit into the one that it names (git rebase --autosquash)"] if published else []
    out = []
    match = PREFIX.match(subject)
    if not match:
        out.append(f"the subject does not have the form `module: what it does now`: {subject}")
    if re.search(r"\bwip\b", subject, re.I):
        out.append("the subject says that the work is unfinished")
    if subject.endswith("."):
        out.append("the subject ends with a full stop")
    if len(subject) > SUBJECT_MAX:
        out.append(f"the subject has {len(subject)} characters, more than {SUBJECT_MAX}")
    if body and body[0]:
        out.append("the second line is not empty")
    out += [f"a line of the body has {len(line)} characters, more than {BODY_LINE_MAX}: {line[:40]} …"
            for line in body if len(line) > BODY_LINE_MAX and max(map(len, line.split())) <= WORD_MAX]  # not for addresses
    touched = sorted({prefix for prefix in NEED_WHY for path in paths if path.startswith(prefix)})
    words = " ".join(line for line in body if not TRAILER.match(line)).split()
    if touched and len(words) < WHY_WORDS_MIN:
        out.append(f"a change under {', '.join(touched)} needs a body that says why")
    return out


def cleaned(message):
    """The lines that Git keeps: no comments, nothing below the scissors, no empty lines around."""
    message = re.split(r"^# -+ >8 -+$", message, maxsplit=1, flags=re.M)[0]
    lines = [line.rstrip() for line in message.split("\n") if not line.startswith("#")]
    return "\n".join(lines).strip("\n").split("\n") if any(lines) else []


def git(*arguments):
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout


def check_hook(path):
    with open(path, encoding="utf-8") as file:
        return complaints(file.read(), git("diff", "--cached", "--name-only").split("\n"))


def check_range(commits):
    out = []
    for commit in git("rev-list", "--no-merges", "--reverse", commits).split():
        message = git("show", "--no-patch", "--format=%B", commit)
        paths = git("diff-tree", "--no-commit-id", "--name-only", "-r", "--root", commit).split("\n")
        out += [f"{commit[:12]}: {complaint}" for complaint in complaints(message, paths, published=True)]
    return out


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "--range":
        found = check_range(arguments[1])
    elif len(arguments) == 1 and os.path.isfile(arguments[0]):
        found = check_hook(arguments[0])
    else:
        print(__doc__, file=sys.stderr)
        return 2
    if found:
        print("\n".join(found) + "\nCONTRIBUTING.md has the form, under \"Commits\".", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
