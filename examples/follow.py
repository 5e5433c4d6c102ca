#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Follows every change of a titer cluster: one JSON event a line on standard output. An example; standard library only.

    examples/follow.py http://127.0.0.1:8080 http://127.0.0.1:8081 [--since POSITION] [--state FILE]

It listens to the change stream of one replica. When that one fails it goes on at the next, from where it was: each
event has an id that is the same at every replica, so none is missed and none comes twice. With --state the id of the
last event is kept in a file, and the next start goes on there. When the history does not reach back that far (410), it
says so and ends with 3: read everything again (GET /api/v1/export), then follow from the export's position.
"""
import argparse
import json
import os
import sys
import time
import urllib.error
import urllib.request

SILENCE_S = 45  # a replica sends a comment every 15 s; one that is silent for three times as long has failed
PAUSE_S = 0.2   # after all replicas have failed once


def events(stream):
    """(id, event) of a text/event-stream, as its lines come."""
    fields = {}
    for raw in stream:
        name, _, value = raw.decode("utf-8").rstrip("\r\n").partition(":")
        if name:  # a comment has none
            fields[name] = value.lstrip()
        elif not value and fields:
            if fields.get("event") == "change":  # others tell why the stream ends
                yield fields["id"], json.loads(fields["data"])
            fields = {}


class TooOld(Exception):
    """The history does not reach back to where we were."""


class Follower:
    """Goes on where it was, at whichever replica is left."""

    def __init__(self, addresses, last_id=None, since=None):
        self.addresses, self.last_id, self.since = addresses, last_id, since

    def listen(self, address):
        """Events from one replica, until it fails."""
        path = "/api/v1/changes"
        if self.last_id is None and self.since is not None:
            path += f"?since={self.since}"
        request = urllib.request.Request(address.rstrip("/") + path, headers={"Accept": "text/event-stream"})
        if self.last_id is not None:
            request.add_header("Last-Event-ID", self.last_id)
        try:
            with urllib.request.urlopen(request, timeout=SILENCE_S) as stream:
                if self.since is None:  # from now on: the next replica must begin at the same place
                    self.since = stream.headers.get("Titer-Position")
                for self.last_id, event in events(stream):
                    yield event
        except urllib.error.HTTPError as refusal:
            if refusal.code == 410:
                raise TooOld(json.load(refusal).get("detail", "the history no longer reaches back that far")) from None
            raise

    def follow(self):
        """Events, whatever fails, as long as one replica is left."""
        for turn in range(sys.maxsize):
            address, before = self.addresses[turn % len(self.addresses)], self.last_id
            try:
                yield from self.listen(address)
            except OSError as problem:  # refused, reset, timed out, or answered with an error: the next one
                print(f"{address}: {problem}", file=sys.stderr)
            if self.last_id == before and (turn + 1) % len(self.addresses) == 0:
                time.sleep(PAUSE_S)


def read_state(path):
    if path and os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            return file.read().strip() or None
    return None


def write_state(path, last_id):
    """Whole or not at all, whenever we are stopped."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(last_id + "\n")
    os.replace(path + ".new", path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("addresses", nargs="+", help="HTTP addresses of replicas")
    parser.add_argument("--since", type=int, help="first show what happened after this position (0: all that is kept)")
    parser.add_argument("--state", help="keep the last event's id in this file, and go on there")
    options = parser.parse_args()
    try:
        follower = Follower(options.addresses, read_state(options.state), options.since)
        for event in follower.follow():
            print(json.dumps(event), flush=True)
            if options.state:
                write_state(options.state, follower.last_id)
    except TooOld as problem:
        print(problem, file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
