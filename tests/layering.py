#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""The layering and style rules that a compiler does not know. `python3 tests/layering.py` prints what breaks them.

The rules: includes go one way, as CMakeLists.txt names the links; the pure modules use no clock, thread, socket, file or chance;
headers begin with what they are; files and functions stay readable; no left-overs; no sleeps in tests; documents point to what
exists. Each rule is a function from the tree to its complaints; layering_test.py runs them on this tree, and on small trees with
planted faults. Permitted violations are listed in EXCEPTIONS.
"""
import functools
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# (rule, path) -> why this file may break this rule. Keep it short; take out what is no longer needed.
EXCEPTIONS = {
    ("disabled_tests", "src/client/part_file_test.cc"): "only root can give a file to another user",
    **{("sizes", f"clients/python/src/titer_client/{made}.py"): "made by clients/generate.py" for made in ("models", "_operations")},
    ("pure_modules", "src/base/time.cc"): "the calendar of <chrono>; it looks at no clock",
    ("pure_modules", "src/sim/silent_log.cc"): "the log of the process is off while a run goes on",
    ("pure_modules", "src/sim/workers.cc"): "runs many seeds in child processes; a run itself is in world.cc",
}

# No I/O, threads, clocks, chance: what they do depends on their input alone.
PURE_MODULES = ("base", "registry", "smr", "wire", "machine", "formats", "check", "sim")
FILE_LINES_MAX, FUNCTION_LINES_MAX = 450, 70
SOURCE_DIRS = ("include", "src", "apps", "tests", "bench", "sim")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


# Every rule reads the same files, and none changes while they do: what is read once is kept.
@functools.cache
def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


@functools.cache
def files(root):
    """Every file of the project, as paths from its root: what git knows or would take."""
    listed = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard", "-z"],
                            capture_output=True, text=True)
    if listed.returncode == 0:
        paths = [p for p in listed.stdout.split("\0") if p]
    else:  # not a git tree: the planted ones, or an unpacked archive
        paths = [os.path.relpath(os.path.join(d, f), root) for d, _, names in os.walk(root) for f in names]
        paths = [p for p in paths if not p.startswith(("build/", "titer-data/"))]
    return sorted(p for p in paths if os.path.isfile(os.path.join(root, p)))


@functools.cache
def code_files(root):
    return [p for p in files(root) if p.split("/")[0] in SOURCE_DIRS and p.endswith((".h", ".cc"))]


def is_data(path):
    """Published by others, or bytes on purpose: no rule looks at them."""
    return path.startswith(("data/", "fuzz/corpus/")) or "/testdata/" in path or path.endswith((".gz", ".png"))


def is_test(path):
    return path.endswith("_test.cc") or path.startswith("tests/") or "/testing/" in path


def module_of(path):
    parts = path.split("/")
    return parts[1] if parts[0] == "src" and len(parts) > 2 else None


def modules(root):
    """{module: modules it links, directly or through another}, in the order of CMakeLists.txt."""
    found = {}
    for body in re.findall(r"^titer_module\(([^)]*)\)", read(root, "CMakeLists.txt"), re.M):
        words = body.split()
        direct = []
        if "MODULES" in words:
            for word in words[words.index("MODULES") + 1:]:
                if word == "LIBRARIES":
                    break
                direct.append(word)
        found[words[0]] = direct
    return found


@functools.cache
def blank_strings_and_comments(text):
    """The same text with comments, strings and characters blanked, line numbers kept."""
    token = re.compile(r'R"(\w*)\((?:.|\n)*?\)\1"|//[^\n]*|/\*(?:.|\n)*?\*/|"(?:\\.|[^"\\\n])*"'
                       r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'")
    return token.sub(lambda m: '""' + "\n" * m.group().count("\n"), text)


def lines_matching(text, pattern):
    for number, line in enumerate(text.split("\n"), 1):
        if re.search(pattern, line):
            yield number, line.strip()


# --- rules: root -> complaints, each "path[:line]: what"


def rule_one_way(root):
    """A module includes itself and the modules it links; a module links only modules named above it; nobody includes apps."""
    links, out, seen = modules(root), [], []
    if not links:
        return ["CMakeLists.txt: no titer_module() found"]
    for module, direct in links.items():
        out += [f"CMakeLists.txt: {module} links {other}, which is not named above it"
                for other in direct if other not in seen]
        seen.append(module)
    for path in code_files(root):
        module = module_of(path)
        if module is not None and module not in links:
            out.append(f"{path}: module {module} is not in CMakeLists.txt")
            continue
        allowed = set(links) if module is None else {module, *links[module]}
        text = read(root, path)
        for match in INCLUDE.finditer(text):
            quote, target = match.groups()
            place = f"{path}:{text[:match.start()].count(chr(10)) + 1}"
            top = target.split("/")[0]
            if quote == "<":
                if top in links and "/" in target and target.endswith(".h") and os.path.exists(
                        os.path.join(root, "src", target)):
                    out.append(f'{place}: write "{target}", not <{target}>')
                continue
            if ".." in target.split("/"):
                out.append(f"{place}: include {target} from src/, without ..")
            elif top in links and "/" in target:
                if top not in allowed:
                    out.append(f"{place}: {module} may not include {target}: CMakeLists.txt gives it no link to {top}")
            elif module is not None:
                out.append(f"{place}: {target} is in no module; say \"module/file.h\"")
    return out


# Headers that one file alone includes, or none, by how their names begin. Reading CLI11 or Beast costs every other file
# seconds, and TLS is net::Stream's.
SEAMS = {"CLI/": "apps/titer/flags.cc", "boost/beast": "src/net/http_parser.h", "boost/asio/ssl": "no file"}


def rule_seams(root):
    return [f"{path}: <{target}>: {owner} includes it" for path in code_files(root)
            for quote, target in INCLUDE.findall(read(root, path))
            for start, owner in SEAMS.items() if target.startswith(start) and path != owner]


def rule_installed_headers(root):
    """What users include (include/titer) needs the C++ standard library and nothing else."""
    out = []
    for path in code_files(root):
        if path.startswith("include/"):
            out += [f"{path}: {quote}{target}: only the standard library and <titer/…> may be included here"
                    for quote, target in INCLUDE.findall(read(root, path))
                    if quote != "<" or not re.fullmatch(r"[a-z_]+|titer/[a-z_]+\.h", target)]
    return out


PURE_BANS = [
    (r'#\s*include\s*<(thread|mutex|shared_mutex|condition_variable|future|atomic|chrono|ctime|time\.h|random|fstream'
     r'|filesystem|cstdio|stdio\.h|iostream|unistd\.h|fcntl\.h|sys/[^>]*|netinet/[^>]*|arpa/[^>]*|poll\.h|boost/asio[^>]*'
     r'|boost/beast[^>]*|boost/random[^>]*|spdlog/[^>]*)>', "threads, clocks, chance, files and sockets stay outside"),
    (r"\b(steady_clock|system_clock|high_resolution_clock|clock_gettime|gettimeofday)\b", "no clock in a pure module"),
    (r"\b(std::)?time\s*\(\s*(nullptr|NULL|0|&)", "no clock in a pure module"),
    (r"\b(random_device|mt19937(_64)?|srand|rand_r)\b|\brand\s*\(\s*\)", "no chance in a pure module"),
    (r"\bstd::(thread|jthread|mutex|async|condition_variable|atomic)\b", "one thread in a pure module"),
    (r"\b(fopen|ofstream|ifstream|getenv|socket)\s*\(|\bstd::(ofstream|ifstream|fstream|cout|cerr)\b",
     "no files, sockets, environment in a pure module"),
    (r"\bstd::unordered_|#\s*include\s*<unordered_",
     "its order differs between machines; use a sorted container, or boost::unordered for lookups"),
]


def helpers_of_tests(root):
    """Headers that tests include and nobody else does."""
    used_by_tests, used = set(), set()
    for path in code_files(root):
        includes = {"src/" + target for quote, target in INCLUDE.findall(read(root, path)) if quote == '"'}
        (used_by_tests if is_test(path) else used).update(includes)
    return used_by_tests - used


def rule_pure_modules(root):
    out, helpers = [], helpers_of_tests(root)
    for path in code_files(root):
        if module_of(path) not in PURE_MODULES or is_test(path) or path in helpers:
            continue
        if path == "src/base/check.cc":  # its last words go to standard error
            continue
        text = blank_strings_and_comments(read(root, path))
        for pattern, why in PURE_BANS:
            out += [f"{path}:{number}: {why}: {line}" for number, line in lines_matching(text, pattern)]
    return out


def rule_no_hash_order(root):
    """Hash tables of pure modules serve lookups; walking one would let its order reach a result."""
    out = []
    for module in {module_of(p) for p in code_files(root)} & set(PURE_MODULES):
        texts = {p: blank_strings_and_comments(read(root, p))
                 for p in code_files(root) if module_of(p) == module and not is_test(p)}
        tables = {name for text in texts.values()
                  for name in re.findall(r"\bunordered_(?:flat_|node_)?(?:map|set)<[^;(){}]*>\s+(\w+)\s*[;{=]", text)}
        if not tables:
            continue
        walk = re.compile(r"\bfor\s*\([^;)]*[^:;]:\s*(?:\w+(?:\.|->))*(%s)\s*\)|\b(%s)\.c?begin\s*\("
                          % (("|".join(tables),) * 2))
        for path, text in texts.items():
            for number, line in lines_matching(text, walk):
                # A walk whose order cannot matter says so on its line or the one above.
                source = read(root, path).split("\n")
                if not any("any order" in s for s in source[max(0, number - 2):number]):
                    out.append(f"{path}:{number}: walks a hash table (say \"any order\" and why, if none can matter): {line}")
    return out


def rule_sizes(root):
    looked_at = code_files(root) + [p for p in files(root) if p.endswith(".py") or p in ("dev", ".ci/run")]
    counts = {path: read(root, path).count("\n") for path in looked_at}
    return [f"{path}: {count} lines, more than {FILE_LINES_MAX}" for path, count in counts.items() if count > FILE_LINES_MAX]


NOT_A_FUNCTION = re.compile(r"^\s*(if|else|for|while|switch|do|try|catch|namespace|class|struct|enum|union|extern|return"
                            r"|public|private|protected|case|default)\b")


def functions(text):
    """(first line, number of lines, head) of every function body, by its braces."""
    text = blank_strings_and_comments(text)
    text = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: "\n" * m.group().count("\n"), text, flags=re.M)
    stack, head_start, line = [], 0, 1
    for at, char in enumerate(text):
        if char == "\n":
            line += 1
        elif char == ";":
            head_start = at + 1
        elif char == "{":
            head = text[head_start:at].strip()
            is_body = "(" in head and ")" in head and not NOT_A_FUNCTION.match(head) and not re.search(
                r"[=,(]\s*$|\boperator\s*$|\[[^\]]*\]\s*(\([^)]*\))?\s*(mutable)?\s*(->\s*\S+)?\s*$", head)
            stack.append((line - head.count("\n"), head if is_body else None))
            head_start = at + 1
        elif char == "}":
            if stack:
                first, head = stack.pop()
                if head is not None:
                    yield first, line - first + 1, " ".join(head.split())
            head_start = at + 1


def rule_function_length(root):
    return [f"{path}:{first}: {count} lines in one function, more than {FUNCTION_LINES_MAX}: {head[:80]}"
            for path in code_files(root) for first, count, head in functions(read(root, path))
            if count > FUNCTION_LINES_MAX]


# Comments of the languages in the tree: what goes around a line of its own, by the end of the path.
COMMENTS = [
    ((".h", ".cc", ".ts", ".tsx", ".mjs", ".js", ".go"), "// {}"),
    ((".css", ".pml"), "/* {} */"),
    ((".html",), "<!-- {} -->"),
    ((".py", ".sh", ".cmake", ".cmake.in", "CMakeLists.txt", ".yml", ".service"), "# {}"),
]
LICENCE = "SPDX-License-Identifier: Apache-2.0"
# A text's first line that must stay the first one: what runs it, or what kind of document it is.
FIRST_LINE = re.compile(r"(?:#!|<!doctype )[^\n]*\n", re.I)


def with_licence(path, text):
    """The text of this file with the line that names its licence, on top and above an empty line; as it is if none is due."""
    style = next((style for ends, style in COMMENTS if path.endswith(ends)), "# {}" if text.startswith("#!") else None)
    if style is None:
        return text
    first = FIRST_LINE.match(text)
    head, rest = (first.group(), text[first.end():]) if first else ("", text)
    line = style.format(LICENCE) + "\n"
    return text if rest.startswith(line) else head + line + ("" if rest[:1] in ("", "\n") else "\n") + rest


def rule_spdx(root):
    """Every source file names its licence in its first line, after #! if there is one."""
    return [f"{path}: begin with a comment: {LICENCE}" for path in files(root)
            if not is_data(path) and with_licence(path, read(root, path)) != read(root, path)]


