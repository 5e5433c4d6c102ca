# SPDX-License-Identifier: Apache-2.0

"""Clients that never stop: each kind of message that anybody may send, as fast as it goes, over many connections at once.

A flood is a process of its own, so that those who measure beside it are not delayed by it:

    floods.py KIND WIRE_PORT HTTP_PORT CONNECTIONS SECONDS [AUTHORITY]

With the authority's file everything is said under TLS, and each connection begins with a handshake.

It prints what it has done as JSON. It reads what it is answered, because a client that does not is cut off for that. When a
connection ends it makes another one.
"""
import errno
import http.client
import json
import os
import selectors
import socket
import ssl
import struct
import subprocess
import sys
import time

import wire

BLOB = 64 << 10
SITE = "flooded"  # what is asked about, or changed


def _request(number, body):
    return wire.message(wire.REQUEST, struct.pack("<Q", number) + body)


def _question(token, body):
    return wire.message(wire.QUERY, struct.pack("<Q", token) + body)


def _list_of(text):
    """Body of a query for a page of the sites with this in their names: all are looked at when none has it."""
    return b"\x01\0" + wire.text("") * 3 + wire.text(text) + wire.text("") * 2 + wire.varint(2000)


def _bulk(operations):
    """Body of one request that changes the same site again and again."""
    one = bytes([5, 0]) + wire.text(SITE)
    return bytes([10, 0]) + wire.varint(operations) + b"".join(one + wire.signed(i % 2 * 2 - 1) for i in range(operations))


def _http(method, target, body=b""):
    head = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" \
           f"Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


GET = _http("GET", "/api/v1/sites?limit=100") + _http("GET", "/api/v1/sites/near?zip=02139&within=500")
PUT = _http("PUT", f"/api/v1/sites/{SITE}/stock/any", b'{"availability":5}')
LISTEN = b"GET /api/v1/changes HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"

# The flooder says this after a hello (over HTTP: without one), again and again; None: it connects again instead. ONCE: it says
# this once, and reads. BRIEFLY: it connects again as soon as it is answered.
ONCE, BRIEFLY = {"http-listen"}, {"junk", "http-listen-again"}
KINDS = {
    "status": wire.message(wire.STATUS_ASK),
    "watch": wire.message(wire.WATCH, wire.varint(1 << 40)),
    "question": _question(1, wire.get_site(SITE)),
    "search": _question(1, _list_of("zq")),
    "request": b"".join(_request(n, wire.set_count(SITE, n)) for n in range(1, 1001)),
    "bulk": b"".join(_request(n, _bulk(1000)) for n in range(1, 41)),
    "http-get": GET,
    "http-put": PUT,
    "http-listen": LISTEN,
    "http-listen-again": LISTEN,
    "hello": None,
    "junk": wire.hello(wire.ROLE_REPLICA, cluster=1) + b"junk" * 16,
}


class Flooder:
    """One connection after another."""

    def __init__(self, kind, ports, selector, done, tls=None):
        self.selector, self.done, self.tls, self.once = selector, done, tls, kind in ONCE
        self.port = ports[1] if kind.startswith("http") else ports[0]
        self.greets = not kind.startswith("http") and kind != "junk"
        message = KINDS[kind]
        self.again = message is None or kind in BRIEFLY  # one message per connection
        single = self.again or self.once or len(message) > BLOB
        self.blob = message if single else message * (BLOB // len(message))
        self.connect()

    def connect(self):
        self.socket = socket.socket()
        self.socket.setblocking(False)
        if self.socket.connect_ex(("127.0.0.1", self.port)) not in (0, errno.EINPROGRESS):
            raise OSError("no connection")
        if self.tls:
            self.socket.settimeout(5)
            self.socket = self.tls.wrap_socket(self.connected(), server_hostname="127.0.0.1", do_handshake_on_connect=False)
            self.socket.setblocking(False)
        first = wire.hello() if self.greets else b""
        self.rest = memoryview(first + (self.blob or b""))
        self.selector.register(self.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, self)
        self.done["connections"] += 1

    def connected(self):
        """The socket, when it is: on loopback that takes no time."""
        with selectors.DefaultSelector() as waiting:
            waiting.register(self.socket, selectors.EVENT_WRITE)
            waiting.select(5)
        return self.socket

    def close(self):
        self.selector.unregister(self.socket)
        self.socket.close()

    def act(self, events):
        try:
            if events & selectors.EVENT_READ:
                data = self.socket.recv(1 << 18)
                self.done["received"] += len(data)
                if not data or self.again:
                    raise ConnectionError
            if events & selectors.EVENT_WRITE:
                self.write()
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except OSError:
            self.close()
            self.connect()

    def write(self):
        sent = self.socket.send(self.rest)
        self.done["sent"] += sent
        self.rest = self.rest[sent:]
        if self.rest:
            return
        if self.again or self.once:
            self.selector.modify(self.socket, selectors.EVENT_READ, self)
        else:
            self.rest = memoryview(self.blob)


def flood(kind, ports, connections, seconds, authority=None):
    tls = ssl.create_default_context(cafile=authority) if authority else None
    done = {"connections": 0, "sent": 0, "received": 0}
    end = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        flooders = [Flooder(kind, ports, selector, done, tls) for _ in range(connections)]
        while time.monotonic() < end:
            for key, events in selector.select(0.1):
                key.data.act(events)
        for flooder in flooders:
            flooder.close()
    return done


def ask_at_once(port, target, count):
    """So many GETs, each on its own connection, before the first answer is read: [(status, JSON)]."""
    connections = [http.client.HTTPConnection("127.0.0.1", port, timeout=60) for _ in range(count)]
    for connection in connections:
        connection.request("GET", target)
    answers = []
    for connection in connections:
        response = connection.getresponse()
        answers.append((response.status, json.loads(response.read())))
        connection.close()
    return answers


def begin(kind, ports, connections, seconds, authority=None):
    """The same in a process of its own, whose output is what flood() returns, as JSON."""
    words = [sys.executable, "-B", os.path.abspath(__file__), kind, *map(str, ports), str(connections), str(seconds),
             *([authority] if authority else [])]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


if __name__ == "__main__":
    print(json.dumps(flood(sys.argv[1], list(map(int, sys.argv[2:4])), int(sys.argv[4]), float(sys.argv[5]), *sys.argv[6:7])))
