"""web: routes, nginx.conf, and how clients reach it."""

from __future__ import annotations

import re

import pytest

from compiler.pulp.model import build_model
from compiler.pulp.routes import routes
from compiler.pulp.site import Site
from tests.pulp.support import build, container, example, file, has, one, production, spec


def conf(made) -> str:  # type: ignore[no-untyped-def]
    return file(made, "pulp-nginx", "nginx.conf")


def location(text: str, prefix: str) -> str:
    """The body of a location."""
    found = re.search(rf"location {re.escape(prefix)} \{{\n(.*?)\n        \}}", text, re.DOTALL)
    assert found, prefix
    return found[1]


def test_routes_come_longest_prefix_first_with_the_plugins_own() -> None:
    found = routes(Site(spec(pulp={"plugins": ["python", "container", "file"]})))
    prefixes = [route.prefix for route in found]
    assert prefixes == sorted(prefixes, key=lambda prefix: (-len(prefix), prefix))
    backends = {route.prefix: route.backend for route in found}
    assert backends == {
        "/": "api",
        "/auth/login/": "api",
        "/extensions/v2/": "api",
        "/pulp/api/": "api",
        "/pulp/container/": "content",
        "/pulp/content/": "content",
        "/pypi/": "api",
        "/token/": "api",
        "/v2/": "api",
    }


def test_a_replica_serves_content_and_hides_its_api() -> None:
    text = conf(build_model(example("overlays/pop-ams")))
    assert location(text, "/pulp/api/").strip() == "return 404;"
    assert location(text, "/").strip() == "return 404;"
    assert "/auth/login/" not in text
    assert "proxy_pass https://pulp-content;" in location(text, "/pulp/content/")
    for prefix in ("/v2/", "/token/"):
        assert "limit_except GET {" in location(text, prefix), "a replica is for reading"


def test_upstream_tls_names_each_backend_and_presents_our_certificate() -> None:
    text = conf(build())
    assert "proxy_ssl_name pulp-content-svc;" in location(text, "/pulp/content/")
    assert "proxy_ssl_name pulp-api-svc;" in location(text, "/pulp/api/")
    for line in (
        "proxy_ssl_verify on;",
        "proxy_ssl_certificate /etc/pulp/secrets/web-client/tls.crt;",
        "proxy_ssl_trusted_certificate /etc/pulp/ca/ca.crt;",
    ):
        assert line in text


@pytest.mark.parametrize("mode", ["server", "off"])
def test_without_mutual_tls_the_backends_are_plain(mode: str) -> None:
    text = conf(build(tls={"internal": mode}))
    assert "proxy_ssl" not in text
    assert "proxy_pass http://pulp-api;" in text


def test_nginx_runs_as_any_user_on_a_read_only_root() -> None:
    text = conf(build())
    assert "pid /tmp/nginx.pid;" in text
    assert "\nuser " not in text
    for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"):
        assert f"{kind}_temp_path /tmp/{kind};" in text
    assert "error_log stderr" in text
    assert "absolute_redirect off;" in text, "else redirects carry the container's port"


def test_what_a_client_says_about_itself_is_dropped() -> None:
    direct = conf(build(exposure={"node_port": {"port": 30443}}))
    assert 'proxy_set_header X-CLIENT-CERT "";' in direct
    assert 'proxy_set_header Remote-User "";' in direct
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in direct
    assert "proxy_set_header X-Forwarded-Proto $scheme;" in direct
    behind = conf(build(exposure={"ingress": {"class": "nginx"}}))
    assert "proxy_set_header X-Forwarded-Proto $client_scheme;" in behind
    assert "map $http_x_forwarded_proto $client_scheme {" in behind


def test_certguard_sees_the_clients_certificate_only_where_web_ends_tls() -> None:
    sections = {"pulp": {"plugins": ["file", "certguard"]}}
    direct = conf(build(exposure={"load_balancer": {}}, **sections))
    assert "ssl_verify_client optional_no_ca;" in direct
    assert "proxy_set_header X-CLIENT-CERT $ssl_client_escaped_cert;" in direct
    assert "optional_no_ca" not in conf(build(exposure={"ingress": {"class": "nginx"}}, **sections))