def rule_headers(root):
    """A header begins with what it is, then #pragma once. foo.cc includes its own foo.h first, so foo.h compiles alone."""
    out = []
    everything = set(code_files(root))
    for path in everything:
        text = read(root, path).removeprefix(f"// {LICENCE}\n").lstrip("\n")
        if path.endswith(".h"):
            if not text.startswith(("// ", "/* ")):
                out.append(f"{path}: begin with a comment: what it is, why this shape, its thread rule")
            if not re.search(r"^#pragma once$", text, re.M):
                out.append(f"{path}: no #pragma once")
        elif module_of(path) and not is_test(path) and path[:-3] + ".h" in everything:
            first = INCLUDE.search(text)
            own = path[len("src/"):-3] + ".h"
            if first is None or first.group(2) != own:
                out.append(f"{path}: include \"{own}\" first")
    return sorted(out)


def rule_left_overs(root):
    marks = r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b"
    out = []
    for path in files(root):
        if path.endswith((".h", ".cc", ".py", ".md", ".cmake", "CMakeLists.txt")) or path in ("dev", ".ci/run"):
            for number, line in lines_matching(read(root, path), marks):
                out.append(f"{path}:{number}: left over: {line}")
    return out


def rule_white_space(root):
    out = []
    for path in files(root):
        if path.endswith((".h", ".cc", ".py", ".md", ".cmake", ".txt", ".json")) or path in ("dev", ".ci/run"):
            if is_data(path):
                continue
            text = read(root, path)
            out += [f"{path}:{n}: white space at the end of the line" for n, _ in lines_matching(text, r"[ \t\r]$")]
            out += [f"{path}:{n}: a tab" for n, _ in lines_matching(text, r"\t") if path.endswith((".h", ".cc", ".py"))]
            if text and not text.endswith("\n"):
                out.append(f"{path}: no new line at the end")
    return out


