"""Pulp itself: version, plugins, images and Django settings."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from compiler.spec.models.common import SecretName, Section

Plugin = Literal["ansible", "certguard", "container", "deb", "file", "gem", "maven", "npm", "ostree", "python", "rpm"]


class Image(Section):
    """An image by repository and published tag; a digest wins over the tag."""

    name: Annotated[str | None, Field(examples=["registry.example.com/pulp/pulp-minimal"])] = None
    """Repository, without tag."""
    tag: Annotated[str | None, Field(examples=["3.85"])] = None
    """Published tag."""
    digest: Annotated[
        str | None, Field(pattern="^sha256:[0-9a-f]{64}$", examples=["sha256:" + "0123456789abcdef" * 4])
    ] = None
    """``sha256:…``, when you pin by digest; never invented."""


class Images(Section):
    """Images by what runs in them."""

    pulp: Image = Image()
    """Pulp (api, content, worker, Jobs). Default ``quay.io/pulp/pulp-minimal`` at ``pulp.version``."""
    web: Image = Image()
    """nginx. Default ``docker.io/nginxinc/nginx-unprivileged``."""
    postgres: Image = Image()
    """Embedded PostgreSQL. Default ``docker.io/library/postgres``."""
    redis: Image = Image()
    """Embedded Redis. Default ``docker.io/library/redis``."""


class Pulp(Section):
    """The application."""

    version: Annotated[str, Field(pattern=r"^3\.[0-9]+(\.[0-9]+)?$", examples=["3.85"])]
    """pulpcore's version, ``3.y`` or ``3.y.z``; also the default tag of its image."""
    plugins: Annotated[list[Plugin], Field(min_length=1, examples=[["file", "rpm", "container"]])] = ["file"]
    """Plugins in use: they decide the routes, the settings and which keys exist."""
    settings: Annotated[dict[str, Any], Field(examples=[{"ORPHAN_PROTECTION_TIME": 2880}])] = {}
    """More settings.py values by their upper-case name; plain data, no secrets."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Level of Pulp's root logger."""
    allowed_content_checksums: Annotated[
        list[Literal["md5", "sha1", "sha224", "sha256", "sha384", "sha512"]] | None,
        Field(examples=[["sha256", "sha512"]]),
    ] = None
    """``ALLOWED_CONTENT_CHECKSUMS``; ``sha256`` must be among them."""
    image_pull_secrets: Annotated[list[SecretName], Field(examples=[["registry-credentials"]])] = []
    """Existing image pull Secrets, put on the ServiceAccounts."""