def test_uploads_are_passed_on_as_they_arrive() -> None:
    text = conf(build(pulp={"plugins": ["container"]}, web={"max_body_size": "5g"}))
    assert "proxy_request_buffering off;" in location(text, "/v2/")
    assert "proxy_request_buffering off;" in location(text, "/pulp/api/")
    assert "proxy_request_buffering" not in location(text, "/pulp/content/")
    assert "client_max_body_size 5g;" in text


def test_hsts_is_for_production() -> None:
    assert "Strict-Transport-Security" in conf(production())
    assert "Strict-Transport-Security" not in conf(build())


def test_readiness_is_answered_by_nginx_itself() -> None:
    made = build()
    probe = container(made, "Deployment", "pulp-web")["readinessProbe"]["httpGet"]
    assert probe == {"path": "/healthz", "port": "web", "scheme": "HTTPS"}
    assert 'return 200 "ok\\n";' in conf(made)
    assert container(made, "Deployment", "pulp-web")["ports"][0]["containerPort"] == 8443


def test_an_ingress_of_nginx_speaks_tls_to_web() -> None:
    made = production()
    ingress = one(made, "Ingress", "pulp")
    assert ingress["spec"]["ingressClassName"] == "nginx"
    assert ingress["spec"]["tls"] == [{"hosts": ["pulp.example.com"], "secretName": "pulp-ingress-tls"}]
    assert ingress["metadata"]["annotations"]["nginx.ingress.kubernetes.io/backend-protocol"] == "HTTPS"
    assert ingress["metadata"]["annotations"]["cert-manager.io/cluster-issuer"] == "letsencrypt"
    (path,) = ingress["spec"]["rules"][0]["http"]["paths"]
    assert path["backend"]["service"] == {"name": "pulp-web-svc", "port": {"number": 24880}}
    assert one(made, "Service", "pulp-web-svc")["spec"]["ports"][0]["port"] == 24880


def test_another_controller_gets_plain_http_and_is_alone_in_reaching_it() -> None:
    made = build(exposure={"ingress": {"class": "traefik", "controller_namespace": "traefik"}})
    assert container(made, "Deployment", "pulp-web")["ports"][0]["containerPort"] == 8080
    assert "annotations" not in one(made, "Ingress", "pulp")["metadata"]
    (rule,) = one(made, "NetworkPolicy", "pulp-web")["spec"]["ingress"]
    (peer,) = rule["from"]
    assert peer["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "traefik"}
    assert rule["ports"] == [{"port": 8080, "protocol": "TCP"}]


def test_a_persons_annotations_come_last() -> None:
    own = {"nginx.ingress.kubernetes.io/proxy-body-size": "1g", "x": "y"}
    made = build(exposure={"ingress": {"class": "nginx", "annotations": own}})
    assert own.items() <= one(made, "Ingress", "pulp")["metadata"]["annotations"].items()


def test_a_node_port_ends_tls_even_with_internal_tls_off() -> None:
    made = build(exposure={"node_port": {"port": 30443}}, tls={"internal": "off"})
    service = one(made, "Service", "pulp-web-svc")["spec"]
    assert service["type"] == "NodePort"
    assert service["ports"] == [
        {"name": "web-8443", "port": 24880, "protocol": "TCP", "targetPort": "web", "nodePort": 30443}
    ]
    assert "listen 8443 default_server ssl;" in conf(made)
    assert not has(made, "Ingress", "pulp")


def test_a_load_balancer_listens_where_the_public_url_points() -> None:
    made = build(exposure={"load_balancer": {"annotations": {"a": "b"}}})
    service = one(made, "Service", "pulp-web-svc")
    assert service["spec"]["type"] == "LoadBalancer"
    assert service["spec"]["ports"][0]["port"] == 443
    assert service["metadata"]["annotations"] == {"a": "b"}


def test_the_webs_certificate_is_for_every_name_of_its_service_and_the_host() -> None:
    (leaf,) = next(made for made in build().requirements.secrets if made.name == "pulp-web-tls").materials
    assert leaf.dns_names == (  # type: ignore[union-attr]
        "pulp-web-svc",
        "pulp-web-svc.site",
        "pulp-web-svc.site.svc",
        "pulp-web-svc.site.svc.cluster.local",
        "pulp.example.com",
    )
