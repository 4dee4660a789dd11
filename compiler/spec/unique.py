"""What must be different between the overlays of one repository."""

from __future__ import annotations

import posixpath
from collections.abc import Hashable, Iterable

from compiler.errors import CompilerError, Origin
from compiler.spec.effective import EffectiveSpec


def overlay_name(folder: str) -> str:
    """The name of an overlay: the last part of its folder. It also names its folder under ``secrets/``."""
    return posixpath.basename(folder)


def check_unique(specs: Iterable[EffectiveSpec]) -> tuple[CompilerError, ...]:
    """Overlays that get in each other's way, each told at the later one.

    Two overlays may use one namespace name, since they may go to different clusters; only when Argo CD is told the
    same cluster for both is it certain that their objects collide. Two demos may share a host: they run on laptops.

    Args:
        specs: every spec of the repository.
    """
    seen: dict[tuple[str, Hashable], EffectiveSpec] = {}
    errors: list[CompilerError] = []
    for effective in sorted(specs, key=lambda one: one.folder):
        for what, field, value in _claims(effective):
            first = seen.setdefault((what, value), effective)
            if first is not effective:
                place = effective.origin(field) if field else None
                errors.append(
                    CompilerError(
                        f"{first.folder or '.'} has the same {what}",
                        origin=place or Origin(effective.layers[-1]),
                    )
                )
    return tuple(errors)


def _claims(effective: EffectiveSpec) -> Iterable[tuple[str, str | None, Hashable]]:
    spec = effective.spec
    yield "overlay name", None, overlay_name(effective.folder)
    if spec.environment is None or spec.abstract:
        return
    if spec.host is not None and spec.environment != "demo":
        yield "host", "host", spec.host
    if spec.namespace is not None and spec.delivery is not None and spec.delivery.argocd is not None:
        yield (
            "namespace, name and cluster",
            "namespace.name",
            (
                spec.namespace.name,
                spec.name,
                spec.delivery.argocd.cluster,
            ),
        )
