# SPDX-License-Identifier: Apache-2.0

"""The class `near`: the nearest twenty of very many sites with all their fields, and other reads of so many."""
import csv
import gzip
import http.client
import json
import os
import random
from functools import partial

import wrk
from processes import ROOT, Trouble
from results import OURS, RIVAL, Load
from stores import System, postgresql, redis
from stores.titer import Titer

NAME, TITLE = "near", "The nearest sites"
ABOUT = ("`near`: the twenty nearest of {sites:,} sites around a random point, with all their fields, by titer over HTTP, by Redis "
         "with GEOSEARCH and HGETALL of each, and by PostGIS with its index (pgbench, prepared). Sites lie at random between 30° and 47° north, 120° and "
         "72° west. titer answers from three durable replicas, the rivals are one process each. The further lines are titer's alone: "
         "`one site`, `near, available`, and `a page of 100` of the list by ZIP code.")
CHARTS = ()
CONNECTIONS = 16
LIMIT = 20
ANYWHERE = "30 + 17 * math.random(), -120 + 48 * math.random()"
READS = {
    "near": f'string.format("/api/v1/sites/near?lat=%.4f&lon=%.4f&limit={LIMIT}", {ANYWHERE})',
    "near, available": f'string.format("/api/v1/sites/near?lat=%.4f&lon=%.4f&limit={LIMIT}&available=true", {ANYWHERE})',
    "one site": '"/api/v1/sites/site-" .. math.random(0, SITES - 1)',
    "a page of 100": '"/api/v1/sites?zip=" .. zips[math.random(#zips)]',
}


def zip_codes():
    with gzip.open(os.path.join(ROOT, "data", "zip", "us_zip_centroids.csv.gz"), "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [row["postal_code"] for row in rows]


class TiterPlaces(Titer):
    def __init__(self, processes, folder, sites):
        super().__init__(processes, folder, durable=True, http=True)
        self.sites, self.zips = sites, zip_codes()
        path = os.path.join(folder, "sites.csv")
        chance = random.Random(7)
        with open(path, "w", encoding="utf-8") as file:
            file.write("site_id,name,lat,lon,product,availability,street,city,phone\n")
            for i in range(sites):
                file.write(f"site-{i},Site {i},{chance.uniform(30, 47):.6f},{chance.uniform(-120, -72):.6f},208,{i % 3},"
                           "624 MASSACHUSETTS AVE.,CAMBRIDGE,617-876-7868\n")
        self.upload(path)

    def upload(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.http, timeout=900)
        with open(path, "rb") as file:
            connection.request("POST", "/api/v1/import", file, {"Content-Length": str(os.path.getsize(path))})
            answer = connection.getresponse()
            report = json.loads(answer.read())
        if answer.status != 200 or report["added"] != self.sites:
            raise Trouble(f"the import added not all sites: {str(report)[:500]}")

    def ask(self, expression, seconds):
        script = ("math.randomseed(7)\nlocal zips = {" + ",".join(f'"{z}"' for z in self.zips[::len(self.zips) // 300]) + "}\n"
                  f'request = function()\n  return wrk.format("GET", {expression.replace("SITES", str(self.sites))})\nend\n')
        return wrk.load(f"http://127.0.0.1:{self.http}", CONNECTIONS, seconds, script)


def systems(options):
    return [
        System("titer", OURS, "JSON over HTTP, linearizable", partial(TiterPlaces, sites=options.sites), wrk.NEEDS),
        System("PostGIS", RIVAL, "Rows over PostgreSQL's protocol, of one server",
               partial(postgresql.PostGis, sites=options.sites), postgresql.POSTGIS_NEEDS),
        System("Redis GEOSEARCH", RIVAL, "Fields over Redis' protocol, of one server, in two round trips; within 25 miles only",
               partial(redis.RedisPlaces, sites=options.sites), redis.NEEDS),
    ]


def measure(store, options):
    if isinstance(store, TiterPlaces):
        for operation, expression in READS.items():
            yield "", Load(operation, CONNECTIONS), store.ask(expression, options.seconds)
    else:
        yield "", Load("near", CONNECTIONS), store.near(CONNECTIONS, options.seconds)
