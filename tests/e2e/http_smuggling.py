# SPDX-License-Identifier: Apache-2.0

"""Request smuggling: the shapes of the public suites (PortSwigger's, smuggler, http-garden, h2c and chunk-extension papers)
against a real server.

Each shape carries a second request in what one reader of HTTP takes for the body and another for the next request. Every
one must be refused (400, 501 or 505: one answer, then the end of the connection), or be one request without any doubt, with
its answers counted. What never happens: that a byte of a body is executed. Each hidden request would add a site; none is there.
"""
import json
import socket
import unittest
import urllib.request

from harness import Cluster, main, wait_until

REFUSED = "refused"
HIDDEN_BODY = '{"id":"%s","name":"%s"}'


def hidden(name):
    """A request that adds a site, as its own complete bytes."""
    body = HIDDEN_BODY % (name, name)
    return (f"POST /api/v1/sites HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}")


def post(fields, body, version="1.1"):
    return lambda name: f"POST /api/v1/sites HTTP/{version}\r\nHost: a\r\n{fields}\r\n" + body(hidden(name))


def chunks(inner):
    """What a reader of chunks takes for an empty body, and the rest for a request."""
    return "0\r\n\r\n" + inner


def whole(inner):
    return inner


def sized(fields, **options):
    """A Content-Length that covers everything."""
    return lambda name: post(fields.replace("LENGTH", str(len(chunks(hidden(name))))), chunks, **options)(name)


TRANSFER_ENCODINGS = [
    "chunked, identity", "identity, chunked", "identity", "gzip", "gzip, chunked", "chunked, chunked", "chunked,", ",chunked",
    "xchunked", "chunkedx", "chunked;q=1", '"chunked"', "'chunked'", "chunked foo", "chu nked", "\x0bchunked", "chunked\x0b",
    "\x0cchunked", "\x00chunked", "chunked\x00", "\x7fchunked", "\xa0chunked", "cow", "", " ", "compress, chunked", "ch\xfbnked",
    "chunked\r\n identity", "\r\n chunked", "\r\n\tchunked", "chunked\r\n\t, identity", "chunked\rX: y", "chunked\nX: y",
]
NAMES = [
    "Transfer-Encoding : chunked", "Transfer-Encoding\t: chunked", " Transfer-Encoding: chunked", "\tTransfer-Encoding: chunked",
    "Transfer-Encoding\x00: chunked", "Transfer-Encoding\r\n: chunked", "Transfer Encoding: chunked", "Transfer-Encoding\x0b: chunked",
    "X: y\rTransfer-Encoding: chunked", "X: y\nTransfer-Encoding: chunked", "X: y\r\n\rTransfer-Encoding: chunked",
    "X: \x00\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x", ":Transfer-Encoding: chunked", "\xffTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked", "Transfer-Encoding: x\r\nTransfer-Encoding: chunked",
]
LENGTHS = [
    "+LENGTH", "-LENGTH", "0xLENGTH", "LENGTH LENGTH", "LENGTH, LENGTH", "LENGTH,0", "0, LENGTH", "LENGTH.0", "LENGTHe0", "LENGTH\x00",
    "\x0bLENGTH", "LENGTH\x0b", "LENGTH;", "'LENGTH'", '"LENGTH"', "", " ", "LENGTHa", "1_0", "18446744073709551616",
    "99999999999999999999999999", "LENGTH\r\n 0", "\r\n LENGTH", "١٢",
]
DOUBLED = [
    "Content-Length: LENGTH\r\nContent-Length: 0", "Content-Length: 0\r\nContent-Length: LENGTH",
    "Content-Length: LENGTH\r\nContent-Length: LENGTH", "Content-Length: LENGTH\r\ncontent-length: LENGTH",
    "Content-Length: LENGTH\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: LENGTH",
    "Content-Length : LENGTH", "Content-Length\t: LENGTH", " Content-Length: LENGTH", "X: y\r\n Content-Length: LENGTH",
    "X: y\rContent-Length: LENGTH", "X: y\nContent-Length: LENGTH", "Content-Length\x00: LENGTH",
]
BAD_CHUNKS = [
    "5 \r\nhello\r\n", " 5\r\nhello\r\n", "\t5\r\nhello\r\n", "0x5\r\nhello\r\n", "+5\r\nhello\r\n", "-5\r\nhello\r\n", "5\nhello\r\n",
    "5\rhello\r\n", "5\r\nhello\n", "5\r\nhelloX\r\n", "5\r\nhell\r\n", "5\r\nhelloXX", "5\r\r\nhello\r\n", "5\n\r\nhello\r\n", "\r\n5\r\nhello\r\n",
    "g\r\n", "\r\n", "5,5\r\nhello\r\n", "5_\r\nhello\r\n", "10000000000000005\r\nhello\r\n", "ffffffffffffffff5\r\nhello\r\n",
    "5;a\nhello\r\n", "5;a=\x00\r\nhello\r\n", "5;\rhello\r\n", "5\x00\r\nhello\r\n", "٥\r\nhello\r\n",
]
BAD_ENDS = ["0\n\n", "0\r\n\n", "0\n\r\n", "0\r\r", "0\r\nX: y\n\n", "0\r\nX\r\n\r\n", "0\r\n X: y\r\n\r\n", "0\r\nX : y\r\n\r\n", "00x\r\n\r\n"]
LINES = [
    "POST /api/v1/sites HTTP/1.1\nHost: a\r\n", "POST /api/v1/sites HTTP/1.1\r\nHost: a\n", "POST /api/v1/sites HTTP/1.1\rHost: a\r\n",
    "POST  /api/v1/sites HTTP/1.1\r\nHost: a\r\n", "POST\t/api/v1/sites\tHTTP/1.1\r\nHost: a\r\n", "POST /api/v1/sites HTTP/1.1 \r\nHost: a\r\n",
    "POST /api/v1/sites  HTTP/1.1\r\nHost: a\r\n", "POST /api/v1/sites\r\nHost: a\r\n",
    "POST /api/v1/sites HTTP/2.0\r\nHost: a\r\n", "POST /api/v1/sites HTTP/1.10\r\nHost: a\r\n", "POST /api/v1/sites HTTP/01.1\r\nHost: a\r\n",
    "POST /api/v1/sites http/1.1\r\nHost: a\r\n", "POST /api/v1/sites HTTP/1.1\r\nHost: a\r\nHost: b\r\n",
    "POST /api/v1/sites HTTP/1.1\r\nHost: a\r\nhost: a\r\n", "POST /api/v1/sites HTTP/1.1\r\n", "POST /api/v1/sites HTTP/1.1\r\nHost : a\r\n",
    "POST /api/v1/sites HTTP/1.1\r\n Host: a\r\n", "POST /api/v1/sites HTTP/1.1\r\nHost: a\r\nX\x00: y\r\n",
    "POST /api/v1/sites HTTP/1.1\r\nHost: a\r\nX: \x00\r\n", "POST /api/v1/sites HTTP/1.1\r\nHost: a\r\nX y\r\n",
    "PO ST /api/v1/sites HTTP/1.1\r\nHost: a\r\n", "POST /api/v1/si\x00tes HTTP/1.1\r\nHost: a\r\n",
]