def rule_no_sleep_in_tests(root):
    """Wait for a condition, not for time: see tests/e2e for how."""
    out = []
    for path in files(root):
        if is_test(path) and path.endswith((".cc", ".h", ".py")) and path not in ("tests/layering.py", "tests/layering_test.py"):
            text = blank_strings_and_comments(read(root, path)) if not path.endswith(".py") else read(root, path)
            for number, line in lines_matching(text, r"\b(sleep_(for|until)|nanosleep)\b|\bu?sleep\s*\("):
                out.append(f"{path}:{number}: a sleep in a test: {line}")
    return out


def rule_dangling_else(root):
    """GoogleTest's macros have an else of their own: GCC, which ./dev test --fast compiles with, refuses an if without braces."""
    return [f"{path}:{number}: braces around this: {line}" for path in code_files(root) if is_test(path)
            for number, line in lines_matching(read(root, path), r"^\s*if \(.*\) (EXPECT|ASSERT)_")]


def rule_disabled_tests(root):
    return [f"{path}:{number}: a test that does not run: {line}" for path in code_files(root)
            for number, line in lines_matching(read(root, path), r"\bDISABLE[D]_|\bGTEST_SKI[P]\b")]


def links_of(text):
    text = re.sub(r"```(?:.|\n)*?```|`[^`\n]*`", "", text)
    return re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", text)


