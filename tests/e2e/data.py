#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Real files, with their defects: what goes in, what is reported, what comes out, and that going in again changes nothing."""
import csv
import gzip
import http.client
import io
import json
import math
import os
import re
import subprocess
import tempfile
import time
import unittest
from collections import Counter

from harness import ROOT, SAMPLES, Cluster, end, main, spawn, wait_until

NATIONAL = os.path.join(SAMPLES, "national_cdc_sites_2024-08-01.csv.gz")
ALASKA = os.path.join(SAMPLES, "cdc_providers_AK_2022-06-23.csv.gz")
THERAPEUTICS = os.path.join(SAMPLES, "hhs_therapeutics_2022-03-11.csv.gz")


def rows_of(path):
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def centroids():
    with gzip.open(os.path.join(ROOT, "data", "zip", "us_zip_centroids.csv.gz"), "rt", encoding="utf-8") as file:
        return {r["postal_code"].zfill(5): (float(r["latitude"]), float(r["longitude"])) for r in csv.DictReader(file)}


def metres(lat1, lon1, lat2, lon2):
    a, b, c, d = map(math.radians, (lat1, lon1, lat2, lon2))
    h = math.sin((c - a) / 2) ** 2 + math.cos(a) * math.cos(c) * math.sin((d - b) / 2) ** 2
    return 2 * 6_371_008.8 * math.asin(math.sqrt(min(1.0, h)))


PROBLEM = re.compile(r"(?P<file>.*?):(?P<line>\d+): (?:(?P<field>[a-z_, ]+): )?(?P<why>.*?)(?: \('(?P<value>.*)'\))?", re.S)


def import_file(cluster, path):
    """(the counts, what was wrong row by row)"""
    with tempfile.NamedTemporaryFile("r", encoding="utf-8", suffix=".txt") as report:
        done = cluster.titer("import", path, "--json", "--problems", report.name, timeout=120)
        assert done.returncode == 0, f"import {path}: exit {done.returncode}: {done.stderr[-1000:]}"
        problems = [PROBLEM.fullmatch(line.rstrip("\n")).groupdict() for line in report]
    for problem in problems:
        problem["line"] = int(problem["line"])
    return json.loads(done.stdout), problems