def table():
    """(shape, bytes of a name, expected). Expected: REFUSED, or the statuses of all answers, in order."""
    for value in TRANSFER_ENCODINGS:
        yield "Transfer-Encoding: " + value, post(f"Transfer-Encoding: {value}\r\n", chunks), REFUSED
        yield "with a length, coding " + value, sized(f"Content-Length: LENGTH\r\nTransfer-Encoding: {value}\r\n"), REFUSED
    for line in NAMES:
        yield line, sized(f"Content-Length: LENGTH\r\n{line}\r\n"), REFUSED
    for value in LENGTHS:
        yield "Content-Length: " + value, sized(f"Content-Length: {value}\r\n"), REFUSED
    for lines in DOUBLED:
        yield lines, sized(lines + "\r\n"), REFUSED
    for chunk in BAD_CHUNKS:
        yield "chunk " + chunk, post("Transfer-Encoding: chunked\r\n", lambda inner, c=chunk: c + chunks(inner)), REFUSED
    for last in BAD_ENDS:
        yield "end of chunks " + last, post("Transfer-Encoding: chunked\r\n", lambda inner, e=last: "1\r\nx\r\n" + e + inner), REFUSED
    for head in LINES:
        yield "head " + head, (lambda name, h=head: h + f"Content-Length: {len(hidden(name))}\r\n\r\n" + hidden(name)), REFUSED
    for version in ("1.0", "0.9"):
        yield "chunks in HTTP/" + version, post("Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n", chunks, version), REFUSED
    # One request without any doubt: what looks like a second one is its body, which is no JSON object of a site.
    plain = "Content-Type: application/json\r\n"
    yield "a body that is a request", sized(plain + "Content-Length: LENGTH\r\n"), [400]
    yield "a GET with a body", (lambda name: f"GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: {len(hidden(name))}\r\n\r\n" + hidden(name)), [200]
    yield "a HEAD with a body", (lambda name: f"HEAD /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: {len(hidden(name))}\r\n\r\n" + hidden(name)), [200]
    yield "a DELETE with a body", (lambda name: f"DELETE /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: {len(hidden(name))}\r\n\r\n" + hidden(name)), [404]
    yield "OPTIONS with a body", (lambda name: f"OPTIONS /api/v1/sites HTTP/1.1\r\nHost: a\r\nContent-Length: {len(hidden(name))}\r\n\r\n" + hidden(name)), [204]
    yield "underscore is another field", sized(plain + "Content-Length: LENGTH\r\nTransfer_Encoding: chunked\r\n"), [400]
    yield "length with zeros in front", sized(plain + "Content-Length: 000LENGTH\r\n"), [400]
    yield "blanks around a length", sized(plain + "Content-Length: \t LENGTH \t\r\n"), [400]
    yield "chunked in capitals", (lambda name: post(plain + "Transfer-Encoding: CHUNKED\r\n", lambda inner: f"{len(inner):x}\r\n{inner}\r\n0\r\n\r\n")(name)), [400]
    yield "a chunk with an extension", (lambda name: post(plain + "Transfer-Encoding: chunked\r\n", lambda inner: f"{len(inner):x};a=b\r\n{inner}\r\n0\r\n\r\n")(name)), [400]
    yield "a size with zeros in front", (lambda name: post(plain + "Transfer-Encoding: chunked\r\n", lambda inner: f"000{len(inner):X}\r\n{inner}\r\n00\r\n\r\n")(name)), [400]
    yield "a length behind the last chunk", (lambda name: post(plain + "Transfer-Encoding: chunked\r\n", lambda inner: "f\r\n{\"zip\":\"02139\"}\r\n0\r\nContent-Length: 99\r\nHost: b\r\n\r\n")(name)), REFUSED
    yield "a field behind the last chunk", (lambda name: post(plain + "Transfer-Encoding: chunked\r\n", lambda inner: "f\r\n{\"zip\":\"02139\"}\r\n0\r\nX-Host: b\r\n\r\n")(name)), [422]
    yield "an absolute address", (lambda name: f"GET http://b/healthz HTTP/1.1\r\nHost: a\r\nContent-Length: {len(hidden(name))}\r\n\r\n" + hidden(name)), [200]
    yield "HTTP/1.0 with a length", sized(plain + "Content-Length: LENGTH\r\n", version="1.0"), [400]
    yield "upgrade to h2c", (lambda name: f"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\nContent-Length: {len(hidden(name))}\r\n\r\n" + hidden(name)), [200]
    yield "a length that nobody waits for", (lambda name: f"POST /nothing HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: {len(hidden(name))}\r\n\r\n" + hidden(name)), [404]


