"""How clients reach web: its Service and, when asked for, an Ingress."""

from __future__ import annotations

from typing import Any

from compiler.pulp.provenance import From
from compiler.pulp.site import WEB_PORT, Site, manifest, selector


def exposure_objects(site: Site) -> list[dict[str, Any]]:
    """``<name>-web-svc`` always, ``Ingress/<name>`` when the spec asks for one."""
    found = [_service(site)]
    if site.spec.exposure and site.spec.exposure.ingress:
        found.append(_ingress(site))
    return found


def _service(site: Site) -> dict[str, Any]:
    exposure = site.spec.exposure
    container_port = site.web_container_port
    port: dict[str, Any] = {
        "name": f"web-{container_port}",
        "port": WEB_PORT,
        "protocol": "TCP",
        "targetPort": "web",
    }
    kind: Any = "ClusterIP"
    annotations: dict[str, Any] | None = None
    policy: Any = None
    if exposure and exposure.node_port:
        kind = From("exposure.node_port", "NodePort")
        port["nodePort"] = From("exposure.node_port.port", exposure.node_port.port)
    elif exposure and exposure.load_balancer:
        kind = From("exposure.load_balancer", "LoadBalancer")
        # The public URL has no port, so the load balancer's is 443.
        port["port"] = 443
        key = "exposure.load_balancer.annotations"
        annotations = {name: From(key, value) for name, value in exposure.load_balancer.annotations.items()} or None
        # Only nodes with a pod answer, and nginx sees the clients' own addresses.
        policy = "Local"
    body = {
        "type": kind,
        "externalTrafficPolicy": policy,
        "selector": selector(site, "web"),
        "ports": [port],
    }
    return manifest(site, "v1", "Service", site.service("web"), "web", annotations=annotations, spec=body)


def ingress_secret(site: Site) -> str | None:
    """The Secret of the Ingress' certificate: the one that exists, or the one that cert-manager fills."""
    exposure = site.spec.exposure
    tls = exposure.ingress.tls if exposure and exposure.ingress else None
    if tls and tls.secret:
        return tls.secret
    return site.name("ingress-tls") if tls and tls.issuer else None


def _ingress(site: Site) -> dict[str, Any]:
    spec = site.spec
    ingress = spec.exposure.ingress if spec.exposure else None
    assert ingress is not None  # noqa: S101 - the caller looked
    annotations: dict[str, Any] = {}
    if ingress.class_name == "nginx":
        annotations |= {
            "nginx.ingress.kubernetes.io/proxy-body-size": From("web.max_body_size", spec.web.max_body_size),
            "nginx.ingress.kubernetes.io/proxy-read-timeout": "300",
            "nginx.ingress.kubernetes.io/proxy-request-buffering": "off",
            "nginx.ingress.kubernetes.io/proxy-send-timeout": "300",
        }
        if site.web_tls:
            # One for the community's controller, one for F5's; each ignores the other's.
            annotations["nginx.ingress.kubernetes.io/backend-protocol"] = From("tls.internal", "HTTPS")
            annotations["nginx.org/ssl-services"] = From("tls.internal", site.service("web"))
    if ingress.tls and ingress.tls.issuer:
        annotations["cert-manager.io/cluster-issuer"] = From("exposure.ingress.tls.issuer", ingress.tls.issuer)
    annotations |= {key: From("exposure.ingress.annotations", value) for key, value in ingress.annotations.items()}
    host = From("host", spec.host)
    secret = From("exposure.ingress.tls", ingress_secret(site))
    backend = {"service": {"name": site.service("web"), "port": {"number": WEB_PORT}}}
    body = {
        "ingressClassName": From("exposure.ingress.class", ingress.class_name),
        "rules": [{"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}],
        # Without a Secret the controller serves the certificate it has, but it does serve TLS for the host.
        "tls": [{"hosts": [host], "secretName": secret}] if spec.host else None,
    }
    return manifest(
        site, "networking.k8s.io/v1", "Ingress", site.spec.name, "web", annotations=annotations or None, spec=body
    )
