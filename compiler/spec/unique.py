"""What the overlays of one repository are called, and what must be different between them."""

from __future__ import annotations

import posixpath
from collections.abc import Hashable, Iterable

from compiler.errors import CompilerError, Origin
from compiler.k8s.names import is_label
from compiler.spec.effective import EffectiveSpec
from compiler.spec.reader import shorten


def overlay_name(folder: str) -> str:
    """The name of an overlay: the last part of its folder. It also names its folder under ``secrets/``."""
    return posixpath.basename(folder)


def check_names(specs: Iterable[EffectiveSpec]) -> tuple[CompilerError, ...]:
    """Overlays whose folder's name cannot be part of an object's name, as it is in ``delivery/`` and the secrets.

    Args:
        specs: every spec of the repository.
    """
    return tuple(
        CompilerError(
            f'"{shorten(overlay_name(one.folder), 80)}" is no name that Kubernetes can hold: expected at most 63 '
            "lower-case letters, digits and dashes (an RFC 1123 label)",
            origin=Origin(one.folder),
            hint="rename the folder (`git mv`), then `compiler secrets rename OLD NEW` if it has secrets",
        )
        for one in specs
        if one.folder.startswith("overlays/") and not is_label(overlay_name(one.folder))
    )


def check_unique(specs: Iterable[EffectiveSpec]) -> tuple[CompilerError, ...]:
    """Overlays that get in each other's way, each told at the later one with the place of the earlier: nothing here
    says which of the two is new.

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
                other = _place(first, field)
                errors.append(
                    CompilerError(
                        f"{first.folder or '.'} has the same {what} ({Origin(other.path, other.line)})",
                        origin=_place(effective, field),
                        hint="change one of the two",
                    )
                )
    return tuple(errors)


def _place(effective: EffectiveSpec, field: str | None) -> Origin:
    return (effective.origin(field) if field else None) or Origin(effective.layers[-1])


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
