"""Random kustomization trees for differential tests: every field, nested bases and components, odd scalars, CRDs."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

from tests.tools.extras import add_extras
from tests.tools.oddities import dressed

_ODD = (
    *("yes", "no", "on", "0755", "1e3", "1.50", "0x1f", "~", "null", "true", "2020-01-01", "1:30", "-x", "''"),
    *('"5"', '"yes"', "'a b'", "a b c", "http://x:80/p", "é", '"\\ttab"', '"a\\nb"', '"x: y"', "5", "-0", "08", ".5"),
    '"' + "long words that go on and on until the line is far too long to be printed on one line only" + '"',
)
_BLOCKS = (
    *("|\n@one\n@  two\n", "|-\n@# not a comment\n@\n@two \n", "|+\n@one\n\n\n", ">\n@one\n@  deeper\n@two\n"),
    *(">-\n@one\n@two\n@\n@three\n", ">+\n@one\n@ - a\n\n@b\n\n\n", "\n@plain over\n@two lines\n"),
    *('"quoted \\\n@  over lines\n@\n@more"\n', "'it''s\n@\n@two'\n", "# a comment\n@value # and another\n"),
)
"""Values of several lines; ``@`` stands for the indentation."""
_IMAGES = ("nginx", "nginx:1.7", "reg.io/nginx:2@sha256:abc", "busybox", "reg:5000/a/nginx", "nginx@sha256:1")
_NAMES = ("a", "app", "web", "db-1")
_KINDS = (
    *("ConfigMap", "Secret", "Deployment", "Service", "Role", "RoleBinding", "ServiceAccount", "Widget", "Ingress"),
    *("HorizontalPodAutoscaler", "StatefulSet", "CronJob", "Namespace", "ClusterRole", "PersistentVolumeClaim"),
)
_VERSIONS = {
    "Deployment": "apps/v1",
    "StatefulSet": "apps/v1",
    "CronJob": "batch/v1",
    "Role": "rbac.authorization.k8s.io/v1",
    "RoleBinding": "rbac.authorization.k8s.io/v1",
    "ClusterRole": "rbac.authorization.k8s.io/v1",
    "Widget": "example.com/v1",
    "Ingress": "networking.k8s.io/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
}


class _World:
    """The dice, and the objects that the layers below have."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.known: list[tuple[str, str]] = []

    def name(self, *kinds: str) -> str:
        """Mostly the name of an object of one of these kinds that is there, else any name."""
        names = [name for kind, name in self.known if kind in kinds]
        return self.random.choice(names) if names and self.random.random() < 0.93 else self.random.choice(_NAMES)

    def has(self, *kinds: str) -> bool:
        """Whether there is an object of one of these kinds."""
        return any(kind in kinds for kind, _ in self.known)


def tree(random: Random) -> dict[str, str]:
    """Files of a kustomization tree; ``top`` is what to build."""
    files: dict[str, str] = {}
    world = _World(random)
    _kustomization(world, files, "base", [])
    layers = ["../base"]
    if random.random() < 0.3:
        _kustomization(world, files, "mid", layers)
        layers = ["../mid"]
    components = []
    if random.random() < 0.3:
        _kustomization(world, files, "part", [], component=True)
        components.append("../part")
    _kustomization(world, files, "top", layers, components=components)
    return dressed(files, random) if random.random() < 0.6 else files


def _kustomization(
    world: _World,
    files: dict[str, str],
    folder: str,
    bases: list[str],
    *,
    component: bool = False,
    components: list[str] | None = None,
) -> None:
    random = world.random
    fields: dict[str, Any] = {"resources": list(bases)}
    if component:
        fields.update({"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component"})
    if components:
        fields["components"] = components
    if not bases or random.random() < 0.3:
        count = random.randint(1, 4)
        made = [_resource(world) for _ in range(count)]
        files[f"{folder}/r.yaml"] = "---\n".join(text for text in made if text)
        fields["resources"].append("r.yaml")
    if not fields["resources"]:
        del fields["resources"]
    for name, make in _FIELDS.items():
        wanted = _NEEDS.get(name, ())
        if random.random() < 0.22 and (not wanted or world.has(*wanted) or random.random() < 0.03):
            fields[name] = make(world)
    add_extras(fields, folder, files, random)
    files[f"{folder}/kustomization.yaml"] = json.dumps(fields, indent=1, ensure_ascii=False) + "\n"


def _resource(world: _World) -> str:
    random = world.random
    kind = random.choice(_KINDS)
    name = random.choice(_NAMES)
    if (kind, name) in world.known and random.random() < 0.95:
        return ""
    world.known.append((kind, name))
    lines = [f"apiVersion: {_VERSIONS.get(kind, 'v1')}", f"kind: {kind}", "metadata:", f"  name: {name}"]
    if random.random() < 0.2:
        lines.append(f"  namespace: {random.choice(('default', 'x', 'team'))}")
    if random.random() < 0.4:
        lines += ["  labels:", f"    app: {random.choice(_ODD)}"]
    if random.random() < 0.3:
        lines += ["  annotations:", f"    note: {random.choice(_ODD)}", f"    b: {random.choice(_ODD)}"]
    lines += _body(random, kind)
    return "\n".join(lines) + "\n"


