# SPDX-License-Identifier: Apache-2.0

"""The rules of one call, without sockets: what is sent to which replica, and what becomes of what comes back."""
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "src"))

from titer_client import errors  # noqa: E402
from titer_client._exchange import (Failure, Operation, Pause, Reply, Send, Session, exchange, request_of)  # noqa: E402
from titer_client._follower import Follower  # noqa: E402
from titer_client.availability import count_of, is_available  # noqa: E402

READ = Operation("get_site", "GET", "/sites/{id}", retry="read", follows=True, json=True)
KEYED = Operation("reserve_stock", "POST", "/sites/{id}/stock/{product}/reserve", retry="key", follows=False, json=True)
ONCE = Operation("create_key", "POST", "/keys", retry="once", follows=False, json=True)
LOST, REFUSED = Failure("ReadError", sent=True), Failure("ConnectError", sent=False)
STREAM = "0123456789abcdef"


def reply(status=200, problem=None, **headers):
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, json.dumps(problem or {}).encode())


class Call(unittest.TestCase):
    def setUp(self):
        self.session = Session(["http://a", "http://b/"], key=None, actor=None, timeout=5, attempt_timeout=2)

    def play(self, operation, *answers, path=("elm", "208"), **given):
        """Runs a call to its end against these answers; ([Send], [Pause], what it returned or raised)."""
        request = request_of(self.session, operation, path[:operation.path.count("{")], given.get("query"), given.get("headers"), given.get("content"))
        plan, waiting, sends, pauses, came = exchange(self.session, request), list(answers), [], [], None
        try:
            while True:
                step = plan.send(came)
                if isinstance(step, Pause):
                    pauses.append(step)
                    came = None
                else:
                    sends.append(step)
                    came = waiting.pop(0)
        except StopIteration as done:
            outcome = done.value
        except errors.TiterError as error:
            outcome = error
        self.assertEqual(waiting, [], "answers that nobody asked for")
        return sends, pauses, outcome

    def test_a_call_stays_with_the_replica_that_answers(self):
        for _ in range(2):
            sends, _, _ = self.play(READ, reply())
            self.assertEqual([one.url for one in sends], ["http://a/sites/elm"])

    def test_a_read_goes_on_at_the_next_replica_and_stays_there(self):
        for failure in (LOST, REFUSED, reply(503, {"code": "busy"}), reply(504, {"code": "outcome_unknown"}), reply(502)):
            self.setUp()
            sends, pauses, outcome = self.play(READ, failure, reply())
            self.assertEqual([one.url for one in sends], ["http://a/sites/elm", "http://b/sites/elm"])
            self.assertEqual((pauses, outcome.status), ([], 200))
            self.assertEqual(self.play(READ, reply())[0][0].url, "http://b/sites/elm")

    def test_a_change_is_repeated_under_one_key_and_the_next_change_has_another(self):
        sends, pauses, _ = self.play(KEYED, LOST, LOST, reply(504), reply(), content=b"{}")
        keys = {one.headers["Idempotency-Key"] for one in sends}
        self.assertEqual((len(sends), len(keys), len(pauses)), (4, 1, 1))
        self.assertNotIn(self.play(KEYED, reply())[0][0].headers["Idempotency-Key"], keys)

    def test_the_key_of_the_caller_is_used(self):
        sends, _, _ = self.play(KEYED, LOST, reply(), headers={"Idempotency-Key": "visit-17"})
        self.assertEqual({one.headers["Idempotency-Key"] for one in sends}, {"visit-17"})

    def test_a_change_without_key_is_repeated_only_if_it_was_not_sent(self):
        sends, _, outcome = self.play(ONCE, REFUSED, reply(503, {"code": "unavailable"}), reply(), path=())
        self.assertEqual((len(sends), outcome.status), (3, 200))
        for lost in (LOST, reply(504, {"code": "outcome_unknown"}), reply(502)):
            sends, _, outcome = self.play(ONCE, lost, path=())
            self.assertIsInstance(outcome, errors.OutcomeUnknown)
            self.assertIsNone(outcome.idempotency_key)

    def test_what_a_replica_refuses_is_final(self):
        for status, code, kind in ((409, "not_enough", errors.NotEnough), (409, "something_new", errors.Conflict),
                                   (404, "not_found", errors.NotFound), (422, "invalid", errors.Invalid),
                                   (422, "idempotency_key_reused", errors.IdempotencyKeyReused), (401, "unauthorized", errors.Unauthorized),
                                   (503, "writes_stopped", errors.WritesStopped), (500, "", errors.Problem)):
            _, _, outcome = self.play(KEYED, reply(status, {"code": code, "detail": "why", "current": 7}))
            self.assertIs(type(outcome), kind)
            self.assertEqual((outcome.status, outcome.code, outcome.current), (status, code, 7))

    def test_time_that_is_over_tells_whether_the_change_may_be_done(self):
        self.session.timeout = 0
        _, _, outcome = self.play(KEYED, LOST, headers={"Idempotency-Key": "k"})
        self.assertIsInstance(outcome, errors.OutcomeUnknown)
        self.assertEqual(outcome.idempotency_key, "k")
        _, _, outcome = self.play(KEYED, REFUSED, headers={"Idempotency-Key": "k"})
        self.assertIsInstance(outcome, errors.Unavailable)
        self.assertIsInstance(self.play(READ, LOST)[2], errors.Unavailable)

    def test_too_many_requests_waits_as_long_as_it_is_told(self):
        _, pauses, outcome = self.play(READ, reply(429, {"code": "too_many_requests"}, retry_after="3"), reply())
        self.assertEqual(([one.seconds for one in pauses], outcome.status), ([3.0], 200))
        _, _, outcome = self.play(READ, reply(429, {"code": "too_many_requests"}, retry_after="60"))
        self.assertIsInstance(outcome, errors.TooManyRequests)

    def test_reads_wait_for_what_was_seen_and_the_position_never_goes_back(self):
        self.play(KEYED, reply(titer_position="7", titer_stream=STREAM))
        self.assertEqual(self.play(READ, reply(titer_position="6", titer_stream=STREAM))[0][0].headers["Titer-Min-Position"], f"7-{STREAM}")
        self.assertEqual(self.session.position, f"7-{STREAM}")
        self.play(READ, reply(titer_position="3", titer_stream="f" * 16))
        self.assertEqual(self.session.position, "3-" + "f" * 16, "another stream counts from 0")

    def test_a_stream_that_changed_is_told_apart_from_a_history_that_is_too_short(self):
        self.session.see(f"7-{STREAM}")
        sends, _, outcome = self.play(READ, reply(410, {"code": "too_old"}), reply(410, {"code": "too_old", "oldest": 5}))
        self.assertIs(type(outcome), errors.TooOld)
        self.assertEqual(self.session.position, f"7-{STREAM}")
        sends, _, outcome = self.play(READ, reply(410, {"code": "too_old"}), reply())
        self.assertIs(type(outcome), errors.StreamChanged)
        self.assertNotIn("Titer-Min-Position", sends[1].headers)
        self.assertIsNone(self.session.position)

    def test_values_of_a_path_are_quoted(self):
        self.assertEqual(self.play(READ, reply(), path=("a/b c",))[0][0].url, "http://a/sites/a%2Fb%20c")

    def test_addresses_without_a_scheme_are_refused(self):
        for wrong in ([], "127.0.0.1:8080", ["http://a", "b"]):
            with self.assertRaises(ValueError):
                Session(wrong, None, None, 1, 1)


