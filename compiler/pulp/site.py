"""One installation: the effective spec, and what every part derives from it (names, addresses, versions)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from compiler.errors import CompilerError
from compiler.pulp.provenance import From
from compiler.spec.models import Spec, Workload

API_PORT = 24817
CONTENT_PORT = 24816
WEB_PORT = 24880
DATABASE_PORT = 5432
CACHE_PORT = 6379


@dataclass(frozen=True)
class Site:
    """The spec of one installation, or of a layer that several share.

    Args:
        spec: the effective spec.
        generations: name of a Secret or of the trust ConfigMap -> counter; absent means 1.
        reencrypting: Secrets with a new database-field key that every pod writes with, so that what the old one wrote
            is to be encrypted anew.
    """

    spec: Spec
    generations: Mapping[str, int] = field(default_factory=dict)
    reencrypting: frozenset[str] = frozenset()

    def name(self, part: str) -> str:
        """The operator's name of a part, e.g. ``pulp-api`` (``reference/pulp.md`` §2.1)."""
        return f"{self.spec.name}-{part}"

    def service(self, part: str) -> str:
        """The Service of a part. The suffix keeps Docker-style service variables away from Pulp's own settings."""
        return f"{self.spec.name}-{part}-svc"

    @property
    def namespace(self) -> str | None:
        """The namespace, or ``None`` in a layer."""
        return self.spec.namespace.name if self.spec.namespace else None

    def service_names(self, part: str) -> tuple[str, ...]:
        """Every DNS name of a Service, from the short one to the fully qualified one."""
        service = self.service(part)
        if self.namespace is None:
            return (service,)
        return (
            service,
            f"{service}.{self.namespace}",
            f"{service}.{self.namespace}.svc",
            f"{service}.{self.namespace}.svc.cluster.local",
        )

    @property
    def deployable(self) -> bool:
        """Whether this is an installation rather than a layer to build on."""
        return not self.spec.abstract and self.namespace is not None

    # -- versions ---------------------------------------------------------------------------------------------

    @cached_property
    def pulp_version(self) -> tuple[int, ...]:
        """pulpcore's version. A tag like ``3.85`` moves, so its patch level counts as the newest."""
        parts = tuple(int(part) for part in self.spec.pulp.version.split("."))
        return parts if len(parts) == 3 else (*parts, 9999)

    @cached_property
    def kubernetes_version(self) -> tuple[int, ...]:
        """The cluster's version."""
        return tuple(int(part) for part in self.spec.kubernetes_version.split("."))

    # -- TLS --------------------------------------------------------------------------------------------------

    @property
    def mutual(self) -> bool:
        """Whether both sides of every internal connection present a certificate."""
        return self.spec.tls.internal == "mutual"

    @property
    def encrypted(self) -> bool:
        """Whether internal connections are TLS at all."""
        return self.spec.tls.internal != "off"

    @property
    def web_tls(self) -> bool:
        """Whether web itself serves TLS.

        It does whenever clients reach it directly, and otherwise unless internal TLS is off. Only for the two NGINX
        Ingress controllers do we know how to say that the backend speaks TLS, so another class gets plain HTTP from
        web, whose NetworkPolicy admits nobody but that controller.
        """
        exposure = self.spec.exposure
        if exposure and (exposure.node_port or exposure.load_balancer):
            return True
        if exposure and exposure.ingress and exposure.ingress.class_name != "nginx":
            return False
        return self.encrypted

    @property
    def web_container_port(self) -> int:
        """Where nginx listens: 8443 for TLS, 8080 for plain HTTP (both above 1024: it is not root)."""
        return 8443 if self.web_tls else 8080

    # -- addresses --------------------------------------------------------------------------------------------

    @property
    def api_root(self) -> str:
        """``API_ROOT``: begins and ends with a slash."""
        return self._path_setting("API_ROOT", "/pulp/")

    @property
    def content_prefix(self) -> str:
        """``CONTENT_PATH_PREFIX``: begins and ends with a slash."""
        return self._path_setting("CONTENT_PATH_PREFIX", "/pulp/content/")

    def _path_setting(self, name: str, default: str) -> str:
        value = self.spec.pulp.settings.get(name, default)
        if not isinstance(value, str) or not re.fullmatch(r"/([A-Za-z0-9._~-]+/)*", value):
            raise CompilerError(
                f"pulp.settings.{name} must be a path that begins and ends with '/', such as {default!r}",
                hint="letters, digits, '.', '_', '~' and '-' may stand between the slashes",
            )
        return value

    @property
    def api_exposed(self) -> bool:
        """Whether the REST API is reachable through web."""
        return self.spec.exposure is None or self.spec.exposure.api

    @property
    def public_url(self) -> str | None:
        """Scheme, host and port under which clients reach web, without a trailing slash.

        ``None`` where it is not known: in a layer without a host, or when the cluster picks the node port.
        """
        spec = self.spec
        exposure = spec.exposure
        if exposure and exposure.node_port:
            if not spec.host or exposure.node_port.port is None:
                return None
            return f"https://{spec.host}:{exposure.node_port.port}"
        if spec.host:
            return f"https://{spec.host}"
        if self.deployable:
            scheme = "https" if self.web_tls else "http"
            return f"{scheme}://{self.service_names('web')[2]}:{WEB_PORT}"
        return None

    # -- roles ------------------------------------------------------------------------------------------------

    def role(self, component: str) -> Workload:
        """The spec's section of a role (``api``, ``content``, ``worker`` or ``web``)."""
        role = getattr(self.spec, component)
        assert isinstance(role, Workload)  # noqa: S101 - a bug, not input
        return role

    def plugin(self, name: str) -> bool:
        """Whether a plugin is in use."""
        return name in self.spec.pulp.plugins

    @property
    def uses_volume(self) -> bool:
        """Whether artifacts are files on a volume."""
        return bool(self.spec.storage and (self.spec.storage.volume or self.spec.storage.claim))

    @property
    def one_node(self) -> bool:
        """Whether api, content and worker must share a node, because only one node can mount their volume."""
        storage = self.spec.storage
        volume = (storage.volume or storage.claim) if storage else None
        return bool(volume and volume.access_mode == "ReadWriteOnce")