def _body(random: Random, kind: str) -> list[str]:
    odd = random.choice
    if kind in ("Deployment", "StatefulSet"):
        return ["spec:", f"  replicas: {odd(('1', '2', chr(34) + '3' + chr(34)))}", "  template:", *_pod(random, 4)]
    if kind == "CronJob":
        return ["spec:", "  jobTemplate:", "    spec:", "      template:", *_pod(random, 8)]
    if kind == "Service":
        return [
            "spec:",
            "  selector:",
            f"    app: {odd(_NAMES)}",
            "  ports:",
            "  - port: 80",
            f"    name: {odd(_NAMES)}",
        ]
    if kind in ("ConfigMap", "Secret"):
        lines = ["data:", f"  k: {odd(_ODD)}", f"  {odd(('k2', 'a.b', 'k10'))}: {odd(_ODD)}"]
        if random.random() < 0.3:
            lines += f"  text: {odd(_BLOCKS)}".replace("@", "    ").rstrip("\n").split("\n")
        return lines
    if kind == "RoleBinding":
        return [
            *("roleRef:", "  apiGroup: rbac.authorization.k8s.io", f"  kind: {odd(('Role', 'ClusterRole'))}"),
            *(f"  name: {odd(_NAMES)}", "subjects:", "- kind: ServiceAccount", f"  name: {odd((*_NAMES, 'default'))}"),
            f"  namespace: {odd(('default', 'x'))}",
        ]
    if kind == "HorizontalPodAutoscaler":
        return ["spec:", "  scaleTargetRef:", "    kind: Deployment", f"    name: {odd(_NAMES)}"]
    if kind == "Ingress":
        return ["spec:", "  tls:", f"  - secretName: {odd(_NAMES)}", f"    hosts: [{odd(_NAMES)}]"]
    if kind == "Widget":
        return [
            "spec:",
            f"  a: {odd(_ODD)}",
            f"  b: [{odd(_ODD)}, {odd(_ODD)}]",
            "  c: {}",
            f"  d: {{e: {odd(_ODD)}, f: }}",
        ]
    return []


def _pod(random: Random, indent: int) -> list[str]:
    odd = random.choice
    lines = ["spec:", "  containers:"]
    for name in ("main", "side")[: random.randint(1, 2)]:
        lines += [
            f"  - name: {name}",
            f"    image: {odd(_IMAGES)}",
            *("    env:", "    - name: A", f"      value: {odd(_ODD)}"),
            *("    - name: B", "      valueFrom:", "        configMapKeyRef:", f"          name: {odd(_NAMES)}"),
            "          key: k",
        ]
        if random.random() < 0.5:
            lines += ["    ports:", "    - containerPort: 80", "    - containerPort: 81", "      protocol: UDP"]
    if random.random() < 0.4:
        lines += ["  volumes:", "  - name: v", "    secret:", f"      secretName: {odd(_NAMES)}"]
    if random.random() < 0.3:
        lines.append(f"  serviceAccountName: {odd(_NAMES)}")
    return [" " * indent + line for line in lines]


def _patch(world: _World) -> dict[str, Any]:
    random = world.random
    kind = random.choice(("Deployment", "ConfigMap", "Widget", "StatefulSet", "Service"))
    if random.random() < 0.5:
        operations = random.choice(
            (
                '[{"op": "add", "path": "/metadata/labels", "value": {"p": "q"}}]',
                '[{"op": "add", "path": "/metadata/annotations/p", "value": "q"}]',
                '[{"op": "replace", "path": "/metadata/name", "value": "renamed"}]',
                '[{"op": "add", "path": "/spec", "value": {"n": 12345678, "f": 1.5, "s": "007"}}]',
                "- op: add\n  path: /data\n  value: {x: yes, y: 0755}\n",
            )
        )
        return {"target": {"kind": kind}, "patch": operations}
    name = world.name(kind)
    text = f"apiVersion: {_VERSIONS.get(kind, 'v1')}\nkind: {kind}\nmetadata:\n  name: {name}\n"
    text += random.choice(
        (
            "  labels: {app: patched, extra: null}\n",
            "  annotations: {note: null, p: '1'}\n",
            "data: {k: patched, k2: null, new: '5'}\n",
            "spec: {template: {spec: {containers: [{name: side, image: patched}, {name: new, image: n}]}}}\n",
            "spec: {template: {spec: {containers: [{name: main, $patch: delete}]}}}\n",
            "spec: {template: {spec: {containers: [{name: main, ports: [{containerPort: 80, name: x}]}]}}}\n",
            "spec: {template: {metadata: {labels: {app: patched}}}}\n",
            "$patch: delete\n",
            "spec: {b: [z], d: {$patch: replace, f: 1}, c: null}\n",
        )
    )
    entry: dict[str, Any] = {"patch": text}
    if (kind, name) not in world.known or random.random() < 0.4:
        entry["target"] = {"kind": kind}
        if random.random() < 0.3:
            entry["target"] = {"name": random.choice(("a.*", "app|web", name))}
    return entry


