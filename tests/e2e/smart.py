# SPDX-License-Identifier: Apache-2.0

"""A checklist for SMART Scheduling Links feeds: every rule has a name, every breach says where.

Written from the specification (smart-on-fhir/smart-scheduling-links, specification.md) and from what its test kit checks,
without a look at titer's own code; feeds.py holds it against real feeds and their known defects first. Not checked: that
addresses answer, and whether a code is known to FHIR beyond the vaccine codes.
"""
import csv
import datetime
import json
import os
import re
from collections import Counter, defaultdict

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
ZIP = re.compile(r"\d{5}(-\d{4})?")
URL = re.compile(r"https?://[^\s/]+(/\S*)?")
EXTENSION = "http://fhir-registry.smarthealthit.org/StructureDefinition/"
CODINGS = {("http://terminology.hl7.org/CodeSystem/service-type", "57"),
           ("http://fhir-registry.smarthealthit.org/CodeSystem/service-type", "covid19-immunization")}


def known_cvx():
    with open(os.path.join(ROOT, "data", "codes", "cvx.csv"), encoding="utf-8", newline="") as file:
        return {row["cvx"].strip() for row in csv.DictReader(file)}


def is_text(value):
    return isinstance(value, str) and value.strip() != ""


def time_of(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


class Checklist:
    """Feed manifest() and file(), then look at breaches: {rule: [where, …]}."""

    def __init__(self):
        self.breaches = defaultdict(list)
        self.ids = {"Location": Counter(), "Schedule": Counter(), "Slot": Counter()}
        self.references = []  # (from, to type, to id)
        self.cvx = known_cvx()

    def rule(self, name, good, where):
        if not good:
            self.breaches[name].append(where)
        return good

    def counts(self):
        return {name: len(places) for name, places in sorted(self.breaches.items())}

    # --- the manifest

    def manifest(self, url, body):
        """Its outputs, as (type, url)."""
        self.rule("manifest_url", re.search(r"(\$|%24)bulk-publish$", url), url)
        try:
            manifest = json.loads(body)
        except ValueError:
            self.rule("manifest_json", False, url)
            return []
        self.rule("manifest_time", self.instant(manifest.get("transactionTime")), url)
        self.rule("manifest_request", is_text(manifest.get("request"))
                  and re.search(r"(\$|%24)bulk-publish$", manifest["request"]), manifest.get("request"))
        outputs = manifest.get("output")
        if not self.rule("manifest_output", isinstance(outputs, list), url):
            return []
        found = []
        for i, output in enumerate(outputs):
            self.rule("output_type", output.get("type") in self.ids, i)
            self.rule("output_url", is_text(output.get("url")) and URL.fullmatch(output["url"]), i)
            states = (output.get("extension") or {}).get("state")
            if self.rule("output_state_hint", states is not None, i):
                self.rule("output_state", isinstance(states, list) and states
                          and all(isinstance(s, str) and re.fullmatch("[A-Z]{2}", s) for s in states), i)
            found.append((output.get("type"), output.get("url")))
        return found

    # --- files

    def file(self, kind, body):
        self.rule("file_end", body == b"" or body.endswith(b"\n"), kind)
        self.rule("file_bom", not body.startswith(b"\xef\xbb\xbf"), kind)
        lines = body.split(b"\n")
        for number, line in enumerate(lines if lines[-1] else lines[:-1], 1):
            where = f"{kind} line {number}"
            try:
                resource = json.loads(line)
            except ValueError:
                self.rule("line_json", False, where)
                continue
            if self.rule("resource_type", isinstance(resource, dict) and resource.get("resourceType") == kind, where):
                self.resource(kind, resource, where)

    def resource(self, kind, resource, where):
        name = resource.get("id")
        if self.rule("id", isinstance(name, str) and ID.fullmatch(name), where):
            self.ids[kind][name] += 1
            self.rule("id_unique", self.ids[kind][name] == 1, where)
        updated = (resource.get("meta") or {}).get("lastUpdated")
        self.rule("last_updated", updated is None or self.instant(updated), where)
        {"Location": self.location, "Schedule": self.schedule, "Slot": self.slot}[kind](resource, where)

    def location(self, it, where):
        self.rule("location_name", is_text(it.get("name")), where)
        identifiers = it.get("identifier")
        self.rule("location_identifier", isinstance(identifiers, list) and identifiers and all(
            is_text(i.get("system")) and is_text(i.get("value")) for i in identifiers), where)
        telecom = it.get("telecom")
        self.rule("location_telecom", isinstance(telecom, list) and any(
            t.get("system") in ("phone", "url") and is_text(t.get("value")) for t in telecom), where)
        for contact in telecom or []:
            if contact.get("system") == "url":
                self.rule("telecom_url", URL.fullmatch(contact.get("value", "")), where)
            if contact.get("system") == "phone":
                self.rule("telecom_phone", sum(c.isdigit() for c in contact.get("value", "")) >= 10, where)
        address = it.get("address") or {}
        lines = address.get("line")
        self.rule("address_line", isinstance(lines, list) and lines and all(map(is_text, lines)), where)
        self.rule("address_city", is_text(address.get("city")), where)
        self.rule("address_state", re.fullmatch("[A-Z]{2}", address.get("state") or ""), where)
        self.rule("address_zip", ZIP.fullmatch(address.get("postalCode") or ""), where)
        position = it.get("position")
        self.rule("position", position is None or (
            abs(position.get("latitude", 999)) <= 90 and abs(position.get("longitude", 999)) <= 180), where)

    def schedule(self, it, where):
        actors = it.get("actor")
        if self.rule("schedule_actor", isinstance(actors, list) and len(actors) == 1, where):
            self.reference(where, actors[0], "Location")
        types = it.get("serviceType") or []
        self.rule("schedule_service", any(
            CODINGS <= {(c.get("system"), c.get("code")) for c in t.get("coding", [])} for t in types), where)
        products = self.extensions(it, "vaccine-product")
        self.rule("schedule_product_once", len(products) <= 1, where)
        for product in products:
            code = (product.get("valueCoding") or {}).get("code")
            self.rule("schedule_product", code in self.cvx, where)
        for dose in self.extensions(it, "vaccine-dose"):
            self.rule("schedule_dose", dose.get("valueInteger") in (1, 2, 3, 4, 5), where)
        for has in self.extensions(it, "has-availability"):
            self.rule("schedule_availability", has.get("valueCode") in ("some", "none", "unknown"), where)

    def slot(self, it, where):
        self.reference(where, it.get("schedule") or {}, "Schedule")
        self.rule("slot_status", it.get("status") in ("free", "busy"), where)
        start, end = it.get("start"), it.get("end")
        if not self.rule("slot_times", self.instant(start) and self.instant(end), where):
            return
        self.rule("slot_order", time_of(start) < time_of(end), where)
        capacities = self.extensions(it, "slot-capacity")
        self.rule("slot_capacity_once", len(capacities) <= 1, where)
        for capacity in capacities:
            value = capacity.get("valueInteger")
            self.rule("slot_capacity", type(value) is int and 0 < value < 2**31, where)
        if time_of(end) - time_of(start) > datetime.timedelta(hours=1):
            self.rule("slot_wide_without_capacity", capacities, where)
        for link in self.extensions(it, "booking-deep-link"):
            self.rule("slot_link", URL.fullmatch(link.get("valueUrl") or ""), where)
        for phone in self.extensions(it, "booking-phone"):
            self.rule("slot_phone", is_text(phone.get("valueString")), where)

    # --- across files

    def finish(self):
        for where, kind, name in self.references:
            self.rule("reference_exists", name in self.ids[kind], f"{where}: {kind}/{name}")
        return self.counts()

    def reference(self, where, holder, kind):
        match = re.fullmatch(kind + "/(.+)", holder.get("reference") or "")
        if self.rule("reference", match, where):
            self.references.append((where, kind, match.group(1)))

    @staticmethod
    def extensions(it, name):
        return [e for e in it.get("extension") or [] if e.get("url") == EXTENSION + name]

    @staticmethod
    def instant(text):
        if not isinstance(text, str) or not INSTANT.fullmatch(text):
            return False
        try:
            time_of(text)
        except ValueError:
            return False
        return True
