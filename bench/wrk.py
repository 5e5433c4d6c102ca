# SPDX-License-Identifier: Apache-2.0

"""Load over HTTP by wrk, and small questions over HTTP."""
import re
import tempfile
import urllib.request

from processes import Trouble, run, until

NEEDS = (("wrk", "wrk"),)
US = {"us": 1, "ms": 1e3, "s": 1e6, "m": 60e6}


def get(url, body=None):
    """The body of an answer with status 200; None without one."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=body), timeout=5) as answer:
            return answer.read() if answer.status == 200 else None
    except OSError:
        return None


def wait_for(url, body=None):
    return until(lambda: get(url, body), url)


def microseconds(text):
    value, unit = re.fullmatch(r"([\d.]+)([a-z]+)", text).groups()
    return float(value) * US[unit]


def load(url, connections, seconds, script=""):
    """Figures of one load. wrk counts whole seconds."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua", encoding="utf-8") as file:
        file.write(script)
        file.flush()
        said = run("wrk", "-t1", "-c", connections, "-d", f"{max(1, round(seconds))}s", "--latency", "-s",
                   file.name, url)
    if "Non-2xx" in said or "Socket errors" in said:
        raise Trouble(f"wrk {url}: {said}")
    latency = {share: microseconds(re.search(rf"^\s+{share}%\s+(\S+)", said, re.M).group(1)) for share in (50, 99)}
    return {"per_second": float(re.search(r"Requests/sec:\s+([\d.]+)", said).group(1)), "p50_us": latency[50], "p99_us": latency[99]}
