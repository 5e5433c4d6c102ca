#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Holds every text that people read to plain English. `python3 tests/words.py` prints the findings.

It reads documents, comments, docstrings, the strings of the program (help and error messages), the page's texts, and what
./dev prints. Two rules, each a function from the tree to complaints, like those of layering.py:

- bare_who: no sentence begins with a bare "who" or "what" ("Who restarts is full"). Name the subject. Questions are fine.
- discouraged: words that mislead, or that readers in this field do not use, each with its replacement.

words_test.py runs the rules on this tree and on planted faults. Spelling is codespell's part (.codespellrc).
"""
import ast
import io
import re
import sys
import tokenize

from layering import ROOT, files, read

# (rule, path, part of the text) -> why it may stand. Keep it short; words_test.py reports entries that are not needed.
EXCEPTIONS = {}

# Data, generated files, the texts of others, and the texts in which these rules quote what they forbid.
UNREAD = ("data/", "fuzz/corpus/", "tests/words", "CODE_OF_CONDUCT.md")


# --- prose: what people read in a file, as (number of its first line, text); a line stays a line


C_TOKEN = re.compile(r'R"(?P<mark>\w*)\((?P<raw>(?:.|\n)*?)\)(?P=mark)"|//(?P<line>[^\n]*)|/\*(?P<block>(?:.|\n)*?)\*/'
                     r'|"(?P<text>(?:\\.|[^"\\\n])*)"|`(?P<template>(?:\\.|[^`\\])*)`'
                     r"|(?<![0-9a-fA-F\w])'(?P<char>(?:\\.|[^'\\\n])*)'")


def c_prose(text):
    """Comments (the lines of one column joined) and strings (adjacent ones joined) of C++, TypeScript, CSS, Promela."""
    joined = None  # (is it a comment, column, number of its first line, text, where it ends)
    for match in C_TOKEN.finditer(text):
        is_comment = match.lastgroup in ("line", "block")
        body = match.group(match.lastgroup)
        if is_comment:
            body = re.sub(r"(?m)^[ \t]*\*(?!\*)", "", body)
        else:
            body = body.replace("\\n", "  ").replace('\\"', ' "')
        column = match.start() - text.rfind("\n", 0, match.start()) if is_comment else 0
        between = text[joined[4]:match.start()] if joined else ""
        if joined and joined[:2] == (is_comment, column) and between.strip() == "" and between.count("\n") <= 1:
            joined = (*joined[:3], joined[3] + "\n" * between.count("\n") + body, match.end())
            continue
        if joined:
            yield joined[2:4]
        joined = (is_comment, column, text.count("\n", 0, match.start()) + 1, body, match.end())
    if joined:
        yield joined[2:4]


def python_prose(text):
    """Docstrings, and comments (those of one column joined)."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node, clean=False):
            yield node.body[0].lineno, ast.get_docstring(node, clean=False)
    block = []  # [(line, column), text]
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            if block and token.start != (block[-1][0][0] + 1, block[-1][0][1]):
                yield block[0][0][0], "\n".join(line for _, line in block)
                block = []
            block.append((token.start, token.string[1:]))
    if block:
        yield block[0][0][0], "\n".join(line for _, line in block)


def shell_prose(text):
    """Comments behind # and the text of here-documents."""
    inside, first, block = None, 0, []
    for number, line in enumerate(text.split("\n") + [""], 1):
        opened = re.search(r"<<-?'?([A-Z]+)'?$", line)
        comment = re.match(r"(?:.*\s)?#+(?: (.*))?$|#$", line) if inside is None else None
        if inside is not None and line.strip() != inside or comment:
            if not block:
                first = number
            block.append((comment.group(1) or "") if comment else line)
            continue
        if block:
            yield first, "\n".join(block)
            block = []
        inside = None if inside else opened.group(1) if opened else None


def markdown_prose(text):
    """Everything but code and the heads of tables."""
    blank = lambda match: "\n" * match.group().count("\n")
    text = re.sub(r"```(?:.|\n)*?```|(?m:^\|.*\|\n(?=\|[-| :]+\|$))", blank, text)
    yield 1, re.sub(r"`[^`\n]*`", "`code`", text)


READERS = [
    ((".h", ".cc", ".ts", ".tsx", ".js", ".mjs", ".css", ".pml", ".go"), c_prose),
    ((".py",), python_prose),
    ((".md",), markdown_prose),
    ((".sh", ".cmake", "CMakeLists.txt", ".yml", ".yaml", ".toml", ".service", "dev", ".ci/run", ".in", "postinst",
      "prerm", "postrm"), shell_prose),
]


def prose(root):
    """(path, number of the first line, text) of everything that people read."""
    for path in files(root):
        reader = next((r for ends, r in READERS if path.endswith(ends)), None)
        if reader and not path.startswith(UNREAD) and "/testdata/" not in path:
            for first, text in reader(read(root, path)):
                yield path, first, text


