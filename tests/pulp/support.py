"""Specs and lookups that the tests of this room share."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from compiler.k8s.objects import Object
from compiler.pulp.model import Compiled, build_model, pod_spec
from compiler.spec import load
from compiler.spec.environments import DEFAULTS
from compiler.spec.models import Spec

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ("base/pulp", *(f"overlays/{name}" for name in ("demo", "prod", "pop", "pop-ams", "pop-sin")))
DEPLOYED = ("overlays/demo", "overlays/prod", "overlays/pop-ams", "overlays/pop-sin")
WORKLOADS = ("Deployment", "StatefulSet", "Job", "CronJob")


class Folder:
    """This repository as a tree."""

    def read(self, path: str) -> bytes:
        return (ROOT / path).read_bytes()

    def is_file(self, path: str) -> bool:
        return (ROOT / path).is_file()

    def is_dir(self, path: str) -> bool:
        return (ROOT / path).is_dir()

    def listdir(self, path: str) -> list[str]:
        return sorted(os.listdir(ROOT / path))


def example(folder: str) -> Spec:
    """The effective spec of one of this repository's examples."""
    return load(Folder(), folder).spec


def merged(low: Mapping[str, Any], high: Mapping[str, Any]) -> dict[str, Any]:
    """``high`` over ``low``."""
    out = dict(low)
    for key, value in high.items():
        old = out.get(key)
        out[key] = merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return out


def spec(environment: str = "demo", **sections: Any) -> Spec:
    """A deployable spec of an environment with sections of one's own over its defaults."""
    own = {
        "environment": environment,
        "namespace": "site",
        "host": "pulp.example.com",
        "pulp": {"version": "3.85", "plugins": ["file"]},
    }
    # A choice replaces the default choice, as in a layer.
    defaults = {
        key: value
        for key, value in DEFAULTS[environment].items()  # type: ignore[index]
        if key not in sections or key not in ("database", "cache", "storage")
    }
    return Spec.model_validate(merged(merged(defaults, own), sections))


PRODUCTION: dict[str, Any] = {
    "database": {"external": {"host": "db.example.com"}},
    "cache": {"external": {"host": "redis.example.com"}},
    "storage": {"s3": {"bucket": "artifacts", "region": "eu-west-1"}},
    "exposure": {"ingress": {"class": "nginx", "tls": {"issuer": "letsencrypt"}}},
}


def build(environment: str = "demo", **sections: Any) -> Compiled:
    """The model of :func:`spec`."""
    return build_model(spec(environment, **sections))


def production(**sections: Any) -> Compiled:
    """A production model with external services."""
    return build("production", **merged(PRODUCTION, sections))


def one(compiled: Compiled, kind: str, name: str) -> Object:
    """The object of a kind whose name is ``name``, or ``name`` and a hash for Jobs."""
    (found,) = [
        obj
        for obj in compiled.model.objects
        if obj["kind"] == kind
        and (obj["metadata"]["name"].rpartition("-")[0] == name if kind == "Job" else obj["metadata"]["name"] == name)
    ]
    return found


def has(compiled: Compiled, kind: str, name: str) -> bool:
    """Whether there is such an object."""
    return any(obj["kind"] == kind and obj["metadata"]["name"] == name for obj in compiled.model.objects)


def of_kind(compiled: Compiled, *kinds: str) -> list[Object]:
    """Every object of the kinds."""
    return [obj for obj in compiled.model.objects if obj["kind"] in kinds]


def pods(compiled: Compiled) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and pod spec of every workload."""
    for obj in of_kind(compiled, *WORKLOADS):
        yield obj["metadata"]["name"], pod_spec(obj)


def template(obj: Object) -> dict[str, Any]:
    """The pod template of a workload."""
    spec = obj["spec"]
    found: dict[str, Any] = spec["jobTemplate"]["spec"]["template"] if obj["kind"] == "CronJob" else spec["template"]
    return found


def containers(pod: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Init containers and containers."""
    return [*pod.get("initContainers", ()), *pod["containers"]]


def container(compiled: Compiled, kind: str, name: str, which: str | None = None) -> dict[str, Any]:
    """A container of a workload; the first when ``which`` is not given."""
    pod = pod_spec(one(compiled, kind, name))
    return next(made for made in containers(pod) if made["name"] == which) if which else pod["containers"][0]


def environment(made: Mapping[str, Any]) -> dict[str, str]:
    """The variables of a container."""
    return {item["name"]: item["value"] for item in made.get("env", ())}


def file(compiled: Compiled, config_map: str, name: str) -> str:
    """A file of a generated ConfigMap."""
    (found,) = [made for made in compiled.model.config_maps if made.name == config_map]
    return found.files[name]
