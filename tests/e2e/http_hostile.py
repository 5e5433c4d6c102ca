# SPDX-License-Identifier: Apache-2.0

"""Hostile HTTP: requests that are malformed in every way we could think of, each with the answer that it must get.

A case is a name, the bytes, and the status that must come back; CUT means that the connection ends without an answer,
SERVED that it is an odd but legal request. Afterwards the replica serves as before and has not grown. All is sent on
fresh connections; bytes after an error on the same connection do not matter: the connection ends there.
"""
import json
import socket
import threading
import unittest
import urllib.request

from harness import Cluster, main, wait_until

CUT, SERVED = 0, 200
HOST = "Host: a\r\n"
JSON = "Content-Type: application/json\r\n"
STOCK = "/api/v1/sites/harvard-university/stock/any"
GROWTH_MAX = 64 << 20  # bytes; buffers of a few thousand connections, not more


def get(target, headers=""):
    return f"GET {target} HTTP/1.1\r\n{HOST}{headers}\r\n".encode("latin-1")


def send(body, method="PUT", target=STOCK, headers=JSON, length=None):
    body = body if isinstance(body, bytes) else body.encode()
    head = f"{method} {target} HTTP/1.1\r\n{HOST}{headers}Content-Length: {len(body) if length is None else length}\r\n\r\n"
    return head.encode("latin-1") + body


def chunked(*chunks, headers=JSON, more="Transfer-Encoding: chunked\r\n"):
    return f"PUT {STOCK} HTTP/1.1\r\n{HOST}{headers}{more}\r\n".encode() + b"".join(chunks)


