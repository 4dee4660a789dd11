"""Rules for URLs: whom they name, and what must not stand in them. No URL is ever repeated in an error."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterator

from compiler.spec.models import Spec
from compiler.spec.node import Path
from compiler.spec.wrong import Wrong

_SCP = re.compile(r"[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:\S+\Z")
_NOT_IN_URLS = re.compile(r"[^\x21-\x7e]")
"""RFC 3986, 2: a URL is made of printable ASCII, without spaces."""


def check_urls(spec: Spec, wrong: Wrong) -> None:
    """Every URL of the spec."""
    for path, url in _services(spec):
        parts = _parts(url, path, wrong)
        if parts is None:
            continue
        if parts.username is not None:
            wrong.add("expected scheme, host, optional port and path only", path, hint="leave the user out")
        elif parts.query or parts.fragment or url[-1] in "?#":
            wrong.add("expected scheme, host, optional port and path only", path, hint="leave out what follows ? or #")
        elif path == ("replica", "upstream", "url") and parts.path.strip("/"):
            wrong.add("expected scheme, host and optional port only", path, hint="the path goes to api_root")
        elif path == ("authentication", "ldap", "uri") and parts.path:
            wrong.add("expected scheme, host and optional port only", path)
    for path, url in _repositories(spec):
        if path == ("delivery", "argocd", "repo") and _SCP.match(url):
            continue
        parts = _parts(url, path, wrong)
        if parts is None:
            continue
        if path == ("delivery", "flux", "repo") and parts.scheme not in ("http", "https", "ssh"):
            # the pattern of GitRepository.spec.url in Flux's source.toolkit.fluxcd.io/v1
            wrong.add("expected a Git URL that begins with https://, http:// or ssh://", path)
        elif not parts.scheme:
            wrong.add("expected a Git URL, like https://git.example.com/acme/pulp.git", path)


def _services(spec: Spec) -> Iterator[tuple[Path, str]]:
    if spec.replica is not None and spec.replica.upstream is not None:
        yield ("replica", "upstream", "url"), spec.replica.upstream.url
    if spec.storage is not None and spec.storage.s3 is not None and spec.storage.s3.endpoint is not None:
        yield ("storage", "s3", "endpoint"), spec.storage.s3.endpoint
    login = spec.authentication
    if login.ldap is not None:
        yield ("authentication", "ldap", "uri"), login.ldap.uri
    if login.sso is not None and login.sso.keycloak is not None:
        yield ("authentication", "sso", "keycloak", "url"), login.sso.keycloak.url
    if login.sso is not None and login.sso.oidc is not None:
        yield ("authentication", "sso", "oidc", "issuer"), login.sso.oidc.issuer
    if spec.delivery is not None and spec.delivery.argocd is not None:
        yield ("delivery", "argocd", "cluster"), spec.delivery.argocd.cluster


def _repositories(spec: Spec) -> Iterator[tuple[Path, str]]:
    if spec.delivery is not None and spec.delivery.argocd is not None:
        yield ("delivery", "argocd", "repo"), spec.delivery.argocd.repo
    if spec.delivery is not None and spec.delivery.flux is not None:
        yield ("delivery", "flux", "repo"), spec.delivery.flux.repo


def _parts(url: str, path: Path, wrong: Wrong) -> urllib.parse.SplitResult | None:
    """The parts of a URL; ``None`` where it is none, which is told."""
    if _NOT_IN_URLS.search(url):
        wrong.add(
            "expected a URL without spaces, control characters and letters beyond ASCII",
            path,
            hint="write them as %20 and the like, an international host name in its A-label form (xn--…)",
        )
        return None
    try:
        parts = urllib.parse.urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        # urllib says "Port out of range 0-65535" and "Port could not be cast …", and no more of a URL than the port.
        if str(error).startswith("Port"):
            wrong.add("expected a port from 1 to 65535", path)
        else:
            wrong.add("this is not a URL", path)
        return None
    if parts.password is not None:
        wrong.add("a URL with a password stands in Git in the clear", path, hint="leave the password out")
    elif parts.scheme in ("http", "https", "ssh", "ldap", "ldaps") and not host:
        wrong.add("this URL has no host", path)
    elif port == 0:
        wrong.add("expected a port from 1 to 65535", path)
    elif host and ":" not in host and any(not 0 < len(label) <= 63 for label in host.removesuffix(".").split(".")):
        wrong.add("expected a host name with at most 63 characters between two dots", path)
    else:
        return parts
    return None
