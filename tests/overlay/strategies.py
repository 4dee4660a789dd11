"""Pairs of models of the domain that :func:`compiler.overlay.compute` states: Kubernetes objects with odd contents.

The second model is the first one after a number of changes, so that most objects differ in a few places.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from compiler.k8s.objects import GeneratedConfigMap, Model, Object
from compiler.overlay.namespace import shared_namespace

Draw = st.DrawFn

NAMES = st.sampled_from(["a", "b", "web", "api-1", "x.y", "1", "on", "0x1f"])
_TYPED = [
    "",
    " ",
    "1",
    "1.5",
    "1e3",
    "0o17",
    "08",
    "on",
    "NO",
    "null",
    "~",
    "=",
    "<<",
    "true",
    "2020-01-01",
    "1:30",
    "0b1",
]
_MARKED = [
    "a: b",
    "a #b",
    "- x",
    "# no",
    "[x",
    "{x",
    "'q'",
    '"q"',
    "%p",
    "@a",
    "`b",
    "!t",
    "&a",
    "*a",
    "|",
    ">",
    "?",
    ": ",
]
_BROKEN = [
    "two\nlines",
    "two\nlines\n",
    "\n",
    "\n\nx",
    " lead\nx",
    "trail \nx",
    "tab\there",
    "tab\t\nx",
    "cr\rx",
    "cr\r\nx",
]
_FOREIGN = [
    "ümlaut",
    "emoji 😀",
    "emoji 😀\nx",
    "nbsp\u00a0",
    "nel\u0085x",
    "ls\u2028x",
    "\ufeffbom",
    "a\\b",
    "$patch",
    "x:",
]
_LONG = ["x" * 90, "word " * 30, "word " * 30 + "\nend", "---", "--- x", "...", "a\n---\nb", "#comment\ntext", "1_000"]
ODD_TEXTS = st.sampled_from([*_TYPED, *_MARKED, *_BROKEN, *_FOREIGN, *_LONG])
TEXTS = ODD_TEXTS | st.text("abcxyz019 :#-_.,'\"\n", max_size=12)
SCALARS = TEXTS | st.integers(-(2**31), 2**53) | st.booleans() | st.sampled_from([0.5, -1.25, 1e21, 1.5e-7, 3.0])
KEYS = st.sampled_from(["a", "b", "c", "name", "spec", "on", "1", "a/b", "a~b", "x.y", "template", "value", "", "null"])
VALUES = st.recursive(
    SCALARS | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
LABELS = st.dictionaries(st.sampled_from(["app", "tier", "on", "x/y", "n.o"]), TEXTS, max_size=3)
_TAGGED = ["pulp:1", "pulp:2", "pulp", "quay.io/pulp/pulp:3.85", "quay.io/pulp/pulp:3.86", "localhost:5000/pulp:1"]
_PINNED = ["pulp@sha256:" + "a" * 64, "pulp:1@sha256:" + "b" * 64, "quay.io/pulp/web:1", "quay-io/pulp/pulp:3.85"]
IMAGES = st.sampled_from([*_TAGGED, *_PINNED])


def _unique(draw: Draw, element: Any, key: Any, size: int = 4) -> list[Any]:
    return draw(st.lists(element, max_size=size, unique_by=key))


@st.composite
def containers(draw: Draw) -> Object:
    """A container with environment, ports, mounts, a probe and resources, each of them sometimes."""
    container: Object = {"name": draw(NAMES)}
    if draw(st.booleans()):
        container["image"] = draw(IMAGES)
    if draw(st.booleans()):
        env = st.fixed_dictionaries(
            {"name": st.sampled_from("ABCDEF")},
            optional={"value": TEXTS, "valueFrom": st.just({"secretKeyRef": {"name": "s", "key": "k"}})},
        )
        container["env"] = _unique(draw, env, lambda one: one["name"], 6)
    if draw(st.booleans()):
        extra = {"protocol": st.sampled_from(["TCP", "UDP"])} if draw(st.booleans()) else {}
        port = st.fixed_dictionaries(
            {"containerPort": st.sampled_from([80, 443, 24817]), **extra},
            optional={"name": st.sampled_from(["h", "m"])},
        )
        container["ports"] = _unique(draw, port, lambda one: (one["containerPort"], one.get("protocol")))
    if draw(st.booleans()):
        mount = st.fixed_dictionaries(
            {"mountPath": st.sampled_from(["/a", "/b", "/c"])}, optional={"name": NAMES, "readOnly": st.booleans()}
        )
        container["volumeMounts"] = _unique(draw, mount, lambda one: one["mountPath"])
    for key in draw(
        st.sets(st.sampled_from(["args", "resources", "livenessProbe", "securityContext", "extra"]), max_size=2)
    ):
        container[key] = draw(st.lists(TEXTS, max_size=3)) if key == "args" else draw(VALUES)
    return container


@st.composite
def pod_specs(draw: Draw) -> Object:
    """A pod spec."""
    spec: Object = {"containers": _unique(draw, containers(), lambda one: one["name"])}
    if draw(st.booleans()):
        spec["initContainers"] = _unique(draw, containers(), lambda one: one["name"], 2)
    if draw(st.booleans()):
        volume = st.fixed_dictionaries(
            {"name": NAMES},
            optional={
                "emptyDir": st.sampled_from([{}, {"medium": "Memory"}]),
                "configMap": st.builds(lambda name: {"name": name}, st.sampled_from(["gen", "gen2", "cm"])),
            },
        )
        spec["volumes"] = _unique(draw, volume, lambda one: one["name"])
    if draw(st.booleans()):
        spread = st.fixed_dictionaries(
            {"topologyKey": st.sampled_from(["zone", "host"]), "whenUnsatisfiable": st.sampled_from(["No", "Any"])},
            optional={"maxSkew": st.integers(1, 3)},
        )
        spec["topologySpreadConstraints"] = _unique(
            draw, spread, lambda one: (one["topologyKey"], one["whenUnsatisfiable"])
        )
    for key in draw(st.sets(st.sampled_from(["tolerations", "nodeSelector", "serviceAccountName"]), max_size=2)):
        spec[key] = draw(NAMES) if key == "serviceAccountName" else draw(VALUES)
    return spec


@st.composite
def bodies(draw: Draw, kind: str) -> Object:
    """Everything of an object beside its identity."""
    if kind in ("Deployment", "StatefulSet"):
        spec: Object = {"template": {"metadata": {"labels": draw(LABELS)}, "spec": draw(pod_specs())}}
        if draw(st.booleans()):
            spec["replicas"] = draw(st.integers(0, 3))
        if draw(st.booleans()):
            spec["strategy"] = draw(VALUES)
        return {"spec": spec}
    if kind == "CronJob":
        return {"spec": {"schedule": draw(TEXTS), "jobTemplate": {"spec": {"template": {"spec": draw(pod_specs())}}}}}
    if kind == "Service":
        shared = {"protocol": st.sampled_from(["TCP", "UDP"])} if draw(st.booleans()) else {}
        port = st.fixed_dictionaries(
            {"port": st.sampled_from([80, 443, 8080]), **shared}, optional={"name": NAMES, "targetPort": SCALARS}
        )
        ports = _unique(draw, port, lambda one: (one["port"], one.get("protocol")))
        return {"spec": {"ports": ports, "selector": draw(LABELS), "type": draw(NAMES)}}
    if kind == "ConfigMap":
        return {"data": draw(st.dictionaries(st.sampled_from(["a", "b.py", "c", "on"]), TEXTS, max_size=3))}
    if kind == "NetworkPolicy":
        return {"spec": {"podSelector": draw(st.just({})), "ingress": draw(st.lists(VALUES, max_size=2))}}
    if kind == "ServiceAccount":
        return draw(st.fixed_dictionaries({}, optional={"automountServiceAccountToken": st.booleans()}))
    if kind == "HorizontalPodAutoscaler":
        reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": draw(NAMES)}
        return {"spec": {"scaleTargetRef": reference, "metrics": draw(st.lists(VALUES, max_size=2)), "maxReplicas": 3}}
    if kind == "Ingress":
        return {"spec": {"rules": draw(st.lists(st.builds(lambda host: {"host": host}, TEXTS), max_size=2)), "tls": []}}
    if kind == "PersistentVolumeClaim":
        return {"spec": {"accessModes": draw(st.lists(NAMES, max_size=2)), "resources": draw(VALUES)}}
    return {"spec": draw(VALUES), "status": draw(VALUES)}


KINDS = {
    "Deployment": "apps/v1",
    "StatefulSet": "apps/v1",
    "CronJob": "batch/v1",
    "Service": "v1",
    "ConfigMap": "v1",
    "NetworkPolicy": "networking.k8s.io/v1",
    "ServiceAccount": "v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "Ingress": "networking.k8s.io/v1",
    "PersistentVolumeClaim": "v1",
    "Widget": "example.com/v1",
}


@st.composite
def objects(draw: Draw) -> Object:
    """An object without a namespace."""
    kind = draw(st.sampled_from(sorted(KINDS)))
    metadata: Object = {"name": draw(NAMES)}
    for key in draw(st.sets(st.sampled_from(["labels", "annotations"]))):
        metadata[key] = draw(LABELS)
    if draw(st.integers(0, 9)) == 0:
        metadata["finalizers"] = draw(st.lists(st.sampled_from(["p", "q", "r"]), unique=True, max_size=3))
    return {"apiVersion": KINDS[kind], "kind": kind, "metadata": metadata, **draw(bodies(kind))}


def _key(obj: Object) -> tuple[str, str]:
    return obj["kind"], obj["metadata"]["name"]


@st.composite
def edited(draw: Draw, value: Any, path: tuple[Any, ...] = ()) -> Any:
    """``value`` after one change somewhere in it; identities, merge keys and kinds of fields that must stay, stay."""
    if isinstance(value, dict) and value:
        keys = [key for key in value if path or key not in ("apiVersion", "kind")]
        if path == ("metadata",):
            keys = [key for key in keys if key not in ("name", "namespace")]
        if not keys:
            return value
        key = draw(st.sampled_from(sorted(keys)))
        here = (*path, key)
        structural = len(here) == 1 or key in ("template", "jobTemplate", "containers", "spec", "scaleTargetRef")
        action = draw(st.sampled_from(["into", "into", "into", "drop", "new", "replace"]))
        if action == "drop" and not structural and not _is_key(key):
            return {name: below for name, below in value.items() if name != key}
        free = path[:1] != ("metadata",) and not _is_key(key) and not structural and key not in _SHAPED
        if action == "replace" and free:
            return {**value, key: draw(VALUES)}
        if action == "new" and free:
            return {**value, draw(KEYS.filter(lambda name: name not in _SHAPED and not _is_key(name))): draw(VALUES)}
        if _is_key(key) or (path[:1] == ("metadata",) and not isinstance(value[key], dict | list)):
            return value if _is_key(key) else {**value, key: draw(TEXTS)}
        return {**value, key: draw(edited(value[key], here))}
    if isinstance(value, list) and value:
        action = draw(st.sampled_from(["into", "into", "drop", "shuffle"]))
        if action == "shuffle":
            return draw(st.permutations(value))
        index = draw(st.integers(0, len(value) - 1))
        if action == "drop":
            return value[:index] + value[index + 1 :]
        return [*value[:index], draw(edited(value[index], (*path, index))), *value[index + 1 :]]
    if isinstance(value, str) and value.count(":") == 1 and "pulp" in value:
        return draw(IMAGES)
    return (
        draw(TEXTS)
        if isinstance(value, str)
        else value
        if value is None
        else draw(SCALARS.filter(lambda x: type(x) is type(value)))
    )


_LISTS = [
    "env",
    "ports",
    "volumes",
    "volumeMounts",
    "initContainers",
    "containers",
    "topologySpreadConstraints",
    "tls",
    "rules",
]
_MAPS = [
    "labels",
    "annotations",
    "data",
    "configMap",
    "selector",
    "secretKeyRef",
    "valueFrom",
    "spec",
    "template",
    "emptyDir",
]
_SHAPED = frozenset(
    [*_LISTS, *_MAPS, "image", "finalizers", "replicas", "serviceAccountName", "metadata", "schedule", "value"]
)
"""Fields that keep their kind: Kustomize looks through them for names, images and namespaces."""


def _is_key(key: Any) -> bool:
    return key in ("name", "containerPort", "port", "protocol", "mountPath", "topologyKey", "whenUnsatisfiable")


@st.composite
def config_maps(draw: Draw) -> tuple[GeneratedConfigMap, ...]:
    """Generated ConfigMaps; their names are no other ConfigMap's."""
    names = draw(st.lists(st.sampled_from(["gen", "gen2"]), unique=True))
    files = st.dictionaries(st.sampled_from(["settings.py", "nginx.conf", "a"]), TEXTS, max_size=3)
    return tuple(GeneratedConfigMap(name, draw(files), draw(LABELS)) for name in names)


