#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""describe.py TITER FOLDER: manual pages (man1/*.1.gz) and bash completion (titer) from what the program's --help says.

The pages are help2man's; the completion is ours, since no packaged tool reads CLI11's help. Commands of commands
(`titer key create`) have pages too, under names like git's: titer-key-create(1).
"""
import gzip
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def said(program, words, what):
    return subprocess.run([program, *words, what], capture_output=True, text=True, check=True).stdout


def commands_in(help_text):
    """The names under every heading but those of options and positional arguments."""
    heading, names = "", []
    for line in help_text.split("\n"):
        if re.fullmatch(r"\S.*:", line):
            heading = line
        elif not line.startswith(" "):
            heading = ""
        elif heading and heading not in ("Options:", "Positionals:"):
            match = re.match(r"  ([a-z][a-z0-9-]*)(  |$)", line)
            names += [match.group(1)] if match else []
    return names


def options_in(help_text):
    found = re.findall(r"^  ((?:-\w,)?--[a-z][a-z0-9-]*)", help_text, re.M)
    return [word for option in found for word in option.split(",") if word.startswith("--")]


def walk(program, words=()):
    """(words, help text, subcommands) of the program and of every command under it."""
    text = said(program, words, "--help")
    below = commands_in(text)
    yield list(words), text, below
    for name in below:
        yield from walk(program, [*words, name])


def write_page(program, version, words, text, folder):
    name = "-".join(["titer", *words])
    # Standard error stays apart; the environment's language must be one that knows the characters in the help.
    command = ["help2man", "--no-info", "--section=1", "--manual=titer", f"--source=titer {version}",
               f"--version-string={version}", "--name=" + text.split("\n", 1)[0]]
    command += [] if words else ["--include=" + os.path.join(HERE, "titer.h2m")]
    page = subprocess.run([*command, " ".join([program, *words])], capture_output=True, text=True, check=True,
                          env={**os.environ, "LC_ALL": "C.UTF-8"}).stdout
    if words:  # help2man takes the first word for the name
        escaped = name.replace("-", "\\-")
        page = page.replace(".TH TITER ", f".TH {escaped.upper()} ", 1)
        page = page.replace("titer " + " ".join(words).replace("-", "\\-") + " \\-", f"{escaped} \\-", 1)
        page += ".SH \"SEE ALSO\"\n.BR titer (1)\n"
    with open(os.path.join(folder, name + ".1.gz"), "wb") as file:
        file.write(gzip.compress(page.encode(), mtime=0))


COMPLETION = """# Completion of titer's commands and options for bash. Made from --help.
_titer() {
  local word=${COMP_WORDS[COMP_CWORD]} path=titer i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case " ${_titer_commands[$path]} " in
      *" ${COMP_WORDS[i]} "*) path+=" ${COMP_WORDS[i]}" ;;
    esac
  done
  if [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "${_titer_options[$path]}" -- "$word")
  elif [[ -n ${_titer_commands[$path]} ]]; then
    mapfile -t COMPREPLY < <(compgen -W "${_titer_commands[$path]}" -- "$word")
  else
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
  fi
}
"""


def write_completion(described, folder):
    lines = [COMPLETION]
    for table, pick in (("commands", lambda text, below: below), ("options", lambda text, below: options_in(text))):
        lines.append(f"declare -gA _titer_{table}=(")
        lines += [f"  [{' '.join(['titer', *words])!r}]={' '.join(pick(text, below))!r}"
                  for words, text, below in described]
        lines.append(")")
    lines.append("complete -o filenames -F _titer titer")
    with open(os.path.join(folder, "titer"), "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def main():
    program, folder = sys.argv[1:]
    pages = os.path.join(folder, "man1")
    os.makedirs(pages, exist_ok=True)
    described = list(walk(program))
    version = said(program, [], "--version").split()[1]  # titer 0.1.0 (COMMIT, DATE)
    for words, text, _ in described:
        write_page(program, version, words, text, pages)
    write_completion(described, folder)


if __name__ == "__main__":
    main()