# --- rules

# Where a sentence begins: a text, a paragraph, a list item, or behind . ! ? or ;
MARKUP = r"[*_\"'(]*"
SENTENCE = r"(?:\A\s*|\n[ \t]*\n\s*|(?:\A|\n)[ \t]*(?:[-*>]|\d+\.)[ \t]+|(?<=[.!?;])[\"')*]*\s+)" + MARKUP
# "Who" is no better behind a colon, in a heading or in a cell; "what" often is: a list or an indirect question follows.
PART = r"(?:" + SENTENCE + r"|:\s+|\n#+[ \t]+(?:\d+\.\s+)?|\|[ \t]*)" + MARKUP
VERBS = ("is|are|was|were|has|have|had|does|do|did|can|cannot|could|may|might|must|needs?|will|would|shall|should|wants?"
         "|comes?|asks?|begins?|starts?|goes|stands?|lies|holds?|says|makes|takes|gives|gets|knows|sends?|reads?|writes?"
         "|follows?|happens?|remains|matters|changes|changed|differs?|counts|costs|leaves?|fails?|dies|reaches|arrives?")
BARE = re.compile(rf"{PART}(?P<who>(?:who|whom)(?:ever)?\b)|{SENTENCE}(?P<what>what(?:ever)?\s+(?:{VERBS})\b)", re.I)
END = re.compile(r"[.!?](?=[\"')*]*(?:\s|\Z))|\n[ \t]*\n|\Z|\|")


def rule_bare_who(root):
    out = []
    for path, first, text in prose(root):
        for match in BARE.finditer(text):
            at = match.start(match.lastgroup)
            sentence = " ".join(text[at:END.search(text, at).end()].split())
            begins_text = text[:at].strip(" \t\n-*") == ""
            label = begins_text and sentence[0].islower() and not sentence.endswith(".")  # "who did it": no sentence
            if not label and not sentence.endswith("?"):
                out.append(f"{path}:{first + text.count(chr(10), 0, at)}: name the subject: {sentence[:110]}")
    return out


# What must not be written -> what to write. Only words that are wrong wherever they stand; CONTRIBUTING.md names others.
DISCOURAGED = {
    r"anew|afresh": '"again", "from scratch", "a new one"; for a cluster "restart"',
    r"for ever": '"forever", "permanently", "indefinitely"',
    r"mend(s|ed|ing)?": '"fix", "repair", "correct"',
    r"(run|runs|ran|running) full": '"fills up", "is almost full"',
    r"(go|goes|going|went) on without": '"continue without", or say what is lost',
    r"(go|goes|going|went) on from": '"resume from", "continue from"',
    r"spoil(s|ed|t|ing)?": '"corrupt", "damaged"',
    r"(see|sees|seen) to it": '"ensure"',
    r"needless(ly)?": '"obsolete", "unnecessary"',
    r"the whole of": '"all of", "the entire"',
    r"all the same": '"anyway", "nevertheless"; for equals "identical"',
    r"as (was )?told": '"as configured", "as instructed"',
    r"told (so|why)": '"receives an error that says …", "gets the reason"',
    r"founders?|founds|founding|to found": '"bootstrap"',
    r"in work": '"in progress"',
    r"(is|are|was|were|be) (not )?whole(?=\s*(?:[^\w\s]|\Z))": '"complete", "intact"',
    r"as there (may|can) be": '"too many", "the maximum"',
    r"he|him|his|she|hers?": '"they", "their", or the noun: a client is "it"',
    r"lest": '"so that … not"',
}


def rule_discouraged(root):
    patterns = [(re.compile(rf"(?<![\w-]){'(?:' + word.replace(' ', chr(92) + 's+') + ')'}(?![\w-])", re.I), instead)
                for word, instead in DISCOURAGED.items()]
    out = []
    for path, first, text in prose(root):
        for pattern, instead in patterns:
            for match in pattern.finditer(text):
                number = first + text.count("\n", 0, match.start())
                around = " ".join(text[max(0, match.start() - 30):match.end() + 30].split())
                out.append(f"{path}:{number}: write {instead}: … {around} …")
    return sorted(out)


RULES = {"bare_who": rule_bare_who, "discouraged": rule_discouraged}


def complaints(name, root):
    excused = [(path, part) for rule, path, part in EXCEPTIONS if rule == name]
    return [c for c in RULES[name](root) if not any(c.startswith(path + ":") and part in c for path, part in excused)]


if __name__ == "__main__":
    everything = [complaint for name in RULES for complaint in complaints(name, ROOT)]
    print("\n".join(everything))
    sys.exit(1 if everything else 0)
