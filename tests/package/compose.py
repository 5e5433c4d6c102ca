#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""packaging/compose.yaml, done as a container engine does it: its services run as the file says, in the order and with the
health that it says, until the cluster serves; then replicas fail and all of it is stopped and started again.

titer's containers have the image's files, user and environment, read-only, with the mounts of the file. etcd is Debian's, in
its own words, since its image is not here. The containers' addresses are on the loopback interface of a network namespace.
Not tried: an engine's own network and its published ports.
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

import yaml

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))
from bare import CLEAN, Machine, main_in_namespace, run, tear_down  # noqa: E402
from harness import ROOT, end, titer, wait_until  # noqa: E402
from made import Image, make_image, missing  # noqa: E402

PACKAGING = os.path.join(ROOT, "packaging")


def cannot():
    tools = [tool for tool in ("umoci", "etcd", "etcdctl", "ip") if not shutil.which(tool)]
    return missing() or (f"there is no {', '.join(tools)}" if tools else None)


class Service:
    """One service of the file."""

    def __init__(self, name, said, folder, volumes):
        self.name, self.said, self.folder, self.volumes = name, said, folder, volumes
        self.address = said["networks"]["replicas"]["ipv4_address"]
        run("ip", "address", "add", self.address + "/32", "dev", "lo")
        self.process, self.healthy = None, False
        os.makedirs(folder)

    def volume(self, name):
        return os.path.join(self.volumes, name)

    def start(self):
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = subprocess.Popen(self.words(self.said["command"]), env=self.environment(), stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL)

    def probe(self):
        """What its health check says."""
        kind, *words = self.said["healthcheck"]["test"]
        assert kind == "CMD", kind
        done = subprocess.run(self.words(words, probe=True), env=self.environment(), capture_output=True, check=False)
        return done.returncode == 0

    def log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8") as file:
            return file.read()

    def wait(self, condition):
        """Until it is so far that others may depend on it."""
        if condition == "service_completed_successfully":
            if self.process.wait(30) != 0:
                raise AssertionError(f"{self.name} ended with {self.process.returncode}: {self.log()}")
        else:
            assert condition == "service_healthy", condition
            wait_until(self.probe, lambda: f"{self.name} to be healthy: {self.log()}", 60, 0.2)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(int(self.said.get("stop_grace_period", "10s").rstrip("s")))


class Etcd(Service):
    def environment(self):
        data = self.volume(self.said["volumes"][0].partition(":")[0])
        return {**CLEAN, **self.said["environment"], "ETCD_DATA_DIR": data, "ETCD_LOG_LEVEL": "error", "ETCD_LOGGER": "zap"}

    def words(self, words, probe=False):
        assert probe or words == "etcd", words
        return words


class Titer(Service):
    def __init__(self, image, *rest):
        super().__init__(*rest)
        self.image = image
        self.machine = Machine(image.root, os.path.join(self.folder, "machine"))
        for mount in self.said["volumes"]:
            self.mount(*mount.split(":"))
        assert self.said["read_only"]
        run("mount", "-o", "remount,ro", self.machine.root)

    def mount(self, source, target, mode="rw"):
        inside = self.machine.path(target.lstrip("/"))
        if source.startswith("./"):
            os.makedirs(os.path.dirname(inside), exist_ok=True)
            with open(inside, "w", encoding="utf-8"):
                run("mount", "--bind", os.path.join(PACKAGING, source), inside)
        else:  # a new volume begins as a copy of what the image has there
            if not os.path.exists(self.volume(source)):
                run("cp", "-a", inside, self.volume(source))
            run("mount", "--bind", self.volume(source), inside)
        if mode == "ro":
            run("mount", "-o", "remount,bind,ro", inside)

    def environment(self):
        return CLEAN

    def words(self, words, probe=False):
        return self.image.words(self.machine.root, *([] if probe else self.image.config["Entrypoint"]), *words)


class Project:
    """All of it. `docker compose up` is up(), `stop` is stop()."""

    def __init__(self, image, folder):
        with open(os.path.join(PACKAGING, "compose.yaml"), encoding="utf-8") as file:
            self.said = yaml.safe_load(file)
        volumes = os.path.join(folder, "volumes")
        os.makedirs(volumes)
        self.services = {}
        for name, said in self.said["services"].items():
            rest = (name, said, os.path.join(folder, name), volumes)
            self.services[name] = Titer(image, *rest) if "titer" in said["image"] else Etcd(*rest)

    def replicas(self):
        return [service for name, service in self.services.items() if name.startswith("replica-")]

    def up(self):
        started = set()

        def start(name):
            if name in started:
                return
            needs = self.services[name].said.get("depends_on", {})
            for other in needs:
                start(other)
            for other, how in needs.items():
                self.services[other].wait(how["condition"])
            self.services[name].start()
            started.add(name)

        for name in self.services:
            start(name)
        for service in self.replicas():
            service.wait("service_healthy")

    def end(self):
        for service in self.services.values():
            if service.process:
                end(service.process)
            if isinstance(service, Titer):
                for mount in service.said["volumes"]:
                    run("umount", service.machine.path(mount.split(":")[1].lstrip("/")))
                tear_down(os.path.join(service.folder, "machine"))


class Compose(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        run("ip", "link", "set", "lo", "up")
        cls.folder = tempfile.mkdtemp(prefix="titer-compose-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.image = Image(make_image(cls.folder), cls.folder)
        cls.project = Project(cls.image, cls.folder)
        cls.addClassCleanup(cls.project.end)

    def at(self):
        return ",".join(f"{service.address}:8892" for service in self.project.replicas())

    def ok(self, *words):
        done = titer(*words, at=self.at())
        self.assertEqual(0, done.returncode, f"titer {words}: {done.stderr}")
        return done.stdout

    def test_it_comes_up_serves_survives_and_comes_up_again(self):
        self.project.up()
        self.assertEqual(3, self.ok("status").count(" serving "))
        self.ok("add", "Composed Clinic", "--zip", "02139", "--availability", "7")
        one, two, _ = self.project.replicas()
        end(one.process)
        self.ok("adjust", "Composed Clinic", "1")
        self.assertFalse(one.probe())
        one.start()
        one.wait("service_healthy")
        self.assertEqual(0, two.stop())
        two.start()
        two.wait("service_healthy")
        for service in self.project.services.values():
            if service.process.poll() is None:
                service.stop()
        self.project.up()
        self.assertRegex(self.ok("list"), r"8 .*Composed Clinic")

    def test_the_ports_are_those_of_a_cluster_on_one_machine(self):
        published = [re.fullmatch(r"127\.0\.0\.1:(\d+):(\d+)", port).groups()
                     for service in self.project.replicas() for port in service.said["ports"]]
        self.assertEqual([(str(base + i), str(base)) for i in range(3) for base in (8892, 8080)], published)
        for i, machine in enumerate(self.project.said["services"]["init"]["command"][3:]):
            self.assertEqual(f"{self.project.replicas()[i].address}:8892=http://127.0.0.1:{8080 + i}", machine)


if __name__ == "__main__":
    main_in_namespace(cannot, "--net", "--pid", "--fork", "--kill-child", "--mount-proc")
