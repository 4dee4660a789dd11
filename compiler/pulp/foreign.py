"""Secrets that somebody else makes: which of ours they stand for, and what our keys are called in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from compiler.pulp.site import Site
from compiler.spec.parts import parts


@dataclass(frozen=True)
class Foreign:
    """An existing Secret in place of one of ours.

    Args:
        name: its ``metadata.name``.
        keys: our key to its key, for each key that is read.
        spec_key: the key of the spec that names it.
    """

    name: str
    keys: Mapping[str, str]
    spec_key: str

    @property
    def name_key(self) -> str:
        """The key of the spec that says the name itself."""
        return f"{self.spec_key}.name" if self.spec_key.startswith("secrets.existing.") else self.spec_key


def foreign(site: Site, part: str) -> Foreign | None:
    """What stands for our Secret ``<name>-<part>``; ``None`` where it is ours.

    A username is among its keys only where the spec names a key for it: elsewhere the spec says the name itself.
    """
    spec = site.spec
    existing = spec.secrets.existing.get(part)
    if existing is not None:
        known = parts(spec)[part]
        return Foreign(existing.name, {key: key for key in known.keys} | existing.keys, f"secrets.existing.{part}")
    outer = {
        "postgres-configuration": ("database", spec.database.external if spec.database else None),
        "redis-configuration": ("cache", spec.cache.external if spec.cache else None),
    }
    section, service = outer.get(part, ("", None))
    if service is not None and service.secret is not None:
        keys = {"password": service.secret_key}
        if service.user_key is not None:
            keys["username"] = service.user_key
        return Foreign(service.secret, keys, f"{section}.external.secret")
    s3 = spec.storage.s3 if spec.storage else None
    if part == "s3" and s3 is not None and s3.secret is not None:
        return Foreign(s3.secret, {key: key for key in parts(spec)[part].keys}, "storage.s3.secret")
    return None
