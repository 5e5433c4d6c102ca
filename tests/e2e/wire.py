# SPDX-License-Identifier: Apache-2.0

"""The wire format (docs/reference/wire.md) as far as the end-to-end tests speak it themselves.

Small on purpose: a handshake, requests that change one site, status, and the freedom to send what no real client would.
XXH3 is written out.
"""
import hashlib
import hmac
import json
import random
import socket
import struct
import time

HELLO, HELLO_REPLY, GOODBYE, CHALLENGE, PROOF, FRAME, DIRECT_HELLO, WELCOME = 1, 2, 3, 4, 5, 10, 30, 31
TRANSFER_WANT, TRANSFER_PART = 20, 21
VIEW_IS, REQUEST, ANSWER, QUERY, QUERY_ANSWER, WATCH = 33, 40, 41, 42, 43, 44
STATUS_ASK, STATUS, COMPARE_AND_SET = 46, 47, 61
ROLE_REPLICA, ROLE_DIRECT, ROLE_GATEWAY, ROLE_DEATH_NOTICE = 1, 2, 3, 4

_M = (1 << 64) - 1
_P1, _P2, _P3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
_SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221"
    "b8084674f743248ee03590e6813a264c3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364eac5ac8334d3ebc3c581a0fffa1363eb"
    "170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e")


def _u32(data, at):
    return struct.unpack_from("<I", data, at)[0]


def _u64(data, at):
    return struct.unpack_from("<Q", data, at)[0]


def _rotate(value, by):
    return (value << by | value >> (64 - by)) & _M


def _fold(a, b):
    product = a * b
    return (product & _M) ^ (product >> 64)


def _avalanche(h):
    h ^= h >> 37
    h = h * 0x165667919E3779F9 & _M
    return h ^ h >> 32


def _avalanche_64(h):
    h ^= h >> 33
    h = h * _P2 & _M
    h ^= h >> 29
    h = h * _P3 & _M
    return h ^ h >> 32


def _mix(data, at, secret_at, seed):
    low = _u64(data, at) ^ (_u64(_SECRET, secret_at) + seed & _M)
    high = _u64(data, at + 8) ^ (_u64(_SECRET, secret_at + 8) - seed & _M)
    return _fold(low, high)


def _short(data, seed):
    n = len(data)
    if n == 0:
        return _avalanche_64(seed ^ _u64(_SECRET, 56) ^ _u64(_SECRET, 64))
    if n <= 3:
        combined = data[0] << 16 | data[n >> 1] << 24 | data[n - 1] | n << 8
        return _avalanche_64(combined ^ ((_u32(_SECRET, 0) ^ _u32(_SECRET, 4)) + seed & _M))
    if n <= 8:
        seed ^= int.from_bytes((seed & 0xFFFFFFFF).to_bytes(4, "little"), "big") << 32
        h = (_u32(data, n - 4) + (_u32(data, 0) << 32)) ^ ((_u64(_SECRET, 8) ^ _u64(_SECRET, 16)) - seed & _M)
        h ^= _rotate(h, 49) ^ _rotate(h, 24)
        h = h * 0x9FB21C651E98DF25 & _M
        h ^= (h >> 35) + n
        h = h * 0x9FB21C651E98DF25 & _M
        return h ^ h >> 28
    low = _u64(data, 0) ^ ((_u64(_SECRET, 24) ^ _u64(_SECRET, 32)) + seed & _M)
    high = _u64(data, n - 8) ^ ((_u64(_SECRET, 40) ^ _u64(_SECRET, 48)) - seed & _M)
    swapped = int.from_bytes(low.to_bytes(8, "little"), "big")
    return _avalanche(n + swapped + high + _fold(low, high) & _M)


