#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""packaging/kubernetes: what the files name is there and fits together, and titer takes the command lines and settings.

There is no Kubernetes here: no API server has read them. `kubectl kustomize` is asked where kubectl is installed.
"""
import glob
import os
import re
import shutil
import subprocess
import sys
import unittest

import yaml

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))
from harness import ROOT, main, titer  # noqa: E402

FOLDER = os.path.join(ROOT, "packaging", "kubernetes")
NAMESPACE = "titer"


def documents(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        return list(yaml.safe_load_all(file))


def expanded(text, pod):
    """As the kubelet does, with the variables of this pod."""
    values = {"POD": pod, "INDEX": pod.rpartition("-")[2], "NAMESPACE": NAMESPACE}
    return re.sub(r"\$\((\w+)\)", lambda match: values[match[1]], text)


class Manifests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kustomization, = documents("kustomization.yaml")
        cls.all = [document for name in cls.kustomization["resources"] for document in documents(name)]

    def of_kind(self, *kinds):
        return [document for document in self.all if document["kind"] in kinds]

    def named(self, kind, name):
        one, = [document for document in self.of_kind(kind) if document["metadata"]["name"] == name]
        return one

    def pods(self):
        """(the workload, its template), of all workloads."""
        return [(document, document["spec"]["template"]) for document in self.of_kind("StatefulSet", "Job")]

    def test_every_file_is_in_the_kustomization_and_no_name_comes_twice(self):
        files = {os.path.basename(path) for path in glob.glob(FOLDER + "/*.yaml")} - {"kustomization.yaml"}
        self.assertEqual(files, set(self.kustomization["resources"]))
        names = [(document["kind"], document["metadata"]["name"]) for document in self.all]
        self.assertEqual(len(names), len(set(names)))
        self.assertEqual(NAMESPACE, self.kustomization["namespace"])
        self.named("Namespace", NAMESPACE)

    def test_selectors_find_pods_and_ports_have_names(self):
        pods = [template for _, template in self.pods()]
        for document in self.of_kind("Service", "PodDisruptionBudget", "StatefulSet"):
            selector = document["spec"]["selector"]
            selector = selector.get("matchLabels", selector)
            found = [pod for pod in pods if selector.items() <= pod["metadata"]["labels"].items()]
            self.assertEqual(1, len(found), document["metadata"]["name"])
            if document["kind"] == "StatefulSet":
                self.assertIs(document["spec"]["template"], found[0])
                service = self.named("Service", document["spec"]["serviceName"])
                self.assertEqual("None", service["spec"]["clusterIP"])
                self.assertTrue(service["spec"]["publishNotReadyAddresses"])
            if document["kind"] == "Service":
                container, = found[0]["spec"]["containers"]
                ports = {port["name"]: port["containerPort"] for port in container["ports"]}
                for port in document["spec"]["ports"]:
                    self.assertIn(port["targetPort"], ports)
            if document["kind"] == "PodDisruptionBudget":
                self.assertEqual(1, document["spec"]["maxUnavailable"])

    def test_pods_are_restricted_and_mount_what_is_there(self):
        generated = {one["name"] for one in self.kustomization["configMapGenerator"]}
        images = {image["name"] for image in self.kustomization["images"]}
        for document, template in self.pods():
            spec = template["spec"]
            container, = spec["containers"]
            self.assertIn(container["image"], images)
            self.assertTrue(spec["securityContext"]["runAsNonRoot"])
            self.assertEqual({"type": "RuntimeDefault"}, spec["securityContext"]["seccompProfile"])
            self.assertEqual({"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                              "capabilities": {"drop": ["ALL"]}}, container["securityContext"])
            volumes = {volume["name"] for volume in spec.get("volumes", [])}
            volumes |= {claim["metadata"]["name"] for claim in document["spec"].get("volumeClaimTemplates", [])}
            self.assertEqual(volumes, {mount["name"] for mount in container["volumeMounts"]})
            for volume in spec.get("volumes", []):
                self.assertIn(volume["configMap"]["name"], generated)
            ports = {port["name"] for port in container.get("ports", [])}
            for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
                if kind in container:
                    self.assertIn(container[kind]["httpGet"]["port"], ports)

    def test_probes_ask_for_what_titer_serves(self):
        with open(os.path.join(ROOT, "docs", "reference", "openapi.json"), encoding="utf-8") as file:
            served = yaml.safe_load(file)["paths"]
        container, = self.named("StatefulSet", "titer")["spec"]["template"]["spec"]["containers"]
        for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
            self.assertIn(container[kind]["httpGet"]["path"], served)

    def test_titer_takes_the_settings_and_every_replica_is_in_the_record(self):
        replicas = self.named("StatefulSet", "titer")["spec"]
        container, = replicas["template"]["spec"]["containers"]
        job, = self.named("Job", "titer-init")["spec"]["template"]["spec"]["containers"]
        machines = [word for word in job["args"] if not word.startswith("-")][1:]
        self.assertEqual(replicas["replicas"], len(machines))
        for i, machine in enumerate(machines):
            args = [expanded(arg, f"titer-{i}").replace("/etc/titer", FOLDER) for arg in container["args"]]
            done = titer(*args, "--check")
            self.assertEqual((0, ""), (done.returncode, done.stderr))
            self.assertIn(f"replica {i} of cluster vaccines at {machine}", done.stdout)

    def test_etcd_is_where_titer_looks_for_it(self):
        members = self.named("StatefulSet", "etcd")["spec"]
        container, = members["template"]["spec"]["containers"]
        words = [[expanded(word, f"etcd-{i}") for word in container["command"]] for i in range(members["replicas"])]
        clients = [word.partition("=")[2] for one in words for word in one if word.startswith("--advertise-client-urls=")]
        with open(os.path.join(FOLDER, "titer.toml"), encoding="utf-8") as file:
            self.assertEqual(clients, re.findall(r'"(http://[^"]+)"', file.read()))
        peers = [word.partition("=")[2] for one in words for word in one if word.startswith("--initial-advertise-peer-urls=")]
        for one in words:
            self.assertIn("--initial-cluster=" + ",".join(f"etcd-{i}={url}" for i, url in enumerate(peers)), one)

    @unittest.skipUnless(shutil.which("kubectl"), "there is no kubectl")
    def test_kustomize_builds_it(self):
        done = subprocess.run(["kubectl", "kustomize", FOLDER], capture_output=True, text=True, check=False)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        built = list(yaml.safe_load_all(done.stdout))
        self.assertEqual(len(self.all) + 1, len(built))
        self.assertEqual({NAMESPACE}, {document["metadata"].get("namespace", NAMESPACE) for document in built})


if __name__ == "__main__":
    main()
