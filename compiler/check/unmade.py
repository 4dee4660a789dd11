"""What a spec needs of the secrets room and nobody has made yet: said once, not for each pod that would mount it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from compiler.check.finding import Finding
from compiler.check.rendering import Rendering
from compiler.check.rules import RULES
from compiler.errors import Origin
from compiler.k8s.objects import ObjectKey

Required = Mapping[tuple[str, str], Collection[str]]
"""Secrets and ConfigMaps that the secrets room makes: (kind, name) to their keys."""


def unmade(rendering: Rendering, required: Required) -> dict[tuple[str, str], Collection[str]]:
    """What of ``required`` is neither rendered, made from what is, nor declared."""
    known = {(kind, name) for kind, _, name in rendering.made()} | set(rendering.declared)
    return {place: keys for place, keys in required.items() if place not in known}


def check_unmade(path: str, missing: Required) -> Iterator[Finding]:
    """One finding for everything that is missing, at the spec of the overlay in the folder ``path``."""
    if not missing:
        return
    names = sorted(f"{kind} {name}" for kind, name in missing)
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    message = f"what its pods mount is not here yet: {shown}; run `compiler secrets ensure`, then `compiler generate`"
    # No object of the rendering is wrong: the overlay as a whole is what it is about.
    whole = ObjectKey("kustomize.config.k8s.io", "Kustomization", "", path.rpartition("/")[2])
    yield Finding("secret/not-made", RULES["secret/not-made"].severity, message, whole, "", Origin(f"{path}/pulp.yaml"))
