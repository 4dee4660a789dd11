"""What each plugin adds: paths at the proxy, settings, keys. A static table, read from the plugins' own sources.

Paths are those of each plugin's ``app/webserver_snippets/nginx.conf``; plugins without one (deb, file, gem, maven,
ostree, rpm, certguard) are served below ``CONTENT_PATH_PREFIX``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from compiler.pulp.site import Site


@dataclass(frozen=True, slots=True)
class PluginRoute:
    """A path of a plugin.

    Args:
        prefix: begins and ends with a slash.
        backend: which app answers.
        uploads: whether large bodies are sent to it (they are then passed on as they arrive).
    """

    prefix: str
    backend: Literal["api", "content"]
    uploads: bool = False


@dataclass(frozen=True, slots=True)
class Replicated:
    """How a plugin's objects are addressed when a replica prepares its remotes (see ``scripts/replicate.py``).

    Args:
        distributions: path of the distributions below ``api/v3/``.
        remotes: path of the remotes below ``api/v3/``.
    """

    distributions: str
    remotes: str


@dataclass(frozen=True, slots=True)
class PluginFacts:
    """One plugin."""

    entry_point: str
    routes: tuple[PluginRoute, ...] = ()
    settings: Callable[[Site, str], dict[str, Any]] | None = None
    """Settings that follow from the public URL."""
    replicated: Replicated | None = None
    """``None``: the plugin has no replicator, or (python) sets the download policy of its remotes itself."""


def _container(site: Site, url: str) -> dict[str, Any]:
    return {
        "TOKEN_AUTH_DISABLED": False,
        "TOKEN_SERVER": f"{url}/token/",
        "TOKEN_SIGNATURE_ALGORITHM": "ES256",
    }


def _ansible(site: Site, url: str) -> dict[str, Any]:
    return {
        "ANSIBLE_API_HOSTNAME": url,
        "ANSIBLE_CONTENT_HOSTNAME": f"{url}{site.content_prefix.rstrip('/')}",
    }


def _python(site: Site, url: str) -> dict[str, Any]:
    return {"PYPI_API_HOSTNAME": url}


PLUGINS: dict[str, PluginFacts] = {
    "ansible": PluginFacts("pulp_ansible", (PluginRoute("/pulp_ansible/galaxy/", "api", uploads=True),), _ansible),
    "certguard": PluginFacts("pulp_certguard"),
    "container": PluginFacts(
        "pulp_container",
        (
            PluginRoute("/v2/", "api", uploads=True),
            PluginRoute("/extensions/v2/", "api"),
            PluginRoute("/token/", "api"),
            PluginRoute("/pulp/container/", "content"),
        ),
        _container,
        Replicated("distributions/container/container/", "remotes/container/container/"),
    ),
    "deb": PluginFacts("pulp_deb"),
    "file": PluginFacts("pulp_file", replicated=Replicated("distributions/file/file/", "remotes/file/file/")),
    "gem": PluginFacts("pulp_gem", replicated=Replicated("distributions/gem/gem/", "remotes/gem/gem/")),
    "maven": PluginFacts("pulp_maven"),
    "npm": PluginFacts("pulp_npm", (PluginRoute("/pulp_npm/content/", "content"),)),
    "ostree": PluginFacts("pulp_ostree"),
    "python": PluginFacts("pulp_python", (PluginRoute("/pypi/", "api", uploads=True),), _python),
    "rpm": PluginFacts("pulp_rpm", replicated=Replicated("distributions/rpm/rpm/", "remotes/rpm/rpm/")),
}


def enabled(site: Site) -> dict[str, PluginFacts]:
    """The plugins in use, by name, sorted."""
    return {name: PLUGINS[name] for name in sorted(set(site.spec.pulp.plugins))}
