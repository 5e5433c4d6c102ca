#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Feeds over HTTP, end to end: export, import, SMART Scheduling Links, metrics, and the checklist that judges the feed."""
import csv
import gzip
import http.client
import io
import json
import os
import shutil
import subprocess
import threading
import time
import unittest

import smart
from harness import ROOT, SAMPLES, Cluster, main, titer, wait_until

FEEDS = os.path.join(SAMPLES, "smart")
OWN_HEADER = "site_id,name,street,city,state,zip,phone,product,availability,valid_at,source\n"


def unpacked(*path):
    with gzip.open(os.path.join(FEEDS, *path)) as file:
        return file.read()


def own_csv(count, value, valid_at="2026-01-05T12:00:00Z"):
    rows = [f"site-{i},Site {i},{i} Elm St,Boston,MA,02108,617-555-0100,208,{value(i)},{valid_at},test\n"
            for i in range(count)]
    return OWN_HEADER + "".join(rows)


class Http:
    """One connection to one replica."""

    def __init__(self, cluster, index=0):
        self.address = f"127.0.0.1:{cluster.http_base + index}"
        self.connection = http.client.HTTPConnection(self.address, timeout=60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def ask(self, method, path, body=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request(method, path, body=body, headers=headers)
        answer = self.connection.getresponse()
        answer.content = answer.read()
        return answer

    def get(self, path, **headers):
        return self.ask("GET", path, **headers)

    def post(self, path, body, status=200):
        answer = self.ask("POST", path, body if isinstance(body, bytes) else body.encode())
        if answer.status != status:
            raise AssertionError(f"{path}: {answer.status} {answer.content[:500]}")
        return json.loads(answer.content)


class TheChecklist(unittest.TestCase):
    """The judge is judged first: it finds the known defects of real feeds, and exactly those."""

    def judge(self, folder, files, url):
        checklist = smart.Checklist()
        checklist.manifest(url, unpacked(folder, "bulk-publish.json.gz"))
        for kind, name in files:
            checklist.file(kind, unpacked(folder, name))
        return checklist.finish()

    def test_of_the_real_feed_it_finds_just_the_known_defects(self):
        found = self.judge("riteaid-nj", [("Location", "locations-NJ.ndjson.gz"), ("Schedule", "schedules-NJ.ndjson.gz"),
                                          ("Slot", "slots-NJ.ndjson.gz")],
                           "https://api.riteaid.com/digital/vaccine-provider/$bulk-publish")
        self.assertEqual(found, {
            "address_zip": 112,          # 8332-3762: a zero was lost
            "file_end": 3,               # no line end at the end
            "id_unique": 1542 - 112,     # Slots have their Schedule's id
            "manifest_request": 1,       # "…/$bulk-publish/"
            "output_state_hint": 34,     # Locations and Schedules of 17 states
            "schedule_dose": 112,        # dose 9
            "slot_capacity": 112,        # busy, capacity 0
            "telecom_phone": 29,         # (609) 877-700
        })

    def test_of_the_specification_s_example_it_finds_what_is_missing_there(self):
        found = self.judge("spec-example", [("Location", "locations.ndjson.gz"), ("Schedule", "schedules.ndjson.gz"),
                                            ("Slot", "slots-2021-W09.ndjson.gz")],
                           "https://raw.githubusercontent.com/smart-on-fhir/smart-scheduling-links/master/examples/"
                           "$bulk-publish")
        self.assertEqual(found, {"file_end": 3, "output_state_hint": 2})

    def test_each_planted_fault_breaks_its_rule(self):
        good = {
            "Location": {"resourceType": "Location", "id": "l", "name": "L",
                         "identifier": [{"system": "urn:x", "value": "1"}],
                         "telecom": [{"system": "phone", "value": "413-555-0100"}],
                         "address": {"line": ["1 Elm"], "city": "Boston", "state": "MA", "postalCode": "02108"}},
            "Schedule": {"resourceType": "Schedule", "id": "s", "actor": [{"reference": "Location/l"}],
                         "serviceType": [{"coding": [{"system": s, "code": c} for s, c in smart.CODINGS]}]},
            "Slot": {"resourceType": "Slot", "id": "t", "schedule": {"reference": "Schedule/s"}, "status": "free",
                     "start": "2026-01-05T09:00:00Z", "end": "2026-01-05T10:00:00Z"},
        }
        faults = [
            ("Location", {"id": "a_b"}, "id"), ("Location", {"name": ""}, "location_name"),
            ("Location", {"identifier": []}, "location_identifier"), ("Location", {"telecom": []}, "location_telecom"),
            ("Location", {"address": {}}, "address_line"),
            ("Location", {"meta": {"lastUpdated": "2026-01-05"}}, "last_updated"),
            ("Location", {"position": {"latitude": 91, "longitude": 0}}, "position"),
            ("Schedule", {"actor": []}, "schedule_actor"), ("Schedule", {"serviceType": []}, "schedule_service"),
            ("Schedule", {"actor": [{"reference": "Location/m"}]}, "reference_exists"),
            ("Schedule", {"extension": [{"url": smart.EXTENSION + "vaccine-product",
                                         "valueCoding": {"code": "none"}}]}, "schedule_product"),
            ("Schedule", {"extension": [{"url": smart.EXTENSION + "has-availability", "valueCode": "yes"}]},
             "schedule_availability"),
            ("Slot", {"status": "full"}, "slot_status"), ("Slot", {"schedule": {}}, "reference"),
            ("Slot", {"start": "2021-03-10T15:00:00-05"}, "slot_times"),
            ("Slot", {"start": "2026-01-05T10:00:00Z"}, "slot_order"),
            ("Slot", {"start": "2026-01-05T08:00:00Z"}, "slot_wide_without_capacity"),
            ("Slot", {"extension": [{"url": smart.EXTENSION + "slot-capacity", "valueInteger": "3"}]}, "slot_capacity"),
        ]
        for kind, change, rule in [(None, {}, None), *faults]:
            checklist = smart.Checklist()
            for name, resource in good.items():
                checklist.file(name, (json.dumps({**resource, **(change if name == kind else {})}) + "\n").encode())
            found = checklist.finish()
            if rule is None:
                self.assertEqual(found, {})
            else:
                self.assertIn(rule, found, f"{change} broke {found}")


class Feeds(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(2, ["--memory"], http=True)
        cls.addClassCleanup(cls.cluster.__exit__, None, None, None)
        cls.cluster.__enter__()

    # --- import

    def test_an_import_answers_counts_and_what_was_wrong_by_line(self):
        text = OWN_HEADER + "a,A,1 Elm St,Boston,MA,2108,617-555-0100,208,12,,x\n" \
            "b b,B,,,,,,,,,\nc,C,,,,02108,,208,many,,\nd,D,,,,02108,,208,yes,2026-01-05,\n"
        with Http(self.cluster) as client:
            first = client.post("/api/v1/import", text)
            self.assertEqual((first["format"], first["rows"], first["added"], first["rejected"]), ("csv", 2, 2, 2))
            self.assertEqual([e["line"] for e in first["errors"]], [3, 4])
            self.assertEqual(first["errors"][1]["field"], "availability")
            self.assertEqual(first["remarks"][0]["field"], "zip")
            again = client.post("/api/v1/import?format=csv", gzip.compress(text.encode()))
            self.assertEqual((again["added"], again["updated"], again["unchanged"]), (0, 0, 2))

    def test_a_dry_run_changes_nothing(self):
        with Http(self.cluster) as client:
            before = json.loads(client.get("/api/v1/status").content)["position"]
            told = client.post("/api/v1/import?dry_run=true", own_csv(50, lambda i: i))
            self.assertEqual((told["dry_run"], told["rows"], told["added"]), (True, 50, 0))
            self.assertEqual(json.loads(client.get("/api/v1/status").content)["position"], before)

    def test_a_file_that_cannot_be_read_is_refused_with_a_sentence(self):
        with Http(self.cluster) as client:
            told = client.post("/api/v1/import", b"PK\x03\x04...", 422)
            self.assertIn("save it as CSV", told["detail"])
            told = client.post("/api/v1/import?format=smart", "site_id,name\na,A\n", 422)
            self.assertEqual(told["detail"], "the file's format is csv, not smart as was said")
            self.assertEqual(client.ask("POST", "/api/v1/import?format=xml", b"x").status, 400)
            self.assertEqual(client.get("/api/v1/export?format=xml").status, 400)

    # --- export

    def test_every_export_comes_from_one_position_and_goes_in_again_unchanged(self):
        with Http(self.cluster) as client:
            client.post("/api/v1/import", own_csv(300, lambda i: i))
            for kind in ("csv", "ndjson", "geojson"):
                answer = client.get(f"/api/v1/export?format={kind}")
                self.assertEqual(answer.status, 200)
                self.assertEqual(answer.headers["ETag"], '"{Titer-Position}-{}"'.format(answer.headers["Titer-Stream"][-8:], **answer.headers))
                self.assertEqual(client.get(f"/api/v1/export?format={kind}", If_None_Match=answer.headers["ETag"]).status,
                                 304)
                packed = client.get(f"/api/v1/export?format={kind}", Accept_Encoding="gzip")
                self.assertEqual(gzip.decompress(packed.content), answer.content)
                if kind == "geojson":
                    self.assertGreaterEqual(len(json.loads(answer.content)["features"]), 300)
                    continue
                again = client.post("/api/v1/import", answer.content)
                self.assertEqual(again["rows"], again["unchanged"], again)

    def test_an_export_is_a_snapshot_while_writes_go_on(self):
        """An import writes all sites round after round, each round one value higher, in one order: so in a snapshot the
        values never rise from one site to the next, and never differ by more than one."""
        rounds, count = 12, 200
        with Http(self.cluster) as writer, Http(self.cluster, 1) as reader:
            writer.post("/api/v1/import", own_csv(count, lambda i: 1000))
            lines = "".join(f"site-{i},,,,,,,208,{1001 + r},2026-01-05T12:00:{r + 1:02}Z,test\n"
                            for r in range(rounds) for i in range(count))
            load = threading.Thread(target=lambda: writer.post("/api/v1/import", OWN_HEADER + lines))
            load.start()
            self.addCleanup(load.join)
            seen = set()
            while load.is_alive():
                rows = csv.DictReader(io.StringIO(reader.get("/api/v1/export").content.decode()))
                values = {int(r["site_id"][5:]): int(r["availability"]) for r in rows if r["site_id"].startswith("site-")
                          and int(r["site_id"][5:]) < count}
                ordered = [values[i] for i in range(count)]
                self.assertEqual(ordered, sorted(ordered, reverse=True), "a later row is newer than an earlier one")
                self.assertLessEqual(ordered[0] - ordered[-1], 1)
                seen.add(ordered[0])
            print(f"snapshot: {len(seen)} different states seen", flush=True)

    # --- SMART

    def test_the_feed_holds_the_checklist_and_comes_from_one_snapshot(self):
        soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 300))
        with Http(self.cluster, 1) as client:
            values = ["12", "0", "true", "false", "unknown"]
            client.post("/api/v1/import", own_csv(200, lambda i: values[i % 5], soon))
            client.post("/api/v1/import", OWN_HEADER + "poor,Poor,,,,02108,,any,3,,\nflu,Flu,1 Elm,Boston,MA,02108,1,141,3,,\n")

            def publication():
                answer = client.get("/api/v1/smart/%24bulk-publish")
                return answer if answer.status == 200 else None

            answer = wait_until(publication, "a publication")
            self.assertEqual(answer.headers["Access-Control-Allow-Origin"], "*")
            self.assertEqual(answer.headers["Cache-Control"], "public, max-age=60")
            self.assertIn("X-Forwarded-Proto", answer.headers.get_all("Vary"), "its addresses depend on it")
            self.assertEqual(client.get("/api/v1/smart/$bulk-publish", If_None_Match=answer.headers["ETag"]).status, 304)
            checklist = smart.Checklist()
            outputs = checklist.manifest(f"http://{client.address}/api/v1/smart/$bulk-publish", answer.content)
            self.assertEqual(json.loads(answer.content)["extension"]["sitesLeftOut"] > 0, True)
            bodies = {}
            for kind, url in outputs:
                self.assertTrue(url.startswith(f"http://{client.address}/api/v1/smart/s-"), url)
                path = url[len(f"http://{client.address}"):]
                file = client.get(path)
                self.assertEqual((file.status, file.headers["Content-Type"]), (200, "application/fhir+ndjson"))
                self.assertIn("immutable", file.headers["Cache-Control"])
                packed = client.get(path, Accept_Encoding="gzip")
                self.assertEqual(gzip.decompress(packed.content), file.content)
                checklist.file(kind, file.content)
                bodies[kind] = bodies.get(kind, b"") + file.content
            self.assertEqual(checklist.finish(), {})
            schedules = [json.loads(line) for line in bodies["Schedule"].splitlines()]
            self.assertGreaterEqual(len(schedules), 200)
            self.assertGreaterEqual(bodies["Slot"].count(b"\n"), 80)
            old = [line for line in bodies["Schedule"].splitlines() if b"2026-01-05" in line]
            self.assertEqual(old, [], "claims that have expired are left out")
            # What went out comes in and changes nothing.
            again = client.post("/api/v1/import?format=smart", b"".join(bodies.values()))
            self.assertEqual((again["rejected"], again["added"], again["updated"]), (0, 0, 0), again)

    def test_no_page_can_be_framed(self):
        with Http(self.cluster) as client:
            answer = client.get("/find?zip=02139")
            self.assertIn("frame-ancestors 'none'", answer.headers["Content-Security-Policy"])

    def test_a_file_of_a_publication_that_is_not_kept_says_what_to_do(self):
        with Http(self.cluster) as client:
            answer = client.get("/api/v1/smart/s-1-1/slots-MA.ndjson")
            self.assertEqual(answer.status, 404)
            self.assertIn("$bulk-publish", json.loads(answer.content)["detail"])

    def test_a_real_feed_is_imported_through_http(self):
        body = b"\n".join(unpacked("riteaid-nj", f"{kind}-NJ.ndjson.gz") for kind in ("slots", "locations", "schedules"))
        with Http(self.cluster) as client:
            first = client.post("/api/v1/import", body)
            self.assertEqual((first["format"], first["rows"], first["added"], first["rejected"]), ("smart", 224, 112, 0))
            # 14 of the stores have a namesake in their ZIP code.
            self.assertEqual(first["notes"], 112 + 1542 - 112 + 14)
            self.assertEqual((len(first["remarks"]), first["notes_not_shown"]), (100, 1456))
            again = client.post("/api/v1/import", body)
            self.assertEqual(again["unchanged"], 224)

    # --- metrics

    def test_metrics_are_well_formed_and_count(self):
        with Http(self.cluster) as client:
            client.post("/api/v1/import", own_csv(10, lambda i: i))
            text = wait_until(lambda: (t := client.get("/metrics").content.decode()) and "titer_source_lines{" in t and t,
                              "the survey of sources")
            names = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
            for name in ("titer_view", "titer_replicas", "titer_clock", "titer_position", "titer_read_lease",
                         "titer_frames_sent_total", "titer_pending_requests", "titer_http_requests_total",
                         "titer_http_request_seconds", "titer_source_newest_timestamp_seconds"):
                self.assertIn(name, names)
            self.assertIn('titer_http_requests_total{route="import",code="2xx"}', text)
            build = json.loads(client.get("/api/v1/status").content)["build"]
            self.assertIn('titer_build_info{{version="{version}",commit="{commit}",date="{date}"}} 1\n'.format(**build), text)
            self.assertEqual("titer {version} ({commit}, {date})\n".format(**build), titer("--version").stdout)
            for line in text.splitlines():
                self.assertRegex(line, r'^(# (HELP|TYPE) titer_\S+ .+|titer_\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? \S+)$')
            self.promtool(["check", "metrics"], text)

    def promtool(self, words, text=""):
        own = os.path.join(ROOT, "build", "tools", "usr", "bin", "promtool")  # `./dev test` puts it there
        tool = own if os.path.exists(own) else shutil.which("promtool")
        self.assertIsNotNone(tool, "promtool is not there: run this by ./dev test")
        done = subprocess.run([tool, *words], input=text, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_alert_rules_and_dashboard_use_metrics_that_exist(self):
        with Http(self.cluster) as client:
            text = client.get("/metrics").content.decode()
        names = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
        for file in ("alerts.yml", "grafana.json"):
            with open(os.path.join(ROOT, "docs", "reference", file), encoding="utf-8") as rules:
                used = set(smart.re.findall(r"\btiter_[a-z_]+\b", rules.read()))
            used = {smart.re.sub(r"_(bucket|sum|count)$", "", n) if n.startswith("titer_http_request_seconds") else n
                    for n in used}
            # Of a replica with a disk, under TLS, or that joins.
            elsewhere = {n for n in used if "journal" in n or "scrub" in n or
                         n.startswith("titer_join_") or n in ("titer_disk_full", "titer_certificate_expires_timestamp_seconds")}
            self.assertGreater(len(used), 5)
            self.assertLessEqual(used - elsewhere, names, f"{file} names metrics that do not exist")
        self.promtool(["check", "rules", os.path.join(ROOT, "docs", "reference", "alerts.yml")])
        self.promtool(["test", "rules", os.path.join(ROOT, "tests", "alerts_test.yml")])


if __name__ == "__main__":
    main()