class Smuggling(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(replicas=1, options=["--memory"], http=True).__enter__()
        wait_until(lambda: cls.exchange(b"GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n") == [200], "the HTTP interface")

    @classmethod
    def tearDownClass(cls):
        cls.cluster.__exit__(None, None, None)

    @classmethod
    def exchange(cls, data):
        """The statuses of all answers until the connection ends; None: it never came to be."""
        try:
            connection = socket.create_connection(("127.0.0.1", cls.cluster.http_base), timeout=30)
        except ConnectionRefusedError:
            return None
        with connection:
            received = b""
            try:
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                while piece := connection.recv(65536):
                    received += piece
            except (ConnectionResetError, BrokenPipeError):
                pass
        return cls.statuses(received, data.startswith(b"HEAD"))

    @staticmethod
    def statuses(received, of_head):
        found = []
        while received:
            head, _, received = received.partition(b"\r\n\r\n")
            fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
            status = int(head.split(b" ", 2)[1])
            if status != 100:
                found.append(status)
            if not of_head:
                received = received[int(fields.get(b"content-length", b"0")):]
        return found

    def sites(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.cluster.http_base}/api/v1/sites?limit=2000", timeout=30) as answer:
            return [site["id"] for site in json.load(answer)["sites"]]

    def test_each_shape_is_refused_or_is_one_request_and_nothing_hidden_is_executed(self):
        shapes = list(table())
        self.assertGreater(len(shapes), 150)
        for number, (shape, make, expected) in enumerate(shapes):
            with self.subTest(shape):
                got = self.exchange(make(f"hidden-{number}").encode("latin-1", "replace"))
                if expected is REFUSED:
                    self.assertEqual(len(got), 1, got)
                    self.assertIn(got[0], (400, 501, 505))
                else:
                    self.assertEqual(got, expected)
        self.assertEqual(self.sites(), [])

    def test_a_hidden_request_sent_openly_would_add_its_site(self):
        """The control: the bytes that are hidden above do what they say."""
        self.assertEqual(self.exchange(hidden("seen").encode()), [201])
        self.assertEqual(self.sites(), ["seen"])
        self.assertEqual(self.exchange(b"DELETE /api/v1/sites/seen HTTP/1.1\r\nHost: a\r\n\r\n"), [200])
        self.assertEqual(self.sites(), [])


if __name__ == "__main__":
    main()
