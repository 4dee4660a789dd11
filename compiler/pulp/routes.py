"""The routing model: which path goes to which app, for every printer (nginx.conf today)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from compiler.pulp.plugins import enabled
from compiler.pulp.site import Site

Backend = Literal["api", "content", "nowhere"]


@dataclass(frozen=True, slots=True)
class Route:
    """One path prefix.

    Args:
        prefix: begins and ends with a slash.
        backend: what answers; ``nowhere`` is a 404.
        uploads: whether large bodies are expected, which are then passed on as they arrive.
        read_only: whether only GET and HEAD are let through.
    """

    prefix: str
    backend: Backend
    uploads: bool = False
    read_only: bool = False


def routes(site: Site) -> tuple[Route, ...]:
    """Every route, longest prefix first, then by name.

    Where the API is not exposed (a replica), only what clients fetch from passes: content, and the plugins' own
    protocols for reading; everything else is a 404.
    """
    open_api = site.api_exposed
    found = [
        Route(site.content_prefix, "content"),
        Route(f"{site.api_root}api/", "api" if open_api else "nowhere", uploads=open_api),
        Route("/", "api" if open_api else "nowhere"),
    ]
    if open_api:
        found.append(Route("/auth/login/", "api"))
    for facts in enabled(site).values():
        for route in facts.routes:
            guarded = route.backend == "api" and not open_api
            found.append(Route(route.prefix, route.backend, route.uploads and open_api, read_only=guarded))
    return tuple(sorted(found, key=lambda route: (-len(route.prefix), route.prefix)))