GRAMMAR = [
    ("TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64) + b"\r\n\r\n", 400),
    ("zeros", bytes(100) + b"\r\n\r\n", 400),
    ("no method", b" / HTTP/1.1\r\n" + HOST.encode() + b"\r\n", 400),
    ("no version", b"GET /healthz\r\n\r\n", 400),
    ("HTTP/0.9", b"GET /healthz HTTP/0.9\r\nHost: a\r\n\r\n", 505),
    ("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ("HTTP/2.0", b"GET /healthz HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    ("HTTP/1.2, a later version of 1", b"GET /healthz HTTP/1.2\r\nHost: a\r\n\r\n", SERVED),
    ("HTTP/1.9", b"GET /healthz HTTP/1.9\r\nHost: a\r\n\r\n", SERVED),
    ("HTTP/11.1", b"GET /healthz HTTP/11.1\r\nHost: a\r\n\r\n", 400),
    ("control in the method", b"G\x01T /healthz HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("two blanks", b"GET  /healthz HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("empty lines before the request", b"\r\n\r\n" + get("/healthz"), SERVED),
    ("empty lines without end", b"\r\n" * 10000 + get("/healthz"), 400),
    ("line feeds alone", b"GET /healthz HTTP/1.1\nHost: a\n\n", 400),
    ("no Host", b"GET /healthz HTTP/1.1\r\n\r\n", 400),
    ("two Hosts", b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    ("header without colon", get("/healthz", "nonsense\r\n"), 400),
    ("header without name", get("/healthz", ": x\r\n"), 400),
    ("blank before the colon", get("/healthz", "Accept : x\r\n"), 400),
    ("control in a header", get("/healthz", "Accept: a\x01b\r\n"), 400),
    ("zero in a header", get("/healthz", "Accept: a\x00b\r\n"), 400),
    ("big header", get("/healthz", "X: " + "a" * 20000 + "\r\n"), 431),
    ("many headers", get("/healthz", "".join(f"X-{i}: 1\r\n" for i in range(150))), 431),
    ("endless header line", b"GET /healthz HTTP/1.1\r\nX: " + b"a" * 70000, 431),
    ("unknown method", b"BREW /healthz HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    ("unknown method at an unknown address", b"BREW /nowhere HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    ("known method that the address does not take", b"DELETE /healthz HTTP/1.1\r\nHost: a\r\n\r\n", 405),
    ("TRACE", b"TRACE /healthz HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    ("CONNECT", b"CONNECT example.org:443 HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    ("strange expectation", get("/healthz", "Expect: miracles\r\n"), 417),
    ("upgrade is ignored", get("/healthz", "Connection: Upgrade\r\nUpgrade: websocket\r\n"), SERVED),
]
LENGTHS = [
    ("length that is no number", send("12", length="two"), 400),
    ("negative length", send("12", length="-1"), 400),
    ("length beyond 64 bits", send("12", length="99999999999999999999999"), 400),
    ("length with a sign", send("12", length="+2"), 400),
    ("two lengths", send("12", headers=JSON + "Content-Length: 3\r\n"), 400),
    ("length and chunks", chunked(b"2\r\n12\r\n0\r\n\r\n", more="Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"), (400, 501)),
    ("body announced too large", send("", length=2 << 20), 413),
    ("chunks too large", chunked(b"80000\r\n" + b" " * 0x80000 + b"\r\n80001\r\n" + b" " * 0x80001 + b"\r\n"), 413),
    ("chunk without length", chunked(b"\r\n12\r\n0\r\n\r\n"), 400),
    ("chunk of strange length", chunked(b"xyz\r\n12\r\n0\r\n\r\n"), 400),
    ("chunk of enormous length", chunked(b"fffffffffffffffff\r\n12\r\n"), 400),
    ("chunk data that ends with a bare line feed", chunked(b"2\r\n12\n0\r\n\r\n"), 400),
    ("chunk longer than said", chunked(b"2\r\n1234\r\n0\r\n\r\n"), 400),
    ("transfer encoding not known", chunked(b"", more="Transfer-Encoding: gzip\r\n"), (400, 501)),
    ("fields behind the last chunk", chunked(b"2\r\n12\r\n0\r\nX: " + b"x" * 4000 + b"\r\n\r\n"), SERVED),
    ("good chunks", chunked(b"1\r\n1\r\n1;x=y\r\n2\r\n0\r\n\r\n"), SERVED),
]
TARGETS = [
    ("no slash", get("healthz"), 400),
    ("half a percent", get("/api/v1/sites/%4"), 400),
    ("percent of no digits", get("/api/v1/sites/%zz"), 400),
    ("zero in the path", get("/api/v1/sites/a%00b"), 400),
    ("line end in the path", get("/api/v1/sites/a%0d%0ab"), 400),
    ("overlong UTF-8", get("/api/v1/sites/%c0%ae%c0%ae"), 400),
    ("broken UTF-8 in a parameter", get("/api/v1/sites?q=%ff%fe"), 400),
    ("upwards", get("/api/v1/../../etc/passwd"), 404),
    ("upwards, escaped", get("/%2e%2e/%2e%2e/etc/passwd"), 404),
    ("slash inside an id", get("/api/v1/sites/a%2Fb"), 404),
    ("long id", get("/api/v1/sites/" + "a" * 2000), (404, 422)),
    ("long address", get("/api/v1/sites?q=" + "a" * 9000), 414),
    ("many parts", get("/a" * 40), 400),
    ("many parameters", get("/api/v1/sites?" + "&".join(f"p{i}=1" for i in range(50))), 400),
    ("parameter twice", get("/api/v1/sites?zip=02138&zip=02139"), 400),
    ("unknown parameter", get("/api/v1/sites?zap=1"), 400),
    ("limit 0", get("/api/v1/sites?limit=0"), 400),
    ("limit of no end", get("/api/v1/sites?limit=999999999999999999999"), 400),
    ("limit with a blank", get("/api/v1/sites?limit=%201"), 400),
    ("cursor of no page", get("/api/v1/sites?cursor=nonsense"), 400),
    ("near nothing", get("/api/v1/sites/near"), 400),
    ("near two places", get("/api/v1/sites/near?zip=02138&lat=1&lon=1"), 400),
    ("near an unknown ZIP", get("/api/v1/sites/near?zip=00000"), 422),
    ("near the moon", get("/api/v1/sites/near?lat=200&lon=0"), 422),
    ("latitude nan", get("/api/v1/sites/near?lat=nan&lon=0"), 400),
    ("distance inf", get("/api/v1/sites/near?zip=02138&within=inf"), 400),
    ("distance beyond 500 miles", get("/api/v1/sites/near?zip=02138&within=500.1"), 400),
    ("distance beyond 500 miles, in km", get("/api/v1/sites/near?zip=02138&within=805&unit=km"), 400),
    ("distance of 500 miles", get("/api/v1/sites/near?zip=02138&within=500"), SERVED),
    ("distance below 0", get("/api/v1/sites/near?zip=02138&within=-1"), 422),
    ("since of no position", get("/api/v1/changes?since=yesterday"), 400),
    ("since beyond 64 bits", get("/api/v1/changes?since=99999999999999999999"), 400),
    ("since of another cluster", get("/api/v1/changes?since=9999999999999"), 410),
    ("minimum of no position", get("/api/v1/sites", "Titer-Min-Position: -1\r\n"), 400),
    ("minimum in the future", get("/api/v1/sites", "Titer-Min-Position: 99999999\r\n"), 503),
    ("undo of nothing", send("", method="POST", target="/api/v1/events/0/undo"), 400),
    ("undo of what was not", send("", method="POST", target="/api/v1/events/99999/undo"), (404, 410)),
]
BODIES = [
    ("empty", send(""), 400),
    ("half an object", send('{"availability":'), 400),
    ("two values", send("12 13"), 400),
    ("deep", send("[" * 100000), 400),
    ("deep object", send('{"availability":' * 50 + "1" + "}" * 50), 400),
    ("many members", send("{" + ",".join(f'"m{i}":1' for i in range(50000)) + "}"), 400),
    ("unknown member", send('{"availabilty":12}'), 400),
    ("fraction", send('{"availability":1.5}'), 400),
    ("exponent", send('{"availability":1e3}'), 400),
    ("below zero", send('{"availability":-1}'), 400),
    ("beyond 64 bits", send('{"availability":99999999999999999999}'), 400),
    ("beyond the limit", send('{"availability":9999999999}'), (413, 422)),
    ("NaN", send('{"availability":NaN}'), 400),
    ("broken UTF-8", send(b'{"availability":12,"reason":"\xff\xfe"}'), 400),
    ("lone surrogate", send('{"availability":12,"reason":"\\ud800"}'), 400),
    ("text where a number must be", send('{"by":"1"}', method="POST", target=STOCK + "/adjust"), 400),
    ("adjust by nothing", send('{"by":0}', method="POST", target=STOCK + "/adjust"), 400),
    ("adjust by too much", send('{"by":-9223372036854775808}', method="POST", target=STOCK + "/adjust"), (409, 413, 422)),
    ("reserve below zero", send('{"doses":-5}', method="POST", target=STOCK + "/reserve"), 400),
    ("time of no calendar", send('{"availability":12,"valid_at":"2026-02-31"}'), 400),
    ("time after the day", send('{"availability":12,"valid_at":"2026-03-01T24:30:00Z"}'), 400),
    ("product of no code", send("12", target="/api/v1/sites/harvard-university/stock/%20"), 400),
    ("no such site", send("12", target="/api/v1/sites/nowhere/stock/any"), 404),
    ("form instead of JSON", send("availability=12", headers="Content-Type: application/x-www-form-urlencoded\r\n"), 415),
    ("body without a type", send("12", headers=""), 415),
    ("compressed body", send(b"\x1f\x8b", headers=JSON + "Content-Encoding: gzip\r\n"), 415),
    ("name of no end", send(json.dumps({"name": "x" * 5000}), method="POST", target="/api/v1/sites"), (413, 422)),
    ("site without name", send('{"zip":"02139"}', method="POST", target="/api/v1/sites"), 422),
    ("ZIP of letters", send('{"name":"x","zip":"abcde"}', method="POST", target="/api/v1/sites"), 422),
    ("half a point", send('{"name":"x","lat":1}', method="POST", target="/api/v1/sites"), 400),
    ("ids that are no pairs", send('{"name":"x","external_ids":[["a"]]}', method="POST", target="/api/v1/sites"), 400),
    ("tag of no quotes", send("12", headers=JSON + "If-Match: 7\r\n"), 400),
    ("tag of nothing that is here", send("12", headers=JSON + 'If-Match: "99999999999"\r\n'), 412),
    ("key of no end", send("12", headers=JSON + "Idempotency-Key: " + "k" * 300 + "\r\n"), 400),
    ("actor that is no text", send("12", headers=JSON + "Titer-Actor: \xff\r\n"), 400),
    ("page of another site", send("12", headers=JSON + "Origin: http://evil.example\r\n"), 403),
]
CASES = GRAMMAR + LENGTHS + TARGETS + BODIES


def answer_of(connection):
    """The status of the next answer; CUT when the connection ends without."""
    data = b""
    try:
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                break
            data += piece
    except ConnectionResetError:
        pass
    return int(data.split(b" ", 2)[1]) if data.startswith(b"HTTP/1.") else CUT


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(replicas=1, options=["--memory", "--seed-site"], http=True).__enter__()
        wait_until(lambda: cls.ask(get("/readyz")) == 200, "the HTTP interface")

    @classmethod
    def tearDownClass(cls):
        cls.cluster.__exit__(None, None, None)

    @classmethod
    def connect(cls):
        return socket.create_connection(("127.0.0.1", cls.cluster.http_base), timeout=60)

    @classmethod
    def ask(cls, data):
        try:
            connection = cls.connect()
        except ConnectionRefusedError:
            return None
        with connection:
            try:
                connection.sendall(data)
            except (ConnectionResetError, BrokenPipeError):
                pass
            return answer_of(connection)

    def memory(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.cluster.http_base}/api/v1/status", timeout=30) as answer:
            return json.load(answer)["memory_bytes"]

    def test_each_case_gets_its_answer(self):
        self.assertGreaterEqual(len(CASES), 60)
        for name, data, expected in CASES:
            with self.subTest(name):
                got = self.ask(data)
                self.assertIn(got, expected if isinstance(expected, tuple) else (expected,))
        self.assertEqual(self.ask(get("/readyz")), 200)

    def test_repetition_takes_no_memory(self):
        for _, data, _ in CASES:
            if len(data) < 10000 and b"Min-Position" not in data:
                self.ask(data)
        before = self.memory()
        for _ in range(20):
            for _, data, _ in CASES:
                if len(data) < 10000 and b"Min-Position" not in data:
                    self.ask(data)
        self.assertLess(self.memory(), before + GROWTH_MAX)

    def test_garbage_behind_a_good_request_spoils_only_itself(self):
        with self.connect() as connection:
            connection.sendall(get("/healthz") + b"\x00\xff garbage\r\n\r\n" + get("/healthz"))
            self.assertEqual(answer_of(connection), 200)

    def test_a_broken_body_of_an_import_is_refused_and_the_connection_is_closed(self):
        head = b"POST /api/v1/import HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nx,"
        for rest, half_closed in ((b"\n0\r\n\r\n", False), (b"\r\nzz\r\n", False), (b"\r\n", True)):
            with self.subTest(rest), self.connect() as connection:
                connection.sendall(head + rest)
                if half_closed:
                    connection.shutdown(socket.SHUT_WR)
                data = b""
                while piece := connection.recv(65536):
                    data += piece
                self.assertTrue(data.startswith(b"HTTP/1.1 400"), data)
                self.assertIn(b"Connection: close", data)

    def test_a_client_that_stops_in_the_middle_is_forgotten(self):
        for data in (b"", b"GET /hea", get("/healthz")[:-2], send("12", length=50)):
            with self.subTest(data[:20]), self.connect() as connection:
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                self.assertEqual(answer_of(connection), CUT)

    def test_a_half_closed_client_gets_its_answers(self):
        with self.connect() as connection:
            connection.sendall(get("/healthz") * 3)
            connection.shutdown(socket.SHUT_WR)
            data = b""
            while piece := connection.recv(65536):
                data += piece
            self.assertEqual(data.count(b"HTTP/1.1 200"), 3)

    def test_a_half_closed_client_gets_its_refusal(self):
        for _ in range(50):  # its end and the refusal meet in one turn, or not
            with self.connect() as connection:
                connection.sendall(get("/healthz", "nonsense\r\n"))
                connection.shutdown(socket.SHUT_WR)
                self.assertEqual(answer_of(connection), 400)

    def test_a_slow_header_is_cut_off(self):
        """One byte now and then keeps nobody's place: the whole header has ten seconds."""
        with self.connect() as connection:
            ended = threading.Event()
            found = []

            def listen():
                found.append(answer_of(connection))
                ended.set()

            listener = threading.Thread(target=listen)
            listener.start()
            for byte in b"GET /healthz HTTP/1.1\r\nX-Slow: " + b"a" * 200:
                if ended.wait(0.2):
                    break
                try:
                    connection.sendall(bytes([byte]))
                except (ConnectionResetError, BrokenPipeError):
                    break
            listener.join(30)
            self.assertEqual(found, [408])

    def test_who_does_not_read_costs_no_memory(self):
        before = self.memory()
        crowd = [self.connect() for _ in range(50)]
        try:
            for connection in crowd:
                connection.setblocking(False)
                try:
                    while True:
                        connection.send(get("/api/v1/openapi.json") * 50)
                except BlockingIOError:
                    pass
            self.assertEqual(self.ask(get("/readyz")), 200)
            self.assertLess(self.memory(), before + 3 * GROWTH_MAX)
        finally:
            for connection in crowd:
                connection.close()


if __name__ == "__main__":
    main()
