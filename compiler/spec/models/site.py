"""The whole spec, and the parts that make an installation reachable, closed, replicated and delivered."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from compiler.spec.models.authentication import Authentication
from compiler.spec.models.backing import Cache, Database, Storage
from compiler.spec.models.common import DnsLabel, Hostname, SecretName, Section, ServiceName
from compiler.spec.models.pulp import Images, Pulp
from compiler.spec.models.secrets import Secrets
from compiler.spec.models.signing import Signing
from compiler.spec.models.workload import Api, Content, Web, Worker


class Namespace(Section):
    """The namespace; a plain string is short for ``{name: …}``."""

    name: Annotated[DnsLabel, Field(examples=["pulp"])]
    """Name."""
    create: bool = False
    """Emit the Namespace object too (needs rights beyond the namespace)."""

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value


class IngressTls(Section):
    """TLS at the Ingress: exactly one of ``issuer`` and ``secret``."""

    issuer: Annotated[SecretName | None, Field(examples=["letsencrypt"])] = None
    """cert-manager ClusterIssuer that fills ``<name>-ingress-tls``."""
    secret: Annotated[SecretName | None, Field(examples=["pulp-tls"])] = None
    """An existing ``kubernetes.io/tls`` Secret."""


class Ingress(Section):
    """An Ingress in front of web."""

    class_name: Annotated[SecretName | None, Field(alias="class", examples=["nginx"])] = None
    """IngressClass; the cluster's default when absent."""
    tls: IngressTls | None = None
    """TLS; without it the Ingress serves the certificate its controller has."""
    annotations: Annotated[dict[str, str], Field(examples=[{"nginx.ingress.kubernetes.io/proxy-body-size": "0"}])] = {}
    """Extra annotations, merged last."""
    controller_namespace: Annotated[DnsLabel, Field(examples=["ingress-nginx"])] = "ingress-nginx"
    """Namespace of the controller, for the NetworkPolicy; must be said with another class than ``nginx``."""


class NodePort(Section):
    """A NodePort Service in front of web, which then serves TLS itself."""

    port: Annotated[int | None, Field(ge=30000, le=32767, examples=[30443])] = None
    """Port on every node; chosen by the cluster when absent."""


class LoadBalancer(Section):
    """A LoadBalancer Service in front of web, which then serves TLS itself."""

    annotations: Annotated[dict[str, str], Field(examples=[{"metallb.io/address-pool": "public"}])] = {}
    """Annotations on the Service."""


class Exposure(Section):
    """How clients reach it: at most one."""

    ingress: Ingress | None = None
    """Through an Ingress."""
    node_port: NodePort | None = None
    """Through a port of every node."""
    load_balancer: LoadBalancer | None = None
    """Through a load balancer."""
    api: bool = True
    """Whether the REST API is reachable from outside; a replica exposes content only."""


class Upstream(Section):
    """The centre that a replica follows."""

    url: Annotated[str, Field(pattern=r"^https://", examples=["https://pulp.example.com"])]
    """Scheme, host and optional port of the centre."""
    api_root: Annotated[str, Field(pattern=r"^/([A-Za-z0-9._~-]+/)*$", examples=["/pulp/"])] = "/pulp/"
    """API_ROOT of the centre."""
    domain: Annotated[str | None, Field(pattern=r"^[-A-Za-z0-9_]+$", max_length=50, examples=["default"])] = None
    """Domain at the centre."""
    ca: Annotated[str | None, Field(examples=["-----BEGIN CERTIFICATE-----\n…"])] = None
    """PEM of the CA of the centre's certificate; the image's public CAs when absent."""
    cidrs: Annotated[list[str], Field(examples=[["203.0.113.0/24"]])] = []
    """Addresses of the centre, and of the bucket that it sends clients to, for the egress NetworkPolicy; anywhere on
    the centre's port when empty."""


class Replica(Section):
    """A point of presence: what is replicated from the centre, and when."""

    upstream: Upstream | None = None
    """The centre."""
    labels: Annotated[dict[str, str], Field(examples=[{"pop": "ams"}])] = {}
    """Only distributions that carry all of these labels at the centre; all of them when empty."""
    policy: Literal["all", "labeled", "nodelete"] = "nodelete"
    """What a replication may delete here. ``nodelete`` survives a centre that shows nothing."""
    download: Literal["immediate", "on_demand", "streamed"] = "immediate"
    """Download policy of the replicated remotes."""
    schedule: Annotated[str | None, Field(examples=["17 * * * *"])] = None
    """Cron schedule; hourly at a minute derived from the host when absent, so that PoPs spread."""
    deadline: Annotated[int, Field(ge=60, examples=[3600])] = 3600
    """Seconds after which one replication is given up (activeDeadlineSeconds)."""


class Tls(Section):
    """TLS between the parts."""

    internal: Literal["mutual", "server", "off"] = "mutual"
    """``mutual``: every connection is TLS with certificates on both sides; ``server``: the database and the cache
    prove who they are, api and content speak plain HTTP to web; ``off``: no TLS inside the namespace."""