class RealFiles(unittest.TestCase):
    """The national list and Alaska's file, imported once; every test looks at them."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(Cluster(3))
        cls.reports = {}
        for path in (NATIONAL, ALASKA):
            cls.reports[path] = import_file(cls.cluster, path)
            total = cls.reports[path][0]
            print(f"  {os.path.basename(path)}: {total['rows']:,} rows in {total['seconds']:.2f} s, "
                  f"{total['rows'] / total['seconds']:,.0f} a second; {total['notes']} notes", flush=True)

    def export(self, kind):
        return self.cluster.ok("export", "--format", kind)

    def test_every_record_is_counted(self):
        national, alaska = (self.reports[p][0] for p in (NATIONAL, ALASKA))
        guids = {r["provider_location_guid"] for r in rows_of(ALASKA)}
        self.assertEqual(alaska["added"], len(guids))
        rows = rows_of(NATIONAL)
        places = {(r["loc_name"].strip(), r["street"].strip().lower(), r["zip_derived"].strip()) for r in rows}
        self.assertEqual(len(rows), 20523)
        self.assertEqual((national["added"], national["rejected"]), (len(places), len(rows) - len(places)))
        for status in self.cluster.statuses().values():
            self.assertEqual(status["sites"], len(places) + len(guids))

    def test_known_defects_are_reported_row_by_row(self):
        problems = self.reports[ALASKA][1]
        lines = Counter((p["field"], p["why"]) for p in problems)
        rows = rows_of(ALASKA)
        for level, word in (("0", "supply level is 0"), ("-1", "no supply level was reported")):
            known = sum(r["in_stock"].lower() == "true" and r["supply_level"] == level for r in rows)
            found = sum(n for (field, why), n in lines.items() if field == "supply_level" and word in why)
            self.assertEqual(found, known, f"in_stock with supply_level {level}")
            self.assertGreater(found, 70)
        self.assertTrue(all(2 <= p["line"] for p in problems))
        streets = Counter((r["street"].strip().lower(), r["zip_derived"]) for r in rows_of(NATIONAL))
        repeated = sum(n - 1 for n in streets.values())
        found = [p for p in self.reports[NATIONAL][1] if "same street and ZIP" in p["why"] or "same name, street" in p["why"]]
        self.assertEqual(len(found), repeated)

    def test_all_replicas_are_equal(self):
        position, digest = self.cluster.wait_equal([0, 1, 2])
        print(f"  position {position:,}, digest {digest}", flush=True)
        exports = {self.cluster.ok("export", "--format", "csv", at=self.cluster.at(i)) for i in range(3)}
        self.assertEqual(len(exports), 1)

    def test_the_three_exports_say_the_same_and_all_of_it(self):
        sites = self.cluster.status(0)["sites"]
        table = list(csv.DictReader(io.StringIO(self.export("csv").removeprefix("\ufeff"))))
        lines = [json.loads(line) for line in self.export("ndjson").splitlines()]
        features = json.loads(self.export("geojson"))["features"]
        self.assertEqual(len(features), sites)
        self.assertEqual(len({r["site_id"] for r in table}), sites)
        self.assertEqual([r["site_id"] for r in table], [r["site_id"] for r in lines])
        self.assertEqual([r["name"] for r in table], [r["name"] for r in lines])
        self.assertEqual(sum(max(1, len(f["properties"]["stock"])) for f in features), len(table))
        self.assertEqual({f["id"] for f in features}, {r["site_id"] for r in table})
        self.assertTrue(all(len(r["zip"]) in (0, 5, 10) for r in table))
        names = Counter(r["loc_name"].strip() for r in rows_of(NATIONAL))
        kept = {r["name"] for r in table}
        self.assertEqual([name for name, n in names.items() if n == 1 and name not in kept], [], "names that occur once")

    def test_availability_is_what_the_file_claims_never_more(self):
        """Alaska: yes only where in_stock is true and the supply level above 0, and never a number."""
        seen = Counter(line["availability"] for f in json.loads(self.export("geojson"))["features"]
                       for line in f["properties"]["stock"])
        self.assertEqual(set(seen), {True, False, "unknown"})
        rows = [r for r in rows_of(ALASKA) if r["in_stock"].lower() == "true" and r["supply_level"].isdigit()
                and int(r["supply_level"]) > 0]
        sites = {r["provider_location_guid"] for r in rows}
        yes = {f["id"] for f in json.loads(self.export("geojson"))["features"]
               if any(line["availability"] is True for line in f["properties"]["stock"])}
        self.assertEqual(yes, sites)

    def test_importing_again_changes_nothing(self):
        """Neither the files themselves nor any export of our own."""
        before = self.export("csv")
        with tempfile.TemporaryDirectory() as folder:
            files = [NATIONAL, ALASKA]
            for kind, end in (("csv", "csv"), ("ndjson", "ndjson")):
                files.append(os.path.join(folder, f"own.{end}"))
                with open(files[-1], "w", encoding="utf-8") as file:
                    file.write(self.export(kind))
            for path in files:
                total, _ = import_file(self.cluster, path)
                print(f"  again {os.path.basename(path)}: {total['unchanged']:,} unchanged in {total['seconds']:.2f} s",
                      flush=True)
                self.assertEqual((total["added"], total["updated"]), (0, 0), path)
        self.assertEqual(self.export("csv"), before)
        self.cluster.wait_equal([0, 1, 2])

    def test_an_export_fills_an_empty_cluster_to_the_same_state(self):
        with tempfile.TemporaryDirectory() as folder, Cluster(1) as other:
            for kind in ("csv", "ndjson"):
                path = os.path.join(folder, "own." + kind)
                with open(path, "w", encoding="utf-8") as file:
                    file.write(self.export(kind))
                self.assertEqual(import_file(other, path)[0]["rejected"], 0)
                self.assertEqual(other.ok("export", "--format", "csv"), self.export("csv"))

    def test_near_is_what_looking_at_every_site_gives(self):
        places = centroids()
        features = [f for f in json.loads(self.export("geojson"))["features"]
                    if f["geometry"] and f["properties"]["status"] == "active"]
        for zip_code, miles in (("02139", 5), ("02139", 25), ("99501", 50), ("00901", 30), ("96814", 10), ("67202", 100)):
            lat, lon = places[zip_code]
            want = sorted((metres(lat, lon, *f["geometry"]["coordinates"][::-1]), f["id"]) for f in features)
            want = [(d, i) for d, i in want if d <= miles * 1609.344]
            got = json.loads(self.cluster.ok("near", zip_code, "--within", miles, "--limit", 2000, "--json"))
            self.assertEqual(len(got), min(2000, len(want)), zip_code)
            for row, (distance, _) in zip(got, want):
                self.assertAlmostEqual(row["distance"] * 1609.344, distance, delta=0.5)
            self.assertEqual({r["id"] for r in got}, {i for _, i in want[:2000]}, zip_code)
            some = json.loads(self.cluster.ok("near", zip_code, "--within", miles, "--limit", 7, "--json"))
            self.assertEqual([r["id"] for r in some], [r["id"] for r in got[:7]])

    def reads(self):
        return sum(status["reads_answered"] for status in self.cluster.statuses().values())

    def test_a_list_goes_out_page_by_page_as_fast_as_it_is_read(self):
        sites, rows = self.cluster.status(0)["active_sites"], len(self.export("ndjson").splitlines())
        for more in ((), ("--json",)):
            before = self.reads()
            process = spawn("list", *more, at=self.cluster.at(), stdout=subprocess.PIPE)
            self.addCleanup(end, process)
            first = process.stdout.read(1)
            # Nobody reads on: it can have asked for no more than fills the pipe, which is less than two pages of 2,000 sites.
            self.assertLessEqual(self.reads() - before, 2, more)
            text = (first + process.stdout.read()).decode()
            self.assertEqual(0, process.wait(20))
            if more:
                self.assertEqual(sites, len(json.loads(text)))
            else:
                self.assertEqual(rows + 1, len(text.splitlines()), "a line for each line of stock, and the headings")

    def test_an_export_that_is_read_slowly_is_the_same(self):
        process = spawn("export", "--format", "ndjson", at=self.cluster.at(), stdout=subprocess.PIPE)
        self.addCleanup(end, process)
        pieces = iter(lambda: process.stdout.read(4096), b"")
        self.assertEqual(self.cluster.ok("export", "--format", "ndjson"), b"".join(pieces).decode())
        self.assertEqual(0, process.wait(20))

    def test_a_reader_that_goes_away_ends_a_list_and_an_export(self):
        for words in (("list",), ("list", "--json"), ("export",)):
            process = spawn(*words, at=self.cluster.at(), stdout=subprocess.PIPE)
            self.addCleanup(end, process)
            self.assertTrue(process.stdout.read(1))
            process.stdout.close()
            self.assertNotEqual(0, process.wait(20), words)

    def test_a_replica_that_joins_gets_all_of_it(self):
        before = self.export("csv")
        self.cluster.kill(1)
        self.cluster.wait_members([0, 2])
        begin = time.monotonic()
        self.cluster.start(1)
        self.cluster.wait_members([0, 1, 2], 60)
        print(f"  joined within {time.monotonic() - begin:.2f} s", flush=True)
        self.cluster.wait_equal([0, 1, 2])
        self.assertEqual(self.cluster.ok("export", "--format", "csv", at=self.cluster.at(1)), before)


class OwnFormats(unittest.TestCase):
    """Our own CSV and NDJSON: lenient with errors that can be corrected, strict where a value would be a wrong claim."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(Cluster(2))
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory())

    def file(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        return path

    def test_bad_rows_are_reported_with_line_and_field_and_the_others_are_taken(self):
        path = self.file("own.csv", "site_id,name,zip,product,availability\n"
                                    "a,Alpha,2139,any,12\n"
                                    "b,Beta,02139,any,-3\n"
                                    "c,Gamma,02139,no such thing,1\n"
                                    ",,02139,any,3\n"
                                    "d,Delta,nozip,208,true\n"
                                    'e,"Epsilon\nand Sons",02139,any,\n'
                                    "f,Zeta,02139,any,1e3\n")
        total, problems = import_file(self.cluster, path)
        self.assertEqual((total["rows"], total["added"], total["rejected"]), (3, 3, 4))
        told = {(p["line"], p["field"]) for p in problems}
        self.assertEqual(told, {(2, "zip"), (3, "availability"), (4, "product"), (5, None), (6, "zip"), (7, "name"),
                                (9, "availability")})
        site = json.loads(self.cluster.ok("view", "a", "--json"))
        self.assertEqual((site["zip"], site["stock"][0]["availability"]), ("02139", 12))
        self.cluster.wait_equal([0, 1])

    def test_gzip_bom_and_crlf(self):
        text = "\ufeffname,zip,availability\r\nWith BOM,02139,4\r\n"
        total, _ = import_file(self.cluster, self.file("bom.csv.gz", gzip.compress(text.encode())))
        self.assertEqual(total["added"], 1)
        self.assertIn("With BOM", self.cluster.ok("view", "With BOM"))

    def test_blank_availability_leaves_what_is_there(self):
        import_file(self.cluster, self.file("1.csv", "site_id,name,zip,availability\nkeep,Keep,02139,7\n"))
        total, _ = import_file(self.cluster, self.file("2.csv", "site_id,name,zip,availability\nkeep,Keep,02139,\n"))
        self.assertEqual((total["added"], total["updated"]), (0, 0))
        self.assertEqual(json.loads(self.cluster.ok("view", "keep", "--json"))["stock"][0]["availability"], 7)

    def test_files_that_are_none(self):
        self.assertEqual(self.cluster.titer("import", os.path.join(self.folder, "absent.csv")).returncode, 2)
        with open(ALASKA, "rb") as file:
            beginning = file.read(20000)
        for name, text in (("x.csv", "what,is,this\n1,2,3\n"), ("broken.csv.gz", b"\x1f\x8b\x08\x00nonsense"),
                           ("cut.csv.gz", beginning)):
            done = self.cluster.titer("import", self.file(name, text))
            self.assertIn(done.returncode, (1, 2), f"{name}: {done.stdout}{done.stderr}")
            self.assertTrue(done.stderr)

    def test_therapeutics_keep_their_counts(self):
        total, problems = import_file(self.cluster, THERAPEUTICS)
        print(f"  therapeutics: {total}", flush=True)
        # A site has a row for every product; its ZIP is reported once.
        lost = {(r["provider_name"].lower(), r["address1"].lower(), r["zip"]) for r in rows_of(THERAPEUTICS)
                if len(r["zip"].partition("-")[0]) in (3, 4)}
        reported = sum("zeros in front" in p["why"] for p in problems)
        self.assertLessEqual(abs(reported - len(lost)), 10, f"{reported} of {len(lost)} sites")
        self.assertEqual(import_file(self.cluster, THERAPEUTICS)[0]["updated"], 0)

    def test_an_import_goes_on_when_its_replica_dies(self):
        with Cluster(3) as cluster:
            running = spawn("import", NATIONAL, "--json", at=cluster.at(), stderr=subprocess.DEVNULL)
            try:
                wait_until(lambda: (s := cluster.status(0)) and s["sites"] > 500, "some rows to be there", every=0.002)
                cluster.kill(0)
                out, _ = running.communicate(timeout=60)
                total = json.loads(out.splitlines()[-1])
                self.assertEqual(running.returncode, 0)
                self.assertEqual(total["added"], cluster.status(1)["sites"])
            finally:
                end(running)
            self.assertEqual(import_file(cluster, NATIONAL)[0]["added"], 0)
            cluster.wait_equal([1, 2])


class FieldCases(unittest.TestCase):
    """data/cases: files as people have them. What each means is tested in src/formats/field_test.cc."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(Cluster(2, http=True))

    def take(self, name, expected=0):
        done = self.cluster.titer("import", os.path.join(ROOT, "data", "cases", name), "--json")
        self.assertEqual(done.returncode, expected, f"{name}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout.splitlines()[-1])

    def stock(self, site):
        return json.loads(self.cluster.ok("view", site, "--json"))["stock"]

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection(f"127.0.0.1:{self.cluster.http_base}", timeout=60)
        self.addCleanup(connection.close)
        connection.request(method, path, body=body)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    def test_an_older_month_never_replaces_a_newer_one_and_mended_zip_codes_are_the_same_site(self):
        site = self.take("locator-march.csv") and json.loads(self.cluster.ok("list", "L3 Hosp", "--json"))[0]["id"]
        self.assertEqual(self.take("locator-february-other-header.csv")["out_of_date"], 1)
        self.assertEqual(self.stock(site)[0]["availability"], 5)
        self.assertEqual(self.take("locator-march-zip-mended.csv")["updated"], 1)
        self.assertEqual(self.stock(site)[0]["availability"], 7)

    def test_a_number_that_is_said_again_is_checked_again(self):
        self.take("daily-unchanged.csv")
        before = self.stock("m1-a")[0]
        events = self.cluster.ok("history", "m1-a")
        self.assertEqual(self.take("daily-unchanged.csv")["unchanged"], 1)
        after = self.stock("m1-a")[0]
        self.assertGreater(after["checked_at"], before["checked_at"])
        self.assertEqual(after["changed_at"], before["changed_at"])
        self.assertEqual(self.cluster.ok("history", "m1-a"), events)

    def test_a_file_of_which_nothing_was_taken_is_a_failure(self):
        self.take("future-date.csv", expected=1)
        self.take("stock-by-lot-and-fund.csv", expected=1)
        with open(os.path.join(ROOT, "data", "cases", "future-date.csv"), "rb") as file:
            status, said = self.ask("POST", "/api/v1/import", file.read())
        self.assertEqual((status, said["code"], said["import"]["rejected"]), (422, "nothing_taken", 1))
        self.cluster.ok("add", "Fridge", "--zip", "02139")
        status, _ = self.ask("POST", "/api/v1/import", json.dumps({"site_id": "fridge", "external_ids": [["vfc", "123456"]]}))
        self.assertEqual(status, 200)
        self.take("stock-by-lot-and-fund.csv")
        self.assertEqual(self.stock("fridge")[0]["product"], "80777-0112-93.vfc")

    def test_packs_of_one_vaccine_are_lines_of_their_own_and_one_answer(self):
        self.take("two-packs-of-one-vaccine.csv")
        self.assertEqual([(line["product"], line["cvx"], line["availability"]) for line in self.stock("m4-a")],
                         [("80777-0112-93", "312", 10), ("80777-0112-96", "312", 20)])
        status, said = self.ask("GET", "/api/v1/sites?product=312&zip=02139&q=M4")
        self.assertEqual((status, [site["id"] for site in said["sites"]]), (200, ["m4-a"]))
        status, said = self.ask("GET", "/api/v1/sites/near?zip=02139&product=influensa")
        self.assertEqual(status, 400)
        self.assertIn("influenza", said["detail"])

    def test_the_other_forms_of_files_are_taken(self):
        for name, rows in (("excel-missing-delimiters.csv", 40), ("mac-line-ends.csv", 2), ("windows-1252.csv", 1),
                           ("blank-rows.csv", 1), ("us-dates.csv", 5), ("times.csv", 21), ("products.csv", 31),
                           ("points.csv", 14), ("foreign-headers.csv", 1), ("inventory-sheet.csv", 1)):
            self.assertEqual(self.take(name)["added"], rows, name)
        self.assertEqual(self.take("blank-rows.csv")["blank"], 30)
        # All Slots of these feeds are over by now.
        for folder, lines in (("smart-slots-past", 1), ("smart-capacity-zero", 1), ("smart-two-products", 2),
                              ("smart-urls-with-query", 1)):
            self.take(os.path.join(folder, "bulk-publish.json"))
            with open(os.path.join(ROOT, "data", "cases", folder, "locations.ndjson"), encoding="utf-8") as file:
                name = json.loads(file.readline())["name"]
            stock = json.loads(self.cluster.ok("list", name, "--json"))[0]["stock"]
            self.assertEqual([line["availability"] for line in stock], [False] * lines, folder)
        self.assertEqual(self.take(os.path.join("smart-other-service", "bulk-publish.json"))["rejected"], 1)

    def test_a_second_spelling_is_told(self):
        self.cluster.ok("add", "Elm Clinic I2", "--zip", "02139", "--street", "12 Main Street")
        self.assertEqual(self.take("same-place-two-spellings.csv")["notes"], 1)
        pairs = [json.loads(line) for line in self.cluster.ok("duplicates", "--json").splitlines()]
        self.assertIn("elm-clinic-i2", {site["id"] for site in pairs[0]["sites"]})


class Outputs(unittest.TestCase):
    """Where the output of a command cannot be written, it does not say that it was; nor does it write over its input."""

    def test_a_watch_onto_a_full_disk_ends_and_resumes_before_what_was_not_written(self):
        with Cluster(1, ["--memory"]) as cluster:
            cluster.ok("add", "Elm", "--zip", "02139", "--availability", 5)
            with open("/dev/full", "wb") as full:
                watch = spawn("watch", "--since", 0, at=cluster.at(), stdout=full, stderr=subprocess.PIPE)
                self.addCleanup(end, watch)
                self.assertEqual(1, watch.wait(20))
            said = watch.stderr.read().decode()
            self.assertRegex(said, r"--since 0-\S+ resumes from here")
            self.assertIn("standard output could not be written", said)

    def test_the_problems_of_an_import_do_not_replace_what_it_reads(self):
        with Cluster(1, ["--memory"]) as cluster, tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "a.csv")
            with open(path, "w", encoding="utf-8") as file:
                file.write("site_id,name,zip\nelm,Elm,02139\n")
            refused = cluster.titer("import", path, "--problems", path)
            self.assertEqual(2, refused.returncode, refused.stderr)
            with open(path, encoding="utf-8") as file:
                self.assertIn("elm,Elm,02139", file.read())


if __name__ == "__main__":
    main()