def anchors_of(text):
    """As common renderers make them from headings."""
    text = re.sub(r"```(?:.|\n)*?```", "", text)
    return {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-") for h in re.findall(r"^#+ +(.*)$", text, re.M)}


def rule_links(root):
    out = []
    for path in files(root):
        if not path.endswith(".md"):
            continue
        for link in links_of(read(root, path)):
            if re.match(r"[a-z]+:", link):
                continue
            target, _, anchor = link.partition("#")
            full = os.path.normpath(os.path.join(root, os.path.dirname(path), target)) if target else os.path.join(root, path)
            if not os.path.exists(full):
                out.append(f"{path}: links to {link}, which does not exist")
            elif anchor and full.endswith(".md") and anchor not in anchors_of(read(root, full)):
                out.append(f"{path}: links to {link}, which has no such heading")
    return out


def rule_decisions(root):
    """docs/decisions/NNNN-title.md: numbered without gaps, in the index, with date, status and what was rejected."""
    folder = "docs/decisions"
    names = sorted(p[len(folder) + 1:] for p in files(root) if re.match(folder + r"/\d{4}-[a-z0-9-]+\.md$", p))
    if not names:
        return []
    out, index = [], links_of(read(root, folder + "/README.md"))
    for number, name in enumerate(names, 1):
        if not name.startswith(f"{number:04d}-"):
            out.append(f"{folder}/{name}: numbers go up by one; {number:04d} is expected here")
        if name not in index:
            out.append(f"{folder}/README.md: does not list {name}")
        text = read(root, f"{folder}/{name}")
        for part in (r"^Date: \d{4}-\d\d-\d\d$", r"^Status: \w+", r"^## Context$", r"^## Decision$", r"^## Rejected$",
                     r"^## Consequences$"):
            if not re.search(part, text, re.M):
                out.append(f"{folder}/{name}: no line that matches {part}")
    return out


def rule_stands_alone(root):
    """Nothing in the tree points outside it."""
    outside = r"(^|[\s\"'(=])(/wo" + r"rk/|\.\./sha" + r"red)"
    return [f"{path}:{number}: a path outside the tree: {line[:100]}" for path in files(root)
            if path.endswith((".h", ".cc", ".py", ".md", ".cmake", ".txt", ".json", ".clang-tidy")) or path in ("dev", ".ci/run")
            for number, line in lines_matching(read(root, path), outside)]


def rule_modules_have_readmes(root):
    out = []
    for module in modules(root):
        inside = [p for p in code_files(root) if module_of(p) == module]
        path = f"src/{module}/README.md"
        if inside and not os.path.exists(os.path.join(root, path)):
            out.append(f"{path}: missing: what the module is for, where to begin, what it guards")
    return out


def rule_plan(root):
    """docs/explanation/architecture.md shows the modules in the order and with the links of CMakeLists.txt, and says which are pure."""
    path = "docs/explanation/architecture.md"
    if not os.path.exists(os.path.join(root, path)):
        return []
    shown = re.findall(r"^\| \[(\w+)\]\([^)]*\) \|.*\| (yes)? ?\| ([\w, ]*)\|$", read(root, path), re.M)
    plan = {module: sorted(w.strip() for w in links.split(",") if w.strip()) for module, _, links in shown}
    out = [f"{path}: {module} is shown with links {plan.get(module)}, CMakeLists.txt says {sorted(links)}" for module, links in modules(root).items() if plan.get(module) != sorted(links)]
    if not out and list(plan) != list(modules(root)):
        out.append(f"{path}: shows the modules in another order than CMakeLists.txt")
    out += [f"{path}: {module} is pure in one place only: here or in tests/layering.py"
            for module, pure, _ in shown if (pure == "yes") != (module in PURE_MODULES)]
    return out


RULES = {name[len("rule_"):]: rule for name, rule in sorted(globals().items()) if name.startswith("rule_")}


def complaints(name, root):
    excused = [path for rule, path in EXCEPTIONS if rule == name]
    return [c for c in RULES[name](root) if not any(c.startswith((path + ":", path + " ")) for path in excused)]


if __name__ == "__main__":
    everything = [complaint for name in RULES for complaint in complaints(name, ROOT)]
    print("\n".join(everything))
    sys.exit(1 if everything else 0)
