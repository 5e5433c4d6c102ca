#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""The Python client on real clusters in which replicas are killed and hang. Every answer is compared with the OpenAPI document."""
import asyncio
import os
import signal
import sys
import threading
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(ROOT, "tests", "e2e"), os.path.join(ROOT, "clients", "python", "src")]

import documented  # noqa: E402
from harness import Cluster, main, wait_until  # noqa: E402
from tls import Files  # noqa: E402
from titer_client import AsyncClient, Client, count_of, errors  # noqa: E402
from titer_client._exchange import Failure, Reply, Send  # noqa: E402

WRITERS = 4


def compared(step, came):
    """Every answer is one that the document describes."""
    if isinstance(step, Send) and isinstance(came, Reply):
        documented.check(step.method, step.url, came.status, came.headers.get("content-type", ""), came.body)


class Network:
    """Compares every answer with the document, and counts those that do not come. With `lose`, every so many answers are lost on their
    way: the replicas have executed the request, and the client does not know it."""

    lost, came, lose = 0, 0, None

    def delivered(self, step, came):
        compared(step, came)
        if isinstance(came, Reply):
            self.came += 1
            if self.lose and self.came % self.lose == 0:
                came = Failure("lost on its way", sent=True)
        self.lost += isinstance(came, Failure) and came.sent
        return came


class Checked(Client, Network):
    def _perform(self, step):
        return self.delivered(step, super()._perform(step))


class AsyncChecked(AsyncClient, Network):
    async def _perform(self, step):
        return self.delivered(step, await super()._perform(step))


def addresses(cluster):
    return [f"http://127.0.0.1:{cluster.http_base + i}" for i in range(cluster.size)]


class Followed(threading.Thread):
    """Every change, as it comes, until the line has this count."""

    def __init__(self, replicas, last):
        super().__init__(daemon=True)
        self.client, self.last, self.events = Client(replicas), last, []

    def run(self):
        with self.client:
            for change in self.client.changes("0"):
                self.events.append(change)
                if self.last(change.event):
                    return


