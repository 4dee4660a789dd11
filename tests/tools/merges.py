"""Random strategic merges: well-known kinds, their merging lists, directives, nulls, and patches one after another."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

import yaml

Node = dict[str, Any]
_NAMES = ("a", "b", "c")
_SCALARS = ("a", "b", "x", "1", 1, 2, True, None, "", 0.5, "null", "y")
_OPERATIONS = ("add", "replace", "remove", "test", "copy", "move")
_POINTERS = (
    *("/metadata/labels", "/spec", "/spec/template/spec/containers/0", "/spec/template/spec/containers/-", "/data/a"),
    *("/metadata/annotations/a", "/spec/replicas", "/spec/template/spec/containers/0/env/1"),
)


def merge_tree(random: Random) -> dict[str, str]:
    """One object and a few patches of its kind."""
    kind = random.choice(("Deployment",) * 4 + tuple(_KINDS))
    patches: list[Node] = []
    for _ in range(random.randint(1, 3)):
        entry: Node = {"patch": _written(random, _Maker(random, patch=True).object(kind))}
        if random.random() < 0.3:
            entry["target"] = {"kind": kind}
        patches.append(entry)
    if random.random() < 0.2:
        operation = {"op": random.choice(_OPERATIONS), "path": random.choice(_POINTERS), "from": "/metadata/name"}
        text = json.dumps([{**operation, "value": random.choice(_SCALARS)}])
        patches.insert(random.randint(0, len(patches)), {"target": {"kind": kind}, "patch": text})
    fields: Node = {"resources": ["r.yaml"], "patches": patches}
    for chance, name, value in (
        (0.2, "namePrefix", "p-"),
        (0.2, "commonLabels", {"z": "y"}),
        (0.1, "images", [{"name": "i", "newTag": "9"}]),
        (0.1, "buildMetadata", ["originAnnotations", "transformerAnnotations"]),
    ):
        if random.random() < chance:
            fields[name] = value
    resource = _written(random, _Maker(random, patch=False).object(kind))
    return {"top/r.yaml": resource, "top/kustomization.yaml": json.dumps(fields)}


def _written(random: Random, node: Node) -> str:
    if random.random() < 0.3:
        return json.dumps(node)
    style = random.choice((False, False, None))
    return str(yaml.safe_dump(node, sort_keys=random.random() < 0.5, default_flow_style=style))


class _Maker:
    """Makes objects, or patches with directives.

    Args:
        random: the source of choices.
        patch: whether directives may stand in it.
    """

    def __init__(self, random: Random, *, patch: bool) -> None:
        self.random = random
        self.patch = patch

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def pick(self, *values: Any) -> Any:
        return self.random.choice(values)

    def scalar(self) -> Any:
        return self.random.choice(_SCALARS)

    def fields(self, *choices: tuple[float, str, Callable[[], Any]]) -> Node:
        """A map of the fields that chance takes, with a directive now and then."""
        node = {name: make() for share, name, make in choices if self.chance(share)}
        if self.patch and self.chance(0.12):
            node["$patch"] = self.pick("delete", "delete", "replace", "merge")
        if self.patch and self.chance(0.03):
            node["$retainKeys"] = [self.pick("a", "name", "image")]
        return node

    def several(self, make: Callable[[], Any], most: int = 3) -> list[Any]:
        """A list, with a directive, a null or something else among its items now and then."""
        items = [make() for _ in range(self.random.randint(0, most))]
        if self.patch and self.chance(0.06):
            items.append({"$patch": self.pick("replace", "delete")})
        if self.chance(0.03):
            items.insert(self.random.randint(0, len(items)), self.pick(None, {}, "x"))
        return items

    def name(self) -> str:
        return self.random.choice(_NAMES)

    def object(self, kind: str) -> Node:
        version, make = _KINDS[kind]
        return {"apiVersion": version, "kind": kind, "metadata": self.metadata(), **make(self)}

    def metadata(self) -> Node:
        plain = [
            (0.3, "labels", lambda: self.pick({"a": self.scalar()}, {"b": "c", "d": None}, None, {})),
            (0.2, "annotations", lambda: self.pick({"a": "b"}, {"c": None}, {"x/y": "two\nlines"}, None)),
            (0.1, "finalizers", lambda: [self.name() for _ in range(self.random.randint(0, 2))]),
            (0.05, "ownerReferences", lambda: [{"uid": self.name(), "name": "x"}]),
        ]
        return {"name": "web", **{name: make() for share, name, make in plain if self.chance(share)}}

    def container(self) -> Node:
        return self.fields(
            (0.95, "name", self.name),
            (0.5, "image", lambda: self.pick("i", "i:1", "j@sha256:abc")),
            (0.4, "ports", lambda: self.several(self.port)),
            (0.4, "env", lambda: self.several(self.variable)),
            (0.3, "volumeMounts", lambda: self.several(self.mount)),
            (0.3, "args", lambda: self.pick(["a", "b"], ["c"], [], None, ["a", None, 1])),
            (0.2, "envFrom", lambda: [self.pick({"configMapRef": {"name": "a"}}, {"prefix": "x"})]),
            (0.2, "resources", lambda: self.pick({"limits": {"cpu": self.scalar()}}, {"limits": None}, {"limits": {}})),
            (0.1, "livenessProbe", lambda: self.pick({"exec": {"command": ["a"]}}, {"httpGet": {"path": "/"}}, None)),
        )

    def port(self) -> Node:
        return self.fields(
            (0.85, "containerPort", lambda: self.pick(80, 81, "80")),
            (0.5, "protocol", lambda: self.pick("TCP", "UDP")),
            (0.4, "name", self.name),
        )

    def variable(self) -> Node:
        secret = {"secretKeyRef": {"name": "s", "key": "k"}}
        return self.fields(
            (1.0, "name", self.name), (0.7, "value", self.scalar), (0.2, "valueFrom", lambda: self.pick(None, secret))
        )

    def mount(self) -> Node:
        return self.fields(
            (1.0, "mountPath", lambda: self.pick("/a", "/b")), (0.8, "name", self.name), (0.3, "subPath", self.scalar)
        )

    def volume(self) -> Node:
        return self.fields(
            (1.0, "name", self.name),
            (0.4, "emptyDir", lambda: self.pick({}, None)),
            (0.3, "configMap", lambda: {"name": "a"}),
            (0.2, "projected", lambda: {"sources": [{"secret": {"name": "a"}}]}),
        )

    def pod(self) -> Node:
        return self.fields(
            (0.85, "containers", lambda: self.several(self.container)),
            (0.2, "initContainers", lambda: self.several(self.container)),
            (0.4, "volumes", lambda: self.several(self.volume)),
            (0.2, "imagePullSecrets", lambda: self.several(lambda: {"name": self.name()}, 2)),
            (0.2, "tolerations", lambda: self.several(lambda: {"key": self.name(), "operator": "Exists"}, 2)),
            (0.2, "hostAliases", lambda: self.several(lambda: {"ip": self.pick("1.1.1.1", "2.2.2.2")}, 2)),
            (0.15, "topologySpreadConstraints", lambda: self.several(lambda: {"topologyKey": self.name()}, 2)),
            (0.15, "nodeSelector", lambda: self.pick({"a": self.scalar()}, None, {"b": "c"})),
            (0.1, "securityContext", lambda: self.pick({"runAsUser": 1}, {}, None)),
        )

    def deployment(self) -> Node:
        template = self.fields(
            (1.0, "spec", self.pod),
            (0.3, "metadata", lambda: self.pick({"labels": {"q": self.scalar()}}, {"annotations": {"u": "v"}}, None)),
        )
        recreate = {"type": "Recreate"}
        return self.fields(
            (1.0, "template", lambda: template),
            (0.3, "strategy", lambda: self.pick(recreate, {**recreate, "rollingUpdate": None}, {"rollingUpdate": {}})),
            (0.3, "replicas", lambda: self.pick(1, 2, None)),
            (0.1, "selector", lambda: self.pick({"matchLabels": {"a": "b"}}, None)),
        )

    def service(self) -> Node:
        port = (
            (0.9, "port", lambda: self.pick(80, 81)),
            (0.6, "protocol", lambda: self.pick("TCP", "UDP")),
            (0.6, "name", self.name),
            (0.5, "targetPort", lambda: self.pick(1, "x", None)),
        )
        return self.fields(
            (1.0, "ports", lambda: self.several(lambda: self.fields(*port))),
            (0.8, "selector", lambda: self.pick({"a": "b"}, None, {"c": self.scalar()})),
        )

    def subjects(self) -> list[Any]:
        return self.several(lambda: self.fields((1.0, "kind", lambda: "ServiceAccount"), (1.0, "name", self.name)), 2)


_KINDS: dict[str, tuple[str, Callable[[_Maker], Node]]] = {
    "Deployment": ("apps/v1", lambda make: {"spec": make.deployment()}),
    "Pod": ("v1", lambda make: {"spec": make.pod()}),
    "Service": ("v1", lambda make: {"spec": make.service()}),
    "ServiceAccount": ("v1", lambda make: {"secrets": make.several(lambda: {"name": make.name()})}),
    "ConfigMap": ("v1", lambda make: {"data": make.pick({"a": make.scalar()}, None, {}, {"b": "c\nd"})}),
    "Widget": ("example.com/v1", lambda make: {"spec": {"l": make.several(make.variable), "m": make.scalar()}}),
    "RoleBinding": ("rbac.authorization.k8s.io/v1", lambda make: {"subjects": make.subjects()}),
    "ClusterRole": ("rbac.authorization.k8s.io/v1", lambda make: {"rules": make.several(lambda: {"verbs": ["a"]}, 2)}),
    "PodDisruptionBudget": ("policy/v1", lambda make: {"spec": {"selector": make.pick({"matchLabels": {}}, None)}}),
}
