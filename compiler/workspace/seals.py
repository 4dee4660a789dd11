"""What an overlay does to sealed objects, compared with what was sealed for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.errors import CompilerError, Origin
from compiler.k8s.tree import Tree
from compiler.workspace.failures import raise_together, translated

if TYPE_CHECKING:
    from compiler.check import Item
    from compiler.kustomize import Rendering

_KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")


def items_of(rendering: Rendering) -> list[Item]:
    """The objects of a rendering as the checks see them."""
    from compiler.check import Item

    return [
        Item(one.data, Origin(one.origin.path, one.origin.line) if one.origin is not None else None)
        for one in rendering.objects
    ]


def sealed_items(tree: Tree, folder: str) -> list[Item]:
    """What was sealed for an overlay, before the overlay touches it; nothing when it has no Secrets yet.

    Args:
        tree: the repository.
        folder: the overlay.

    Raises:
        CompilerError: its folder below ``secrets/`` does not render.
    """
    from compiler.kustomize import build
    from compiler.spec import overlay_name

    place = f"secrets/{overlay_name(folder)}"
    if not folder.startswith("overlays/") or not any(tree.is_file(f"{place}/{name}") for name in _KUSTOMIZATIONS):
        return []
    with translated(place):
        return items_of(build(tree, place))


def refuse_edited_seals(tree: Tree, folder: str) -> None:
    """Refuse an overlay of whose sealed files one is not the one that the lock knows.

    Args:
        tree: the repository.
        folder: the overlay.

    Raises:
        CompilerError: they are; several come together.
    """
    from compiler.secrets import edited
    from compiler.spec import overlay_name

    raise_together(
        [
            CompilerError(
                "this sealed file is not the one that the lock knows: it was edited, or an older one was put back",
                origin=Origin(path),
                hint=f"git checkout HEAD -- {path}",
            )
            for path in edited(tree, overlay_name(folder))
        ]
    )


def refuse_broken_seals(tree: Tree, folder: str, rendering: Rendering) -> None:
    """Refuse an overlay whose ``custom/`` breaks or exposes what was sealed for it.

    Args:
        tree: the repository.
        folder: the overlay.
        rendering: what it renders to, ``custom/`` included.

    Raises:
        CompilerError: it does; several come together.
    """
    from compiler.check.rendering import Rendering as Checked
    from compiler.check.sealed import check_sealed

    checked = Checked(items_of(rendering), {})
    raise_together(
        [
            CompilerError(
                f"{one.object.kind} {one.object.name}: {f'{one.field} ' if one.field else ''}{one.message}",
                origin=Origin(f"{folder}/custom"),
                hint="custom/ may change labels and annotations of sealed objects, nothing else (docs/secrets.md)",
            )
            for one in check_sealed(checked, sealed_items(tree, folder))
        ]
    )