class Failing(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster(3, ["--memory"], http=True)
        self.addCleanup(self.cluster.__exit__, None, None, None)
        self.cluster.__enter__()
        self.cluster.wait_members([0, 1, 2])
        self.replicas = addresses(self.cluster)
        with Checked(self.replicas) as titer:
            titer.add_site("Elm Street Clinic", id="elm", zip="02139")
            titer.set_stock("elm", "208", 0)

    def kill_each_in_turn(self, acknowledged):
        """Kills replica after replica, each while changes are on their way, and waits until it is back."""
        for index in range(3):
            before = acknowledged()
            wait_until(lambda: acknowledged() > before + 20, "changes before the kill")
            self.cluster.kill(index)
            self.cluster.wait_members([i for i in range(3) if i != index])
            before = acknowledged()
            wait_until(lambda: acknowledged() > before + 20, "changes after the kill")
            self.cluster.start(index)
            self.cluster.wait_members([0, 1, 2])

    def stored(self):
        with Checked(self.replicas) as titer:
            return count_of(titer.get_site("elm")["stock"][0]["availability"])

    def test_each_change_is_made_once_while_every_replica_dies(self):
        """Threads count up; at the end the count is the number of acknowledgements, and the stream had each of them once."""
        done, stop, clients, failures = [0] * WRITERS, threading.Event(), [Checked(self.replicas) for _ in range(WRITERS)], []
        for client in clients:
            client.lose = 10
        sign = "the count is complete"
        follower = Followed(self.replicas, lambda event: event.get("reason") == sign)
        follower.start()

        def count_up(number):
            try:
                while not stop.is_set():
                    clients[number].adjust_stock("elm", "208", 1)
                    done[number] += 1
            except Exception as error:  # told to the test, which fails by it
                failures.append(error)

        threads = [threading.Thread(target=count_up, args=(n,)) for n in range(WRITERS)]
        for thread in threads:
            thread.start()
        try:
            self.kill_each_in_turn(lambda: sum(done))
        finally:
            stop.set()
            for thread in threads:
                thread.join()
            for client in clients:
                client.close()
        self.assertEqual(failures, [])
        print(f"{sum(done)} changes, {sum(one.lost for one in clients)} of them sent again because no answer came")
        self.assertEqual(self.stored(), sum(done))
        with Checked(self.replicas) as titer:
            titer.adjust_stock("elm", "208", 1, reason=sign)
            history = [event for event in titer.iterate_events(limit=500)]
        follower.join(20)
        self.assertFalse(follower.is_alive(), "the stream has no end")
        afters = [change.event["after"] for change in follower.events if change.event["kind"] == "adjust"]
        self.assertEqual(afters, list(range(1, sum(done) + 2)), "each change once, in order")
        self.assertEqual([change.event for change in follower.events], history[::-1], "the stream is the history")

    def test_asyncio_changes_are_made_once_while_every_replica_dies(self):
        async def count_up(titer, stop, done):
            while not stop.is_set():
                await titer.adjust_stock("elm", "208", 1)
                done.append(1)

        async def run():
            stop, done = asyncio.Event(), []
            async with AsyncChecked(self.replicas) as titer:
                titer.lose = 10
                tasks = [asyncio.create_task(count_up(titer, stop, done)) for _ in range(WRITERS)]
                await asyncio.to_thread(self.kill_each_in_turn, lambda: len(done))
                stop.set()
                await asyncio.gather(*tasks)
                print(f"{len(done)} changes, {titer.lost} of them sent again because no answer came")
                self.assertEqual(count_of((await titer.get_site("elm"))["stock"][0]["availability"]), len(done))
                rows = [event async for event in titer.iterate_site_history("elm", limit=100)]
                self.assertEqual(sum(event["kind"] == "adjust" for event in rows), len(done))
                stream = []
                async for change in titer.changes("0"):
                    stream.append(change.event)
                    if change.event["position"] == rows[0]["position"]:
                        break
                self.assertEqual(stream, rows[::-1])

        asyncio.run(run())

    def test_a_change_that_hangs_is_sent_to_the_next_replica_and_made_once(self):
        pid = self.cluster.pids()[0]
        with Checked(self.replicas, attempt_timeout=0.3) as titer:
            titer.adjust_stock("elm", "208", 1)
            self.cluster.signal(pid, signal.SIGSTOP)
            try:
                outcome = titer.adjust_stock("elm", "208", 1)
            finally:
                self.cluster.signal(pid, signal.SIGCONT)
            self.assertEqual((outcome["before"], outcome["after"]), (1, 2))
            self.assertGreater(titer.lost, 0)
        self.assertEqual(self.stored(), 2)

    def test_a_change_of_unknown_outcome_is_continued_by_its_key(self):
        """The client gives up; another one, later, asks under the same key, and the change is made once."""
        pids = self.cluster.pids()
        with Checked(self.replicas, attempt_timeout=0.2, timeout=0.5) as titer:
            for pid in pids.values():
                self.cluster.signal(pid, signal.SIGSTOP)
            try:
                with self.assertRaises(errors.OutcomeUnknown) as raised:
                    titer.adjust_stock("elm", "208", 1)
            finally:
                for pid in pids.values():
                    self.cluster.signal(pid, signal.SIGCONT)
        with Checked(self.replicas) as titer:
            outcome = titer.adjust_stock("elm", "208", 1, idempotency_key=raised.exception.idempotency_key)
            self.assertEqual(outcome["after"], 1)
            self.assertEqual(self.stored(), 1)

    def test_when_all_replicas_are_gone_the_client_says_so(self):
        for pid in self.cluster.pids().values():
            self.cluster.signal(pid, signal.SIGKILL)
        with Client(self.replicas, timeout=0.5) as titer:
            with self.assertRaisesRegex(errors.Unavailable, "no replica has answered"):
                titer.get_site("elm")
            with self.assertRaisesRegex(errors.Unavailable, "go on with since="):
                list(titer.changes())


class Whole(unittest.TestCase):
    """One cluster without failures."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(2, ["--memory"], http=True)
        cls.addClassCleanup(cls.cluster.__exit__, None, None, None)
        cls.cluster.__enter__()
        cls.cluster.wait_members([0, 1])
        cls.replicas = addresses(cls.cluster)

    def client(self, *replicas, **options):
        titer = Checked(list(replicas) or self.replicas, **options)
        self.addCleanup(titer.close)
        return titer

    def test_pages_are_one_sequence(self):
        titer = self.client(actor="pages")
        names = [f"Page {n:02}" for n in range(11)]
        for name in names:
            titer.add_site(name, zip="99801")
        self.assertEqual([site["name"] for site in titer.iterate_sites(zip="99801", limit=2)], names)
        self.assertEqual({event["actor"] for event in titer.iterate_events(limit=3) if event["kind"] == "add_site" and
                          event["site_id"].startswith("page-")}, {"pages"})

    def test_another_client_reads_what_this_one_has_written(self):
        first, second = self.client(self.replicas[0]), self.client(self.replicas[1])
        first.add_site("Read Your Writes", id="ryw", zip="02139")
        for count in range(1, 30):
            first.set_stock("ryw", "208", count)
            second.see(first.position)
            self.assertEqual(second.get_site("ryw")["stock"][0]["availability"], count)
            self.assertIn(f'"ryw"', second.export(format="ndjson").text)
        self.assertEqual(second.position, first.position)

    def test_a_position_of_another_stream_is_an_error_once(self):
        titer = self.client(position="1-0123456789abcdef")
        with self.assertRaises(errors.StreamChanged):
            titer.list_sites()
        self.assertIn("sites", titer.list_sites())
        with self.assertRaises(errors.TooOld):
            next(iter(titer.changes("1-0123456789abcdef")))

    def test_refusals_have_types_and_say_what_is_there(self):
        titer = self.client()
        titer.add_site("Refusing", id="refusing", zip="02139")
        titer.set_stock("refusing", "208", 3)
        with self.assertRaises(errors.NotEnough) as raised:
            titer.reserve_stock("refusing", "208", doses=4)
        self.assertEqual(raised.exception.current, 3)
        with self.assertRaises(errors.Duplicate):
            titer.add_site("Refusing", id="refusing", zip="02139")
        with self.assertRaises(errors.NotFound):
            titer.get_site("nowhere")
        with self.assertRaises(errors.Invalid):
            titer.add_site("Nowhere", zip="Elm Street")
        with self.assertRaises(errors.StaleVersion):
            titer.set_stock("refusing", "208", 4, if_match='"9"')
        titer.set_stock("refusing", "208", "yes")
        with self.assertRaises(errors.NotACount):
            titer.reserve_stock("refusing", "208")

    def test_a_key_stands_for_one_change(self):
        titer = self.client()
        titer.add_site("Keyed", id="keyed", zip="02139")
        titer.set_stock("keyed", "208", 3)
        first, again = (titer.reserve_stock("keyed", "208", doses=1, idempotency_key="visit-17") for _ in range(2))
        self.assertEqual(first, again)
        with self.assertRaises(errors.IdempotencyKeyReused):
            titer.reserve_stock("keyed", "208", doses=2, idempotency_key="visit-17")

    def test_whole_files_go_in_and_come_out_with_their_position(self):
        titer = self.client()
        report = titer.import_("site_id,name,zip,product,availability\noak,Oak Pharmacy,2139,208,7\n")
        self.assertEqual((report["added"], report["rejected"]), (1, 0))
        copy = titer.export(format="ndjson")
        self.assertIn('"oak"', copy.text)
        titer.set_stock("oak", "208", 8)
        change = next(iter(titer.changes(copy.position)))
        self.assertEqual((change.event["site_id"], change.event["after"]), ("oak", 8), "the copy goes on where the export ended")


class Secured(unittest.TestCase):
    """TLS, and keys."""

    def test_calls_are_made_under_tls_with_a_key(self):
        files = Files()
        self.addCleanup(files.folder.cleanup)
        with Cluster(2, ["--memory"], http=True, tls=files.dir) as cluster:
            cluster.wait_members([0, 1])
            secret = cluster.ok("key", "create", "--owner", "Ops", "--role", "operator", at="unix:" + cluster.socket(0)).strip()
            replicas = [address.replace("http:", "https:") for address in addresses(cluster)]
            authority = os.path.join(files.ca, "ca.pem")
            with Checked(replicas, verify=authority) as nobody, Checked(replicas, verify=authority, key=secret) as operator:
                with self.assertRaises(errors.Unauthorized):
                    nobody.add_site("Elm", id="elm", zip="02139")
                operator.add_site("Elm", id="elm", zip="02139")
                self.assertEqual(nobody.get_site("elm")["name"], "Elm")
                created = operator.create_key("Elm", "provider", scope=["elm"], reason="new")
                self.assertCountEqual([key["owner"] for key in operator.iterate_keys(limit=1)], ["Ops", "Elm"])
                operator.revoke_key(created["id"])
                self.assertEqual([event["kind"] for event in operator.iterate_key_history(limit=1)][:2], ["revoke_key", "create_key"])
                cluster.kill(0)
                self.assertEqual(operator.set_stock("elm", "208", 7)["after"], 7)
            with Checked(replicas, timeout=1) as stranger, self.assertRaisesRegex(errors.Unavailable, "certificate"):
                stranger.get_site("elm")


if __name__ == "__main__":
    main()