def _replacement(world: _World) -> dict[str, Any]:
    random = world.random
    kinds = [kind for kind in ("ConfigMap", "Widget", "Deployment") if world.has(kind)] or ["ConfigMap"]
    kind = random.choice(kinds)
    source = {"kind": kind, "name": world.name(kind)}
    source["fieldPath"] = random.choice(
        ("metadata.name", {"ConfigMap": "data.k", "Widget": "spec.a"}.get(kind, "kind"))
    )
    target: dict[str, Any] = {
        "select": {"kind": random.choice(("Deployment", "ConfigMap", "Widget", "Service"))},
        "fieldPaths": [
            random.choice(
                (
                    *(
                        ".metadata.annotations.[example.com/copied]",
                        "metadata.annotations.copied",
                        "spec.template.spec.containers.*.image",
                        "data.k",
                        "spec.d.e",
                    ),
                    *(
                        "spec.template.spec.containers.[name=main].env.[name=A].value",
                        "metadata.labels.app",
                        "spec.b.0",
                    ),
                )
            )
        ],
    }
    if "*" not in target["fieldPaths"][0] and random.random() < 0.85:
        target["options"] = {"create": True}
    return {"source": source, "targets": [target]}


def _generated(world: _World) -> dict[str, Any]:
    if world.has("ConfigMap") and world.random.random() < 0.5:
        return {"name": world.name("ConfigMap"), "behavior": world.random.choice(("merge", "replace"))}
    name = f"gen{world.random.randint(0, 9999)}"
    world.known.append(("ConfigMap", name))
    return {"name": name, "options": {"immutable": world.random.random() < 0.5}}


# What a field needs to be there, else the real tool refuses the tree.
_NEEDS = {
    "replicas": ("Deployment", "StatefulSet"),
    "replacements": ("ConfigMap", "Widget", "Deployment"),
    "vars": ("ConfigMap",),
}
_FIELDS: dict[str, Callable[[_World], Any]] = {
    "namePrefix": lambda world: world.random.choice(("p-", "x", "0x")),
    "nameSuffix": lambda world: world.random.choice(("-s", "1")),
    "namespace": lambda world: world.random.choice(("prod", "x", "default")),
    "commonLabels": lambda world: {"team": world.random.choice(("core", "yes", "1"))},
    "commonAnnotations": lambda world: {"owner": world.random.choice(("me", "true", "5"))},
    "labels": lambda world: [
        {
            "pairs": {"tier": world.random.choice(("one", "off")), "app": "labelled"},
            "includeSelectors": world.random.random() < 0.5,
            "includeTemplates": world.random.random() < 0.5,
        }
    ],
    "images": lambda world: [
        {
            "name": "nginx",
            **world.random.choice(
                ({"newTag": "9"}, {"newName": "other"}, {"digest": "sha256:12"}, {"tagSuffix": "-x"})
            ),
        },
        {"name": "reg:5000/a/nginx", "newName": "mirror:5000/nginx", "newTag": "2"},
        {"name": ".*box", "newTag": "1.0"},
    ][: world.random.randint(1, 3)],
    "replicas": lambda world: [{"name": world.name("Deployment", "StatefulSet"), "count": world.random.randint(0, 3)}],
    "configMapGenerator": lambda world: [
        {
            **_generated(world),
            "literals": ["k=v", world.random.choice(("n=5", "o=yes", "q='x'", "e="))],
        }
    ],
    "secretGenerator": lambda world: [{"name": f"sec{world.random.randint(0, 9999)}", "literals": ["p=w"]}],
    "generatorOptions": lambda world: {
        "disableNameSuffixHash": world.random.random() < 0.5,
        "labels": {"gen": "yes"},
    },
    "patches": lambda world: [_patch(world) for _ in range(world.random.randint(1, 2))],
    "replacements": lambda world: [_replacement(world)],
    "sortOptions": lambda world: {"order": world.random.choice(("fifo", "legacy"))},
    "buildMetadata": lambda world: world.random.sample(
        ["originAnnotations", "transformerAnnotations", "managedByLabel"], world.random.randint(1, 3)
    ),
    "vars": lambda world: [
        {"name": "V", "objref": {"apiVersion": "v1", "kind": "ConfigMap", "name": world.name("ConfigMap")}}
    ],
    "patchesJson6902": lambda world: [
        {
            "target": {"version": "v1", "kind": "ConfigMap", "name": world.name("ConfigMap")},
            "patch": '[{"op": "add", "path": "/data/j", "value": "6"}]',
        }
    ],
}
