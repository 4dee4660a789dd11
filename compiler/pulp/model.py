"""The model of one effective spec: all of its objects, the ConfigMaps to generate, and the Secrets that it requires."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from compiler.errors import CompilerError, Origin
from compiler.k8s.objects import GeneratedConfigMap, Model, Object, ObjectKey, key_of
from compiler.pulp.accounts import account_objects
from compiler.pulp.admin import admin_objects
from compiler.pulp.api import api_objects
from compiler.pulp.budgets import autoscaler_objects, budget_objects
from compiler.pulp.cache import cache_config_maps, cache_objects
from compiler.pulp.content import content_objects
from compiler.pulp.database import database_config_maps, database_objects
from compiler.pulp.exposure import exposure_objects
from compiler.pulp.fieldskey import fields_key_objects
from compiler.pulp.foreign import foreign
from compiler.pulp.material import catalogue, existing, trust_bundles
from compiler.pulp.migration import job_config_maps, migration_objects
from compiler.pulp.namespace import namespace_objects
from compiler.pulp.policies import policy_objects
from compiler.pulp.process import config_maps as process_config_maps
from compiler.pulp.provenance import From, strip
from compiler.pulp.replica import replica_config_maps, replica_jobs, replica_objects
from compiler.pulp.requirements import Requirements
from compiler.pulp.signing import signing_config_maps, signing_objects
from compiler.pulp.site import Site
from compiler.pulp.storage import storage_objects
from compiler.pulp.web import web_config_maps, web_objects
from compiler.pulp.worker import worker_objects
from compiler.spec.models import Spec
from compiler.spec.parts import parts

_WORKLOADS = ("Deployment", "StatefulSet", "Job", "CronJob")


@dataclass(frozen=True)
class Compiled:
    """What a spec means.

    Args:
        model: its objects and generated ConfigMaps.
        requirements: the Secrets and the CA bundle that its pods mount; empty for a layer, which runs nowhere.
        sources: for each object, JSON Pointer (RFC 6901) -> the spec key that decided the value there, and below it
            unless a longer pointer says otherwise. Generated ConfigMaps are among them, with pointers into ``/data``.
    """

    model: Model
    requirements: Requirements
    sources: Mapping[ObjectKey, Mapping[str, str]] = field(default_factory=dict)


def build_model(
    spec: Spec, generations: Mapping[str, int] | None = None, reencrypting: frozenset[str] = frozenset()
) -> Compiled:
    """The model of an effective spec.

    Args:
        spec: a whole spec, or a layer without namespace, host, database, cache, storage or exposure.
        generations: name of a Secret or of the trust ConfigMap -> counter; absent means 1.
        reencrypting: names of Secrets whose database-field key is being replaced and has come to the step at which a
            Job encrypts the database anew.

    Raises:
        CompilerError: the spec asks for something that cannot be (see :mod:`compiler.pulp.settings`). An origin
            without a path names a key of the spec: which file says it is not known here.
    """
    site = Site(spec, dict(generations or {}), reencrypting)
    config_maps = _config_maps(site)
    objects: list[Object] = []
    sources: dict[ObjectKey, Mapping[str, str]] = {}
    for spec_key, raw in _parts(site, config_maps):
        plain, marks = strip(From(spec_key, raw))
        objects.append(plain)
        sources[key_of(plain)] = marks
    for made in config_maps:
        key = ObjectKey("", "ConfigMap", site.namespace or "", made.name)
        sources[key] = {f"/data/{name}": _FILE_KEYS.get(name, "") for name in made.files if name in _FILE_KEYS}
    objects.sort(key=_order)
    model = Model(tuple(objects), tuple(sorted(config_maps, key=lambda made: made.name)), site.namespace)
    return Compiled(model, _requirements(site, objects), sources)


def _parts(site: Site, config_maps: Sequence[GeneratedConfigMap]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object with the section of the spec that it answers to."""
    made: list[tuple[str, list[dict[str, Any]]]] = [
        ("namespace", namespace_objects(site)),
        ("name", account_objects(site)),
        ("database.embedded", database_objects(site)),
        ("cache.embedded", cache_objects(site)),
        ("storage.volume", storage_objects(site)),
        ("api", api_objects(site)),
        ("content", content_objects(site)),
        ("worker", worker_objects(site)),
        ("web", web_objects(site)),
        ("exposure", exposure_objects(site)),
        ("disruption_budget", budget_objects(site)),
        ("autoscale", autoscaler_objects(site)),
        ("network_policies", policy_objects(site)),
        ("replica", replica_objects(site)),
    ]
    if site.deployable and site.spec.database:
        # A Job's name holds a hash of its template, so a layer's would be deleted again by every overlay on it.
        made += [
            ("pulp", migration_objects(site, config_maps)),
            ("pulp", admin_objects(site, config_maps)),
            ("pulp", fields_key_objects(site, config_maps)),
            ("signing", signing_objects(site, config_maps)),
            ("replica", replica_jobs(site, config_maps)),
        ]
    for spec_key, objects in made:
        for obj in objects:
            # Budgets and autoscalers are keys of each role.
            role = obj["metadata"]["labels"].get("app.kubernetes.io/component", "")
            yield (f"{role}.{spec_key}" if spec_key in ("disruption_budget", "autoscale") else spec_key), obj