MANAGED_BY = "pulp-gitops-compiler"


def selector(site: Site, component: str) -> dict[str, str]:
    """The labels that select the pods of a component; they never change, since selectors are immutable."""
    return {
        "app.kubernetes.io/component": component,
        "app.kubernetes.io/instance": site.spec.name,
        "app.kubernetes.io/name": "pulp",
    }


def labels(site: Site, component: str | None = None) -> dict[str, str]:
    """The labels of an object, the person's among them (ours win)."""
    own = {
        "app.kubernetes.io/instance": site.spec.name,
        "app.kubernetes.io/managed-by": MANAGED_BY,
        "app.kubernetes.io/name": "pulp",
        "app.kubernetes.io/part-of": "pulp",
    }
    if component:
        own |= selector(site, component)
    return dict(sorted({**site.spec.labels, **own}.items()))


def manifest(
    site: Site,
    api_version: str,
    kind: str,
    name: str,
    component: str | None = None,
    *,
    annotations: Mapping[str, Any] | None = None,
    namespaced: bool = True,
    **body: Any,
) -> dict[str, Any]:
    """An object with our metadata; ``body`` holds its other top-level fields (``spec``, ``data``, …)."""
    metadata: dict[str, Any] = {"name": name}
    if namespaced:
        metadata["namespace"] = From("namespace.name", site.namespace)
    own = labels(site, component)
    theirs = site.spec.labels
    metadata["labels"] = {
        key: From("labels", value) if key in theirs and theirs[key] == value else value for key, value in own.items()
    }
    metadata["annotations"] = dict(sorted(annotations.items())) if annotations else None
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **body}
