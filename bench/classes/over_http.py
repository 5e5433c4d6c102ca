# SPDX-License-Identifier: Apache-2.0

"""The class `http`: one replica's HTTP interface beside etcd's JSON gateway, and beside a static file."""
import base64
import json
import os

import wrk
from results import BOUND, OURS, RIVAL, Load
from stores import System, etcd, nginx
from stores.titer import Titer

NAME, TITLE = "http", "HTTP"
ABOUT = ("wrk asks one of three replicas in memory (etcd's data is on /dev/shm): `get` reads one site or key, `put` writes one again and "
         "again with another value. etcd's values and nginx's file are as long as titer's answer.")
CHARTS = ("latency", "connections")
CONNECTIONS = (1, 16, 64, 256)
SITE = "/api/v1/sites/harvard-university"
VALUES = 100


def encoded(text):
    return base64.b64encode(text.encode()).decode()


class TiterHttp(Titer):
    def __init__(self, processes, folder):
        super().__init__(processes, folder, http=True, more=("--seed-site",))
        url = f"http://127.0.0.1:{self.http}"
        self.site = wrk.wait_for(url + SITE)
        self.loads = [("get", url + SITE, ""), ("put", url, f"""
local n = 0
local headers = {{["Content-Type"] = "application/json"}}
request = function()
  n = n + 1
  return wrk.format("PUT", "{SITE}/stock/any", headers, tostring(n % 1000))
end""")]


class EtcdGateway(etcd.Etcd):
    def __init__(self, processes, folder, value_bytes):
        super().__init__(processes, folder, fill=False)
        url = self.urls[0] + "/v3/kv"
        bodies = [json.dumps({"key": encoded("site"), "value": encoded(f"{n:04}" + "x" * (value_bytes - 4))}) for n in range(VALUES)]
        wrk.wait_for(url + "/put", bodies[0].encode())
        self.loads = [("get", url + "/range", f"""
wrk.method = "POST"
wrk.body = '{json.dumps({"key": encoded("site")})}'"""), ("put", self.urls[0], f"""
local n = 0
local bodies = {{{",".join(f"'{body}'" for body in bodies)}}}
request = function()
  n = n + 1
  return wrk.format("POST", "/v3/kv/put", nil, bodies[n % {VALUES} + 1])
end""")]


class StaticFile(nginx.Nginx):
    def __init__(self, processes, folder, content):
        super().__init__(processes, folder, content)
        self.loads = [("get", f"http://127.0.0.1:{self.port}/site", "")]


def systems(_):
    answer = [b"x" * 500]  # titer's, once it has been asked

    def start_titer(processes, folder):
        titer = TiterHttp(processes, folder)
        answer[0] = titer.site
        return titer
    return [
        System("titer", OURS, "get: linearizable; put: as in memory", start_titer, wrk.NEEDS),
        System("etcd", RIVAL, "get: linearizable; put: a majority has written the value to /dev/shm",
               lambda processes, folder: EtcdGateway(processes, folder, len(answer[0])), etcd.SERVER + wrk.NEEDS),
        System("nginx, static file", BOUND, "The same bytes from a file: no database",
               lambda processes, folder: StaticFile(processes, folder, answer[0]), nginx.NEEDS + wrk.NEEDS),
    ]


def folder():
    return "/dev/shm" if os.path.isdir("/dev/shm") else None


def measure(store, options):
    for operation, url, script in store.loads:
        for connections in CONNECTIONS:
            yield "", Load(operation, connections), wrk.load(url, connections, options.seconds, script)
