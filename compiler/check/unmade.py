"""What a spec needs of the secrets room and the rendering does not have: said once, not for each pod that mounts it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from compiler.check.finding import Finding, Item
from compiler.check.rendering import Rendering, produced
from compiler.check.rules import RULES
from compiler.errors import Origin
from compiler.k8s.objects import ObjectKey


@dataclass(frozen=True)
class Wanted:
    """A Secret or trust bundle that the secrets room makes for an overlay.

    Args:
        kind: ``Secret`` or ``ConfigMap``.
        namespace: where the pods that mount it are.
        name: its name.
        keys: what it holds.
        secret: its id, as ``compiler secrets set`` takes it.
        made: the lock says that it was made, so the rendering must have it.
        unset: the keys whose values a person has yet to bring; empty when nobody is waited for.
    """

    kind: str
    namespace: str
    name: str
    keys: tuple[str, ...]
    secret: str = ""
    made: bool = False
    unset: tuple[str, ...] = ()


def unmade(rendering: Rendering, required: Sequence[Wanted]) -> tuple[Wanted, ...]:
    """What of ``required`` is neither rendered, made from what is, nor declared."""
    made = set(rendering.made())
    return tuple(
        one
        for one in required
        if (one.kind, one.namespace, one.name) not in made and (one.kind, one.name) not in rendering.declared
    )


def check_unmade(path: str, missing: Sequence[Wanted], sealed: Sequence[Item]) -> Iterator[Finding]:
    """Say what of ``missing`` was never made, waits for a person, or was made and is not what its file holds.

    Args:
        path: the overlay's folder; a finding stands at its spec.
        missing: what :func:`unmade` returned.
        sealed: the overlay's sealed objects as they were sealed: what is among them was lost by the overlay, which
            is another rule's finding.
    """
    spec = Origin(f"{path}/pulp.yaml")
    never = [one for one in missing if not one.made and not one.unset]
    if never:
        names = sorted(f"{one.kind} {one.name}" for one in never)
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        text = f"what its pods mount is not here yet: {shown}; run `compiler secrets ensure`, then `compiler generate`"
        # No object of the rendering is wrong: the overlay as a whole is what it is about.
        whole = ObjectKey("kustomize.config.k8s.io", "Kustomization", "", path.rpartition("/")[2])
        yield Finding("secret/not-made", RULES["secret/not-made"].severity, text, whole, "", spec)
    there = {(kind, item.key.namespace, name) for item in sealed for kind, name, _ in produced(item)}
    for one in missing:
        place = ObjectKey("", one.kind, one.namespace, one.name)
        if one.made and (one.kind, one.namespace, one.name) not in there:
            text = (
                "the lock has it as made, but no sealed file holds an object of this name and namespace: one was "
                "edited, or is not listed; `compiler secrets check` names it"
            )
            yield Finding("sealed/missing", RULES["sealed/missing"].severity, text, place, "", spec)
        elif one.unset and not one.made:
            text = (
                f"pods that mount it wait for what only you have: {', '.join(one.unset)}; "
                f"run `compiler secrets set {one.secret} --key {one.unset[0]}`, then `compiler generate`"
            )
            yield Finding("secret/unset", RULES["secret/unset"].severity, text, place, "", spec)
