# SPDX-License-Identifier: Apache-2.0

"""A second checker of histories, written from docs/reference/history.md alone: slow, short, and of no common code with
`titer check`. It begins with a cluster that has no stock lines. For tens of operations per line, not for thousands."""
import collections
import json

COUNT_MAX = 1_000_000_000
UNKNOWN_OUTCOME = {"outcome_unknown", "session_evicted", "protocol", "internal"}
NO_EFFECT = {"busy", "unavailable", "excluded", "unreachable"}
NO_LINE = ("unknown", 0)  # value and version


def is_count(value):
    return isinstance(value, int) and not isinstance(value, bool)


def after(op, state):
    """What the operation answers at this state, and the state that follows."""
    value, version = state
    kind = op["op"]
    if kind == "read":
        return "ok", state
    if "if_version" in op and op["if_version"] != version and (kind == "set" or is_count(value) and version):
        return "stale_version", state
    if kind == "set":
        new = op["value"]
    else:
        if version == 0:
            return "not_found", state
        if not is_count(value):
            return "not_a_count", state
        by = op["by"] if kind == "adjust" else op["doses"] if kind == "release" else -op["doses"]
        if value + by < 0:
            return "not_enough", state
        if value + by > COUNT_MAX:
            return "too_large", state
        new = value + by
    same = version > 0 and (new, type(new)) == (value, type(value))
    return "ok", state if same else (new, version + 1)


def gives(op, code, state, follows):
    """The operation was answered as the model answers it here."""
    if op["op"] == "read" and op["code"] == "not_found":
        return state == NO_LINE
    if op["code"] == "out_of_date":  # times are not in a history: it must only show the line as it is
        code, follows = "out_of_date", state
    if op["code"] != code:
        return False
    if follows[1] == 0:
        return "version" not in op
    shown = op.get("before"), op.get("after"), op.get("version")
    return json.dumps(shown) == json.dumps((state[0], follows[0], follows[1]))


def line_is_linearizable(ops):
    done = [op for op in ops if "end_ns" in op and op["code"] not in UNKNOWN_OUTCOME | NO_EFFECT]
    maybe = [op for op in ops if "end_ns" not in op or op["code"] in UNKNOWN_OUTCOME]
    if any(op["end_ns"] < op["call_ns"] for op in done):
        return False
    every = done + maybe
    todo = [(frozenset(range(len(every))), NO_LINE)]
    seen = set(todo)
    while todo:
        left, state = todo.pop()
        answered = [i for i in left if i < len(done)]
        if not answered:
            return True
        horizon = min(every[i]["end_ns"] for i in answered)
        for i in left:
            op = every[i]
            if op["call_ns"] > horizon:
                continue
            code, follows = after(op, state)
            if i < len(done) and not gives(op, code, state, follows):
                continue
            if i >= len(done) and follows == state:
                continue
            one = (left - {i}, follows)
            if one not in seen:
                seen.add(one)
                todo.append(one)
    return False


def wrong_lines(text):
    """The (site, product) of every stock line that no order explains."""
    named = {}
    for line in text.splitlines():
        op = json.loads(line)
        named[(op["client"], op["id"])] = op
    lines = collections.defaultdict(list)
    for op in named.values():
        lines[(op["site"], op.get("product", "any"))].append(op)
    return {line for line, ops in lines.items() if not line_is_linearizable(ops)}


def random_history(chance, lines, most):
    """Operations on many stock lines: what a single copy answered, in intervals that overlap, and some lies."""
    told = []
    for line in range(lines):
        state, ops = NO_LINE, []
        for moment in range(10, 10 * (2 + chance.randrange(most)), 10):
            op = {"client": len(told) + len(ops), "id": 1, "site": f"s{line}",
                  "op": chance.choice(["set", "set", "adjust", "reserve", "release", "read"])}
            if op["op"] == "set":
                op["value"] = chance.choice([0, 1, 2, 3, True, False, "unknown"])
            elif op["op"] == "adjust":
                op["by"] = chance.choice([-2, -1, 1, 2])
            elif op["op"] != "read":
                op["doses"] = chance.randint(1, 2)
            if op["op"] in ("set", "adjust") and chance.random() < .2:
                op["if_version"] = chance.randrange(4)
            op["call_ns"] = moment - chance.randrange(15)
            before = state
            code, follows = after(op, state)
            if chance.random() < .2:
                state = chance.choice([state, follows])
            else:
                state = follows
                op["end_ns"], op["code"] = moment + chance.randrange(15), code
                if follows[1] > 0:
                    op.update(before=before[0], after=follows[0], version=follows[1])
            ops.append(op)
        answered = [op for op in ops if "version" in op]
        if answered and chance.random() < .5:
            op = chance.choice(answered)
            op.update(chance.choice([{"version": 1 + chance.randrange(4)}, {"before": chance.randrange(4)},
                                     {"call_ns": op["end_ns"] + 1, "end_ns": op["end_ns"] + 30}]))
        told += ops
    return "".join(json.dumps(op) + "\n" for op in told)