_FILE_KEYS = {
    "settings.py": "pulp.settings",
    "nginx.conf": "exposure",
    "replica.json": "replica",
    "services.json": "signing",
}


def _config_maps(site: Site) -> list[GeneratedConfigMap]:
    return [
        *process_config_maps(site),
        *job_config_maps(site),
        *web_config_maps(site),
        *database_config_maps(site),
        *cache_config_maps(site),
        *replica_config_maps(site),
        *signing_config_maps(site),
    ]


_KINDS = (
    "Namespace",
    "ServiceAccount",
    "NetworkPolicy",
    "PersistentVolumeClaim",
    "StatefulSet",
    "Deployment",
    "Job",
    "CronJob",
    "Service",
    "Ingress",
    "PodDisruptionBudget",
    "HorizontalPodAutoscaler",
)


def _order(obj: Object) -> tuple[int, str]:
    return (_KINDS.index(obj["kind"]), obj["metadata"]["name"])


def _requirements(site: Site, objects: Sequence[Object]) -> Requirements:
    """What the workloads mount, with who mounts it."""
    if not site.deployable:
        return Requirements()
    consumers: dict[str, list[str]] = {}
    by_part: dict[str, list[str]] = {}
    for obj in objects:
        if obj["kind"] in _WORKLOADS:
            for name in mounted(pod_spec(obj)):
                consumers.setdefault(name, []).append(_consumer(obj))
            for volume in pod_spec(obj).get("volumes", ()):
                by_part.setdefault(site.name(volume["name"]), []).append(_consumer(obj))
    _refuse_unmounted(site, by_part)
    secrets = catalogue(site)
    _refuse_ours(site, {name for name in secrets if name in consumers})
    return Requirements(
        secrets=tuple(
            replace(secrets[name], consumers=tuple(sorted(consumers[name])))
            for name in sorted(secrets)
            if name in consumers
        ),
        trust=tuple(
            replace(bundle, consumers=tuple(sorted(consumers[bundle.name])))
            for bundle in trust_bundles(site)
            if bundle.name in consumers
        ),
        existing=tuple(
            replace(one, consumers=tuple(sorted(by_part.get(one.instead, ()))))
            for one in existing(site)
            if not one.instead or one.instead in by_part
        ),
    )


def _refuse_unmounted(site: Site, by_part: Mapping[str, Sequence[str]]) -> None:
    """Refuse an existing Secret that would be named in vain: whoever named it thinks that it is used.

    Raises:
        CompilerError: no pod mounts it.
    """
    for part in sorted(site.spec.secrets.existing):
        if site.name(part) not in by_part:
            used = sorted(one for one in parts(site.spec) if site.name(one) in by_part)
            raise CompilerError(
                f"no pod of this installation mounts {site.name(part)}",
                origin=Origin("", field=f"secrets.existing.{part}"),
                hint=f"take it out; what is mounted: {', '.join(used)}",
            )


def _refuse_ours(site: Site, ours: Collection[str]) -> None:
    """Refuse a Secret of ours where somebody else's is named: it holds our keys, not those that would be read.

    Args:
        site: the installation.
        ours: names of the Secrets that are made here.

    Raises:
        CompilerError: one is named.
    """
    named = [(theirs.name, theirs.name_key) for part in parts(site.spec) if (theirs := foreign(site, part)) is not None]
    pulled = site.spec.pulp.image_pull_secrets
    named += [(name, f"pulp.image_pull_secrets[{index}]") for index, name in enumerate(pulled)]
    for name, key in named:
        if name in ours:
            raise CompilerError(
                f"{name} is a Secret of this installation itself, with keys of its own",
                origin=Origin("", field=key),
                hint="name a Secret that somebody else makes",
            )


def _consumer(obj: Object) -> str:
    """``Kind/name``; a Job without its hash, which would otherwise change the inventory whenever a setting does."""
    name = str(obj["metadata"]["name"])
    return f"{obj['kind']}/{name.rpartition('-')[0] if obj['kind'] == 'Job' else name}"


def pod_spec(obj: Object) -> dict[str, Any]:
    """The pod spec inside a workload."""
    spec = obj["spec"]
    template = spec["jobTemplate"]["spec"]["template"] if obj["kind"] == "CronJob" else spec["template"]
    found: dict[str, Any] = template["spec"]
    return found


def mounted(spec: Mapping[str, Any]) -> set[str]:
    """The names of the Secrets and ConfigMaps among a pod's volumes."""
    names: set[str] = set()
    for volume in spec.get("volumes", ()):
        if "secret" in volume:
            names.add(volume["secret"]["secretName"])
        if "configMap" in volume:
            names.add(volume["configMap"]["name"])
    return names