class Stream(unittest.TestCase):
    def setUp(self):
        self.session = Session(["http://a", "http://b"], key="titer_k", actor=None, timeout=0, attempt_timeout=2)
        self.follower = Follower(self.session, None)

    def lines(self, *lines):
        """As bytes that come in pieces, which do not end where lines end."""
        sent = "".join(line + "\n" for line in lines).encode()
        return [change for at in range(0, len(sent), 7) for change in self.follower.feed(sent[at:at + 7])]

    def test_it_goes_on_after_the_last_event_at_the_next_replica(self):
        self.assertEqual(self.follower.request().query, {})
        self.follower.opened({"titer-position": "9", "titer-stream": STREAM})
        self.follower.broken(LOST)
        self.assertEqual((self.follower.request().url, self.follower.request().query),
                         ("http://b/api/v1/changes", {"since": f"9-{STREAM}"}))
        got = self.lines("retry: 1000", "", ": alive", "", "event: change", f"id: 10.0-{STREAM}", 'data: {"kind":"sét\u2028"}', "")
        self.assertEqual(got, [(f"10.0-{STREAM}", {"kind": "sét\u2028"})])
        self.assertEqual(self.follower.request().query, {"since": f"10.0-{STREAM}"})

    def test_half_an_event_of_a_broken_stream_is_forgotten(self):
        self.lines("event: change", "id: 1.0-x")
        self.follower.request()
        self.assertEqual(self.lines('data: {"kind":"set"}', ""), [])

    def test_an_end_says_from_where_to_go_on(self):
        self.assertEqual(self.lines("event: end", 'data: {"end":"stopping","resume_from":"4.1-x"}', ""), [])
        self.assertEqual(self.follower.request().query, {"since": "4.1-x"})

    def test_a_history_that_is_too_short_is_the_end(self):
        with self.assertRaises(errors.TooOld) as raised:
            self.follower.broken(reply(410, {"code": "too_old", "oldest": 5}))
        self.assertEqual(raised.exception.oldest, 5)

    def test_when_no_replica_answers_it_gives_up_and_says_where_it_was(self):
        self.follower.feed(b": alive\n")
        self.assertEqual(self.follower.broken(LOST), 0.0)
        with self.assertRaises(errors.Unavailable):
            self.follower.broken(LOST)


class Availability(unittest.TestCase):
    def test_true_is_no_count(self):
        self.assertEqual([count_of(one) for one in (0, 7, True, False, "unknown")], [0, 7, None, None, None])
        self.assertEqual([is_available(one) for one in (0, 7, True, False, "unknown")], [False, True, True, False, None])


if __name__ == "__main__":
    unittest.main()
