"""One-of groups: sections of which a spec chooses one member, as data."""

from __future__ import annotations

from compiler.spec.node import Path

GROUPS: dict[Path, tuple[str, ...]] = {
    ("database",): ("embedded", "external"),
    ("cache",): ("embedded", "external", "disabled"),
    ("storage",): ("volume", "claim", "s3"),
    ("exposure",): ("ingress", "node_port", "load_balancer"),
    ("exposure", "ingress", "tls"): ("issuer", "secret"),
    ("authentication", "sso"): ("keycloak", "oidc"),
    ("delivery",): ("argocd", "flux"),
}
"""Path of the section to the keys of which at most one may be set."""
