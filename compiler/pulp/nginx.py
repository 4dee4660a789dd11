"""nginx.conf for web: a printer of the routing model."""

from __future__ import annotations

from compiler.pulp.routes import Route, routes
from compiler.pulp.site import API_PORT, CONTENT_PORT, Site

_PORTS = {"api": API_PORT, "content": CONTENT_PORT}

# Headers by which a client could pass for somebody else; an empty value removes them.
_STRIPPED = (
    "Forwarded",
    "Remote-User",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "X-Forwarded-Prefix",
    "X-Forwarded-Server",
    "X-Remote-User",
)


def nginx_conf(site: Site) -> str:
    """The whole configuration. It runs as any user on a read-only root: everything it writes is below ``/tmp``."""
    lines = [
        "# The proxy in front of api and content. Standard error and output are the logs.",
        "worker_processes 2;",
        "pid /tmp/nginx.pid;",
        "error_log stderr warn;",
        "",
        "events {",
        "    worker_connections 4096;",
        "}",
        "",
        "http {",
        *_indent(_http(site)),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _http(site: Site) -> list[str]:
    spec = site.spec
    lines = [f"{kind}_temp_path /tmp/{kind};" for kind in ("client_body", "fastcgi", "proxy", "scgi", "uwsgi")]
    lines += [
        "access_log /dev/stdout;",
        "default_type application/octet-stream;",
        "server_tokens off;",
        "sendfile on;",
        "tcp_nopush on;",
        f"client_max_body_size {spec.web.max_body_size};",
        "keepalive_timeout 75s;",
        # Certificates in X-CLIENT-CERT and registry tokens are long.
        "large_client_header_buffers 4 32k;",
        "proxy_buffer_size 16k;",
        "proxy_buffers 8 16k;",
        "proxy_http_version 1.1;",
        "",
    ]
    if _trusts_forwarded(site):
        lines += [
            "# Only the Ingress controller can connect (see the NetworkPolicy), so its word on the scheme counts.",
            "map $http_x_forwarded_proto $client_scheme {",
            "    default $scheme;",
            "    http http;",
            "    https https;",
            "}",
            "",
        ]
    for backend, port in sorted(_PORTS.items()):
        lines += [
            f"upstream pulp-{backend} {{",
            f"    server {site.service(backend)}:{port};",
            "    keepalive 16;",
            "}",
            "",
        ]
    return [*lines, "server {", *_indent(_server(site)), "}"]


def _trusts_forwarded(site: Site) -> bool:
    return bool(site.spec.exposure and site.spec.exposure.ingress)


def _client_certificates(site: Site) -> bool:
    """Whether nginx sees the clients' own certificates, for the plugin certguard."""
    return site.web_tls and site.plugin("certguard") and not _trusts_forwarded(site)


def _server(site: Site) -> list[str]:
    port = site.web_container_port
    tls = " ssl" if site.web_tls else ""
    lines = [f"listen {port} default_server{tls};", f"listen [::]:{port} default_server{tls};", "server_name _;"]
    # The port in a redirect would be the container's.
    lines.append("absolute_redirect off;")
    if site.web_tls:
        lines += [
            "ssl_certificate /etc/pulp/secrets/web-tls/tls.crt;",
            "ssl_certificate_key /etc/pulp/secrets/web-tls/tls.key;",
            "ssl_protocols TLSv1.2 TLSv1.3;",
            "ssl_session_cache shared:web:10m;",
            "ssl_session_tickets off;",
        ]
        if _client_certificates(site):
            # The content guard itself checks the chain against its own CA.
            lines.append("ssl_verify_client optional_no_ca;")
    if site.spec.environment == "production":
        lines.append('add_header Strict-Transport-Security "max-age=31536000" always;')
    lines += ["", *_proxy(site)]
    lines += [
        "",
        "location = /healthz {",
        "    access_log off;",
        "    default_type text/plain;",
        '    return 200 "ok\\n";',
        "}",
    ]
    for route in routes(site):
        lines += ["", f"location {route.prefix} {{", *_indent(_location(site, route)), "}"]
    return lines


def _proxy(site: Site) -> list[str]:
    """What holds for every location: headers, and our certificate towards api and content."""
    trusted = _trusts_forwarded(site)
    headers = {
        "Connection": '""',
        "Host": "$http_host",
        "X-CLIENT-CERT": "$ssl_client_escaped_cert" if _client_certificates(site) else '""',
        # Behind a proxy the list grows; in front of the clients themselves it begins here.
        "X-Forwarded-For": "$proxy_add_x_forwarded_for" if trusted else "$remote_addr",
        "X-Forwarded-Proto": "$client_scheme" if trusted else "$scheme",
        **dict.fromkeys(_STRIPPED, '""'),
    }
    lines = [f"proxy_set_header {name} {value};" for name, value in sorted(headers.items())]
    lines += ["proxy_redirect off;", "proxy_connect_timeout 10s;"]
    if site.mutual:
        lines += [
            "proxy_ssl_certificate /etc/pulp/secrets/web-client/tls.crt;",
            "proxy_ssl_certificate_key /etc/pulp/secrets/web-client/tls.key;",
            "proxy_ssl_trusted_certificate /etc/pulp/ca/ca.crt;",
            "proxy_ssl_verify on;",
            "proxy_ssl_server_name on;",
            "proxy_ssl_protocols TLSv1.2 TLSv1.3;",
        ]
    return lines


def _location(site: Site, route: Route) -> list[str]:
    if route.backend == "nowhere":
        return ["return 404;"]
    lines = ["limit_except GET {", "    deny all;", "}"] if route.read_only else []
    if route.backend == "content":
        lines += ["proxy_read_timeout 300s;", "proxy_send_timeout 300s;", "proxy_max_temp_file_size 0;"]
    else:
        seconds = max(120, site.spec.api.timeout + 30)
        lines += [f"proxy_read_timeout {seconds}s;", f"proxy_send_timeout {seconds}s;"]
        if route.uploads:
            lines.append("proxy_request_buffering off;")
    if site.mutual:
        lines.append(f"proxy_ssl_name {site.service(route.backend)};")
    scheme = "https" if site.mutual else "http"
    return [*lines, f"proxy_pass {scheme}://pulp-{route.backend};"]


def _indent(lines: list[str]) -> list[str]:
    return [f"    {line}" if line else line for line in lines]
