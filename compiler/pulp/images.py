"""Images: what runs in each container, by published tag or by the digest that the spec gives."""

from __future__ import annotations

from typing import Literal

from compiler.pulp.provenance import From
from compiler.pulp.site import Site

Role = Literal["pulp", "web", "postgres", "redis"]

# Published version tags, never a moving one. PostgreSQL >= 14 is what pulpcore 3.100 and later ask for; Redis 7.2 is
# the last line under its BSD licence; the Debian variants have the user ids that the pods run as (999, 101).
_DEFAULTS: dict[Role, tuple[str, str | None]] = {
    "pulp": ("quay.io/pulp/pulp-minimal", None),
    "web": ("docker.io/nginxinc/nginx-unprivileged", "1.29.4"),
    "postgres": ("docker.io/library/postgres", "17.11-bookworm"),
    "redis": ("docker.io/library/redis", "7.2.11-bookworm"),
}


def image(site: Site, role: Role) -> From:
    """The image of a role. A digest wins over a tag; Pulp's default tag is ``pulp.version``."""
    chosen = getattr(site.spec.images, role)
    name, tag = _DEFAULTS[role]
    reference = chosen.name or name
    if chosen.digest:
        return From(f"images.{role}.digest", f"{reference}@{chosen.digest}")
    if chosen.tag:
        return From(f"images.{role}.tag", f"{reference}:{chosen.tag}")
    if tag is None:
        return From("pulp.version", f"{reference}:{site.spec.pulp.version}")
    return From(f"images.{role}.name", f"{reference}:{tag}")