class NetworkPolicies(Section):
    """Default deny, and what must pass."""

    enabled: bool = True
    """Emit NetworkPolicies."""
    sync_cidrs: Annotated[list[str], Field(examples=[["0.0.0.0/0"]])] = ["0.0.0.0/0", "::/0"]
    """Where workers may fetch from (ports 80 and 443)."""
    except_cidrs: Annotated[list[str], Field(examples=[["10.42.0.0/16", "10.43.0.0/16"]])] = []
    """What a wider block of any ``cidrs``, or their default, does not open: the cluster's own pods and Services, which
    "anywhere" would include. A block that is one of them, or lies inside, is opened all the same, since it names it."""
    monitoring_namespace: Annotated[DnsLabel | None, Field(examples=["monitoring"])] = None
    """A namespace whose pods may reach the api's and content's status."""


class Argocd(Section):
    """Argo CD objects."""

    repo: Annotated[str, Field(examples=["https://git.example.com/acme/pulp.git"])]
    """Git URL of this repository."""
    revision: Annotated[str, Field(pattern=r"^\S(.*\S)?$", examples=["main"])] = "main"
    """Branch, tag or commit."""
    namespace: DnsLabel = "argocd"
    """Namespace of Argo CD."""
    cluster: Annotated[str, Field(pattern=r"^https?://", examples=["https://kubernetes.default.svc"])] = (
        "https://kubernetes.default.svc"
    )
    """API server of the destination."""
    prune: bool = True
    """Delete what has left Git."""
    self_heal: bool = True
    """Undo changes made in the cluster."""


class Flux(Section):
    """Flux objects."""

    repo: Annotated[str, Field(examples=["ssh://git@git.example.com/acme/pulp.git"])]
    """Git URL of this repository."""
    revision: Annotated[str, Field(pattern=r"^[^-\s~^:?*\[\\][^\s~^:?*\[\\]*$", examples=["main"])] = "main"
    """Branch."""
    namespace: DnsLabel = "flux-system"
    """Namespace of Flux's objects."""
    interval: Annotated[
        str, Field(pattern=r"^([0-9]+(h|m|s))*[0-9]*[1-9][0-9]*(h|m|s)([0-9]+(h|m|s))*$", examples=["10m"])
    ] = "10m"
    """How often Flux reconciles."""
    prune: bool = True
    """Delete what has left Git."""
    decryption_secret: SecretName = "sops-age"
    """Secret in Flux's namespace that holds the cluster's age identity (a key ending in ``.agekey``)."""
    git_secret: Annotated[SecretName | None, Field(examples=["git-credentials"])] = None
    """Secret with the Git credentials."""
    service_account: Annotated[ServiceName | None, Field(examples=["pulp-applier"])] = None
    """ServiceAccount in Flux's namespace that applies the overlay, made beside Flux's objects with a Role in the
    overlay's namespace for exactly its kinds; Flux's own rights when absent."""


class Delivery(Section):
    """What applies the overlay: at most one."""

    argocd: Argocd | None = None
    """Argo CD."""
    flux: Flux | None = None
    """Flux."""


class Spec(Section):
    """The effective spec: every layer merged, defaults filled in."""

    name: Annotated[ServiceName, Field(examples=["pulp"])] = "pulp"
    """Name of the installation; object names begin with it."""
    abstract: bool = False
    """A layer to build on, rendered and compared but not deployed."""
    environment: Literal["demo", "production", "replica"] | None = None
    """Which set of defaults holds."""
    namespace: Namespace | None = None
    """Where it runs."""
    host: Annotated[Hostname | None, Field(examples=["pulp.example.com"])] = None
    """Public host name."""
    kubernetes_version: Annotated[str, Field(pattern=r"^1\.[0-9]+$", examples=["1.33"])] = "1.33"
    """Version of the cluster, for the schemas that `check` uses."""
    labels: Annotated[dict[str, str], Field(examples=[{"team": "content"}])] = {}
    """Extra labels on every object."""
    pulp: Pulp
    """The application."""
    images: Images = Images()
    """Images, when they are not the published ones."""
    api: Api = Api()
    """The REST API."""
    content: Content = Content()
    """The content app."""
    worker: Worker = Worker()
    """The task workers."""
    web: Web = Web()
    """The reverse proxy."""
    database: Database | None = None
    """PostgreSQL."""
    cache: Cache | None = None
    """Redis."""
    storage: Storage | None = None
    """Artifacts."""
    exposure: Exposure | None = None
    """How clients reach it."""
    replica: Replica | None = None
    """Replication from a centre."""
    authentication: Authentication = Authentication()
    """Who may log in."""
    signing: Signing | None = None
    """Signing of repositories and content."""
    tls: Tls = Tls()
    """TLS between the parts."""
    network_policies: NetworkPolicies = NetworkPolicies()
    """Who may talk to whom."""
    secrets: Secrets = Secrets()
    """Sealing."""
    delivery: Delivery | None = None
    """Argo CD or Flux."""