def _long(data, seed):
    """Stripes of 64 bytes, 16 to a block."""
    secret = b"".join(struct.pack("<QQ", _u64(_SECRET, i) + seed & _M, _u64(_SECRET, i + 8) - seed & _M)
                      for i in range(0, len(_SECRET), 16))
    acc = [0xC2B2AE3D, _P1, _P2, _P3, 0x85EBCA77C2B2AE63, 0x85EBCA77, 0x27D4EB2F165667C5, 0x9E3779B1]

    def take(at, secret_at):
        values = struct.unpack_from("<8Q", data, at)
        for i, (value, key) in enumerate(zip(values, struct.unpack_from("<8Q", secret, secret_at))):
            mixed = value ^ key
            acc[i ^ 1] = acc[i ^ 1] + value & _M
            acc[i] = acc[i] + (mixed & 0xFFFFFFFF) * (mixed >> 32) & _M

    for stripe in range((len(data) - 1) // 64):
        take(64 * stripe, 8 * (stripe % 16))
        if stripe % 16 == 15:
            acc = [((a ^ a >> 47) ^ key) * 0x9E3779B1 & _M for a, key in zip(acc, struct.unpack_from("<8Q", secret, 128))]
    take(len(data) - 64, 121)
    h = len(data) * _P1
    for i in range(4):
        h += _fold(acc[2 * i] ^ _u64(secret, 11 + 16 * i), acc[2 * i + 1] ^ _u64(secret, 19 + 16 * i))
    return _avalanche(h & _M)


def xxh3(data, seed=0):
    """XXH3_64bits_withSeed."""
    n = len(data)
    if n <= 16:
        return _short(data, seed)
    if n > 240:
        return _long(data, seed)
    total = n * _P1 & _M
    if n <= 128:
        for i in reversed(range((n - 1) // 32 + 1)):
            total += _mix(data, 16 * i, 32 * i, seed) + _mix(data, n - 16 * (i + 1), 32 * i + 16, seed)
        return _avalanche(total & _M)
    for i in range(8):
        total += _mix(data, 16 * i, 16 * i, seed)
    total = _avalanche(total & _M)
    for i in range(8, n // 16):
        total += _mix(data, 16 * i, 16 * (i - 8) + 3, seed)
    return _avalanche(total + _mix(data, n - 16, 136 - 17, seed) & _M)


def message(kind, payload=b"", length=None, checksum=None, magic=0x5454, version=2):
    """One message; fields that are wrong on purpose stay wrong."""
    if checksum is None:
        checksum = xxh3(payload, kind)
    return struct.pack("<HBBIQ", magic, version, kind, len(payload) if length is None else length, checksum) + payload


def hello(role=ROLE_GATEWAY, session=None, transmitter=0, cluster=0, tables=0, replica=0, incarnation=0,
          born=0):
    session = random.getrandbits(63) | 1 if session is None else session
    return message(HELLO, struct.pack("<BQQHQQQQ", role, cluster, tables, replica, incarnation, transmitter, session, born))


def death_proof(secret, cluster, replica, incarnation):
    """The message that makes a death notice believed; `secret` is what is in the secret's file."""
    label = b"titer death"
    text = struct.pack("<I", len(label)) + label + struct.pack("<QHQ", cluster, replica, incarnation)
    return message(PROOF, hmac.new(bytes.fromhex(secret), text, hashlib.sha256).digest())


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def text(value):
    raw = value.encode()
    return varint(len(raw)) + raw


def add_site(name, zip_code, count):
    """Body of an AddSite with a count for the product "any"."""
    return bytes([1, 0, 32]) + varint(3) + text(name) + text(zip_code) + bytes([3 << 6]) + varint(count)


def set_count(name, count):
    return bytes([4, 0, 0]) + text(name) + bytes([3 << 6]) + varint(count)


def adjust(name, by):
    return bytes([5, 0, 0]) + text(name) + signed(by)


def compare_and_set(expected, without, reason):
    """What a replica asks the supervisor for: the view after `expected` without these."""
    bits = sum(1 << index for index in without)
    return message(COMPARE_AND_SET, varint(expected) + struct.pack("<I", bits) + text(reason) + varint(0))


def get_site(name):
    """Body of the query for one site by name."""
    return bytes([2, 2]) + text(name)


def read_varint(payload, at):
    """(value, where the rest begins)"""
    value, shift = 0, 0
    while True:
        byte = payload[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def signed(value):
    return varint(value << 1 if value >= 0 else (-value << 1) - 1)


def direct_hello(view):
    return varint(view)


def welcome(payload):
    """(view, clock, next sequence number) of a Welcome."""
    view, at = read_varint(payload, 0)
    clock, at = read_varint(payload, at)
    return view, clock, read_varint(payload, at)[0]


def next_position(reply):
    """The position of the next request, from a HelloReply: the birth of a session that begins with it."""
    _, at = read_varint(reply, 26)
    members, at = read_varint(reply, at)
    for _ in range(members):
        size, at = read_varint(reply, at + 9)
        at += size
    dead, at = read_varint(reply, at)
    return read_varint(reply, at + 8 * dead)[0]


def frame(view, transmitter, seq, clock, session, number, body, stamp=None, born=1):
    """A direct client's frame with one request."""
    batch = struct.pack("<QQQI", session, born, number, len(body)) + body
    rotated = (transmitter << 1 | transmitter >> 63) & _M
    stamp = int(time.time() * 1000) if stamp is None else stamp
    return (b"\0" + varint(view) + varint(rotated) + varint(seq) + varint(clock) + signed(stamp) + varint(0) +
            varint(1) + varint(len(batch)) + batch)


def goodbye_of(payload):
    """(code, reason) of a Goodbye."""
    size, at = read_varint(payload, 1)
    return payload[0], payload[at:at + size].decode()


class Closed(Exception):
    """The other side closed the connection; `goodbye` is what it said, or None."""

    def __init__(self, goodbye):
        super().__init__(goodbye)
        self.goodbye = goodbye


def connected(where, timeout, source=None):
    """A socket to (host, port), or (host, port, ssl context), to a port of this machine, or to the path of a Unix socket.
    `source`: the address of ours that it comes from."""
    if isinstance(where, str):
        plain = socket.socket(socket.AF_UNIX)
        plain.settimeout(timeout)
        try:
            plain.connect(where)
        except OSError:
            plain.close()
            raise
        return plain
    place = where if isinstance(where, tuple) else ("127.0.0.1", where)
    plain = socket.create_connection(place[:2], timeout, (source, 0) if source else None)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    plain.settimeout(timeout)
    return place[2].wrap_socket(plain, server_hostname=place[0]) if len(place) > 2 else plain


class Link:
    """One connection, blocking; `where` is as in connected(). Raises OSError, TimeoutError or Closed."""

    def __init__(self, where, greet=True, timeout=10.0, source=None, **who):
        self.socket = connected(where, timeout, source)
        self.received = bytearray()
        if not greet:
            return
        try:
            self.send(hello(**who))
            reply = self.expect(HELLO_REPLY)
            self.cluster, self.tables = struct.unpack_from("<QQ", reply)
            self.born = who.get("born", 0) or next_position(reply)
        except BaseException:
            self.close()
            raise

    def send(self, data):
        self.socket.sendall(data)

    def next(self):
        """(type, payload) of the next message."""
        while True:
            if len(self.received) >= 16:
                kind, length = self.received[3], _u32(self.received, 4)
                if len(self.received) >= 16 + length:
                    payload = bytes(self.received[16:16 + length])
                    del self.received[:16 + length]
                    if kind == GOODBYE:
                        raise Closed(goodbye_of(payload))
                    return kind, payload
            data = self.socket.recv(1 << 16)
            if not data:
                raise Closed(None)
            self.received += data

    def expect(self, kind):
        """The payload of the next message of this type; others (news of views) are passed over."""
        while True:
            got, payload = self.next()
            if got == kind:
                return payload

    def status(self):
        self.send(message(STATUS_ASK))
        return json.loads(self.expect(STATUS))

    def request(self, number, body):
        """Sends one request and waits for its answer's bytes."""
        self.send(message(REQUEST, struct.pack("<Q", number) + body))
        while True:
            payload = self.expect(ANSWER)
            if _u64(payload, 0) == number:
                return payload[8:]

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def refusal(answer):
    """The code of an answer's refusal (src/base/result.h), or 0."""
    if not answer[0] & 4:
        return 0
    return answer[read_varint(answer, 1)[1]]
