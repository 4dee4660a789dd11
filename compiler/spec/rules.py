"""Rules across fields: what each key allows by itself, but not beside the others.

An overlay is deployable when it names an environment and is not abstract; only then must its choices be complete.
"""

from __future__ import annotations

import re
import urllib.parse

from compiler.errors import CompilerError
from compiler.k8s.versions import SUPPORTED_KUBERNETES
from compiler.spec.authentication import check_authentication
from compiler.spec.delivery import check_delivery
from compiler.spec.existing import check_existing
from compiler.spec.fields import check_fields
from compiler.spec.groups import GROUPS
from compiler.spec.labels import check_labels
from compiler.spec.models import Spec, Workload
from compiler.spec.node import Node, Path, find
from compiler.spec.reader import shorten
from compiler.spec.resources import check_resources
from compiler.spec.settings import check_settings
from compiler.spec.signing import check_signing
from compiler.spec.urls import check_urls
from compiler.spec.wrong import Wrong

MINIMUM_PULP = (3, 70)
"""``STORAGES``, the only form since 3.85, is understood from 3.70 on (``reference/pulp.md`` §0)."""

MINIMUM_REPLICA = (3, 73)
"""``UpstreamPulp.policy``, without which a replication may delete everything, came with 3.73."""

ROLES = ("api", "content", "worker", "web")
_STORAGE_ROLES = ("api", "content", "worker")
_PULP_LABEL = re.compile(r"[A-Za-z0-9_.-]+\Z")
_CHOICES = {
    "database": "`external: {host: …}` for one that exists, `embedded: {}` to run one here",
    "cache": "`external: {host: …}` for one that exists, `embedded: {}` to run one here, `disabled: true` for none",
    "storage": "`s3: {bucket: …}`, `volume: {size: …}` or `claim: {name: …}`",
}


def check(spec: Spec, node: Node) -> tuple[CompilerError, ...]:
    """Everything that is wrong between the fields of ``spec``, each with its place in the merged layers ``node``."""
    wrong = Wrong(node)
    _versions(spec, wrong)
    _scaling(spec, wrong)
    _storage(spec, wrong)
    _replica(spec, wrong)
    _secrets(spec, wrong)
    if spec.environment is not None and not spec.abstract:
        _complete(spec, wrong)
        _controller(spec, wrong)
    elif spec.environment is None and spec.namespace is not None and not spec.abstract:
        wrong.add(
            "a namespace, but no environment",
            ("namespace",),
            hint="say `environment: demo`, `production` or `replica`; a layer to build on leaves the namespace out",
        )
    check_authentication(spec, wrong)
    check_delivery(spec, wrong)
    check_existing(spec, wrong)
    check_signing(spec, wrong)
    check_settings(spec, wrong)
    check_fields(spec, wrong)
    check_labels(spec, wrong)
    check_resources(spec, wrong)
    check_urls(spec, wrong)
    return tuple(wrong.errors)


def _versions(spec: Spec, wrong: Wrong) -> None:
    if spec.kubernetes_version not in SUPPORTED_KUBERNETES:
        wrong.add(
            f"Kubernetes {spec.kubernetes_version} is not supported, only {SUPPORTED_KUBERNETES[0]} "
            f"to {SUPPORTED_KUBERNETES[-1]}",
            ("kubernetes_version",),
        )
    version = tuple(int(part) for part in spec.pulp.version.split(".")[:2])
    if version < MINIMUM_PULP:
        wrong.add(
            f"Pulp {spec.pulp.version} is too old: 3.70 is the first that understands STORAGES", ("pulp", "version")
        )
    elif spec.environment == "replica" and version < MINIMUM_REPLICA:
        wrong.add(
            f"Pulp {spec.pulp.version} cannot be a replica: 3.73 is the first with a replication policy",
            ("pulp", "version"),
        )


def _scaling(spec: Spec, wrong: Wrong) -> None:
    for role in ROLES:
        workload: Workload = getattr(spec, role)
        scale = workload.autoscale
        if scale is not None and scale.min > scale.max:
            wrong.add(
                f"min ({scale.min}) is more than max ({scale.max})",
                (role, "autoscale", "min"),
                (role, "autoscale", "max"),
            )
        fewest = scale.min if scale is not None else workload.replicas
        budget = workload.disruption_budget
        if isinstance(budget, int) and 1 < fewest <= budget:
            wrong.add(
                f"a budget of {budget} lets every one of {fewest} pods be evicted at once",
                (role, "disruption_budget"),
                hint=f"{fewest - 1} at most, or `off` for no budget",
            )


def _storage(spec: Spec, wrong: Wrong) -> None:
    storage = spec.storage
    if storage is None:
        return
    kind, chosen = ("volume", storage.volume) if storage.volume else ("claim", storage.claim)
    if chosen is not None and chosen.access_mode == "ReadWriteOnce":
        for role in _STORAGE_ROLES:
            workload: Workload = getattr(spec, role)
            scaled = workload.autoscale is not None
            pods = workload.autoscale.max if workload.autoscale is not None else workload.replicas
            if pods > 1:
                place: Path = (role, "autoscale", "max") if scaled else (role, "replicas")
                wrong.add(
                    f"ReadWriteOnce storage allows one pod of each role, and {role} may have {pods}",
                    place,
                    ("storage", kind, "access_mode"),
                    hint=f"use ReadWriteMany or s3, or `{role}: {{replicas: 1}}`",
                )
    s3 = storage.s3
    if s3 is not None and s3.credentials == "workload-identity" and s3.secret is not None:
        wrong.add("workload identity needs no secret", ("storage", "s3", "secret"))