@st.composite
def model_pairs(draw: Draw, size: int = 5) -> tuple[Model, Model]:
    """A parent model and a wanted model."""
    old = draw(st.lists(objects(), max_size=size, unique_by=_key))
    new = []
    for obj in old:
        for _ in range(draw(st.integers(0, 4))):
            obj = draw(edited(copy.deepcopy(obj)))
        new.append(obj)
    new = [obj for obj in new if draw(st.integers(0, 7))]
    have = {_key(obj) for obj in old}
    new += [obj for obj in draw(st.lists(objects(), max_size=2, unique_by=_key)) if _key(obj) not in have]
    spaces = st.sampled_from([None, None, "pulp", "other"])
    parent = _placed(draw, old, draw(config_maps()), draw(spaces))
    wanted = _placed(draw, draw(st.permutations(new)), draw(config_maps()), draw(spaces))
    if wanted.namespace != parent.namespace and shared_namespace(wanted) is None:
        have = {config_map.name for config_map in parent.config_maps}
        wanted = replace(wanted, config_maps=tuple(one for one in wanted.config_maps if one.name not in have))
    return parent, wanted


def _placed(
    draw: Draw, objects: list[Object], generated: tuple[GeneratedConfigMap, ...], namespace: str | None
) -> Model:
    """The objects in a namespace; sometimes one of them elsewhere."""
    placed = []
    for obj in copy.deepcopy(objects):
        space = draw(st.sampled_from([namespace] * 19 + ["stray"]))
        if space:
            obj["metadata"] = {"name": obj["metadata"]["name"], "namespace": space, **obj["metadata"]}
        placed.append(obj)
    return Model(tuple(placed), generated, namespace)