def _replica(spec: Spec, wrong: Wrong) -> None:
    if spec.replica is None:
        return
    if spec.environment != "replica":
        wrong.add("only `environment: replica` replicates", ("replica",), hint="set the environment, or remove this")
    for label, value in spec.replica.labels.items():
        if not _PULP_LABEL.match(label) or not _PULP_LABEL.match(value):
            wrong.add(
                "Pulp's label filter takes letters, digits, dashes, dots and underscores",
                ("replica", "labels", label),
            )
    upstream = spec.replica.upstream
    if upstream is not None and spec.host is not None:
        centre = urllib.parse.urlsplit(upstream.url).hostname
        if centre == spec.host:
            wrong.add("a replica cannot follow itself: this is its own host", ("replica", "upstream", "url"))


def _secrets(spec: Spec, wrong: Wrong) -> None:
    secrets = spec.secrets
    argocd = spec.delivery is not None and spec.delivery.argocd is not None
    if secrets.backend == "sops" and argocd:
        wrong.add(
            "Argo CD does not open sops files",
            ("secrets", "backend"),
            hint="leave it out (sealed-secrets), or `ksops` when your Argo CD has KSOPS",
        )
    if secrets.backend == "ksops" and not argocd:
        wrong.add(
            "KSOPS is a plugin of Argo CD, which does not deliver this", ("secrets", "backend"), hint="use `sops`"
        )
    if secrets.backend == "external-secrets" and secrets.external_secrets is None:
        wrong.add(
            "external-secrets needs a store",
            ("secrets", "backend"),
            hint="for example `external_secrets: {store: vault, prefix: pulp/prod}`",
        )
    if secrets.external_secrets is not None and secrets.backend not in (None, "external-secrets"):
        wrong.add(f"the backend is {secrets.backend}, so no store is read", ("secrets", "external_secrets"))
    issuers = secrets.cert_manager
    if int(issuers.renew_before[:-1]) >= int(issuers.duration[:-1]):
        wrong.add(
            f"renewing {issuers.renew_before} before the end of {issuers.duration} would never stop",
            ("secrets", "cert_manager", "renew_before"),
            ("secrets", "cert_manager", "duration"),
        )
    if issuers.issuer is not None and issuers.issuer == issuers.upstream_issuer:
        wrong.add(
            "api and content accept every certificate of this issuer, so it must sign nothing else",
            ("secrets", "cert_manager", "upstream_issuer"),
        )


def _complete(spec: Spec, wrong: Wrong) -> None:
    if spec.namespace is None:
        wrong.add("a namespace is required", ("namespace",), ("environment",), hint="for example `namespace: pulp`")
    for section, hint in _CHOICES.items():
        members = GROUPS[section,]
        chosen = getattr(spec, section)
        if chosen is not None and any(getattr(chosen, member) is not None for member in members):
            continue
        empty = next((name for name in members if _empty(wrong.node, (section, name))), None)
        if empty is not None:
            hint = f"`{empty}:` without a value is null, which removes; write `{empty}: {{}}` to choose it"
        wrong.add(
            f"one of {', '.join(f'{section}.{member}' for member in members)} is required",
            *([(section, empty)] if empty else []),
            (section,),
            ("environment",),
            hint=hint,
        )
    if spec.host is None and (_exposed(spec) or spec.environment == "replica"):
        wrong.add(
            "a host is required",
            ("host",),
            *((("exposure",),) if _exposed(spec) else ()),
            ("environment",),
            hint="the public name, for example `host: pulp.example.com`",
        )
    if spec.environment == "replica" and (spec.replica is None or spec.replica.upstream is None):
        wrong.add(
            "a replica needs replica.upstream.url",
            ("replica", "upstream"),
            ("replica",),
            ("environment",),
            hint='for example `replica: {upstream: {url: "https://pulp.example.com"}}`',
        )
    if spec.exposure is not None and spec.exposure.ingress is not None and spec.exposure.ingress.tls is not None:
        tls = spec.exposure.ingress.tls
        if tls.issuer is None and tls.secret is None:
            wrong.add("one of tls.issuer, tls.secret is required", ("exposure", "ingress", "tls"))


def _controller(spec: Spec, wrong: Wrong) -> None:
    """The default of ``controller_namespace`` is right for nginx alone; a wrong one shuts the controller out."""
    ingress = spec.exposure.ingress if spec.exposure is not None else None
    if (
        ingress is not None
        and ingress.class_name not in (None, "nginx")
        and "controller_namespace" not in ingress.model_fields_set
        and spec.network_policies.enabled
    ):
        wrong.add(
            f"in which namespace does the controller of {shorten(str(ingress.class_name))} run? Only its pods may "
            "reach web, and the default is that of nginx",
            ("exposure", "ingress", "class"),
            hint="say exposure.ingress.controller_namespace, for example `traefik`",
        )


def _exposed(spec: Spec) -> bool:
    exposure = spec.exposure
    return exposure is not None and bool(exposure.ingress or exposure.node_port or exposure.load_balancer)


def _empty(node: Node, path: Path) -> bool:
    """Whether a layer itself wrote the key at ``path`` without a value (rather than a sibling having displaced it)."""
    found = find(node, path)
    return found is not None and found.value is None and found.mark != found.key
