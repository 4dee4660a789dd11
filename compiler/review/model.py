"""What a comparison of two renderings says, as plain immutable data. Nothing here holds a secret's value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from compiler.errors import Origin
from compiler.k8s.objects import ObjectKey


@dataclass(frozen=True, slots=True)
class Match:
    """One item of a list, named by the values of its keys, e.g. ``name=api``.

    Args:
        keys: pairs of a field of the item (dotted when nested) and its value.
    """

    keys: tuple[tuple[str, str | int], ...]

    def __str__(self) -> str:
        return ",".join(f"{key}={value}" for key, value in self.keys)


Step = str | int | Match
"""A key of a map, the index of an item in a list without keys, or an item of a list with keys."""

Path = tuple[Step, ...]

Side = Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class Written:
    """Where a person finds what made a difference.

    Args:
        origin: the line that wrote the value, as ``compiler explain`` tells it.
        side: on which side that line stands: ``before`` for what is gone and no line of the side after took away.
        key: the key of the spec behind it, in a folder that the compiler wrote; None elsewhere.
        said: the line of the spec that says that key; None for a default.
    """

    origin: Origin
    side: Side = "after"
    key: str | None = None
    said: Origin | None = None


FieldKind = Literal["added", "removed", "changed", "order", "resealed"]
SYMBOLS: dict[str, str] = {"added": "+", "removed": "-", "changed": "±", "order": "⇆", "renamed": "±", "resealed": "⟲"}
"""The marks that dyff made known; ``⟲`` is ours, for a value that was encrypted anew."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One difference inside an object.

    Args:
        path: where. An index counts in the list before, except for an added item, where it counts in the list after.
        kind: ``order`` when only the order of a list differs; ``resealed`` when only the envelope of a sealed object
            does (its MAC, its date, its encrypted data keys).
        before: the value before; ``None`` when added. For ``order`` the items' names, or the items themselves.
        after: the value after; ``None`` when removed.
        index: for an added or removed item of a list, its place in the list after or before.
        masked: whether a value was hidden; what is hidden reads ``***``, ``*** (before)`` or ``*** (after)``.
        follows: the generated object (``ConfigMap pulp-settings``) whose new name is all that this change says.
        alike: in a hunk of several overlays: the same lines of a text change in all of them, but other lines of it
            differ between them; ``before`` and ``after`` are the first overlay's.
        written: where it comes from (in a hunk of several overlays: in the first); None where nobody asked.
    """

    path: Path
    kind: FieldKind
    before: Any = None
    after: Any = None
    index: int | None = None
    masked: bool = False
    follows: str | None = None
    alike: bool = False
    written: Written | None = None


Keys = tuple[ObjectKey | None, ObjectKey | None]
ObjectKind = Literal["added", "removed", "changed", "renamed"]


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """One object of one overlay that differs.

    Args:
        key: which object; a name that ends in a hash of the content is cut to its stem.
        kind: ``renamed`` when the hash in its name tells that its content changed.
        fields: the differences inside; empty for an object that was added or removed.
        body: the whole object, masked, when it was added or removed.
        names: the full names before and after, when it was renamed.
        keys: the object's own keys before and after; None on the side that does not have it.
    """

    key: ObjectKey
    kind: ObjectKind
    fields: tuple[FieldChange, ...] = ()
    body: dict[str, Any] | None = None
    names: tuple[str, str] | None = None
    keys: Keys = (None, None)


@dataclass(frozen=True, slots=True)
class Hunk:
    """Differences of one object that are the same in several overlays.

    Args:
        overlays: where they are, sorted.
        fields: the differences.
        body: of an object that was added or removed: the whole, as in the first overlay.
        keys: the object's own keys before and after, in the first overlay.
        written: of an object that was added or removed: where it comes from, in the first overlay.
    """

    overlays: tuple[str, ...]
    fields: tuple[FieldChange, ...] = ()
    body: dict[str, Any] | None = None
    keys: Keys = (None, None)
    written: Written | None = None


@dataclass(frozen=True, slots=True)
class ObjectGroup:
    """One object, by kind and name, with what happens to it in every overlay.

    Args:
        key: which object; its namespace is empty when it is its overlay's own.
        kind: what happens to it.
        hunks: the differences, those of most overlays first.
        present: the overlays that have such an object on either side, sorted.
        names: the names before and after in the first overlay, when renamed.
    """

    key: ObjectKey
    kind: ObjectKind
    hunks: tuple[Hunk, ...]
    present: tuple[str, ...]
    names: tuple[str, str] | None = None

    def overlays(self) -> tuple[str, ...]:
        """The overlays in which it differs, sorted."""
        return tuple(sorted({overlay for hunk in self.hunks for overlay in hunk.overlays}))


EffectKind = Literal["data", "stop", "refused", "access", "run", "restart"]
EFFECTS: tuple[EffectKind, ...] = ("data", "stop", "refused", "access", "run", "restart")
"""The kinds of effects, the worst first."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What applying the change does in the cluster, beyond the text.

    Args:
        kind: ``data`` could lose data, ``stop`` stops a service, ``refused`` cannot be changed in place, ``access``
            changes who can open a sealed object, ``run`` runs a Job, ``restart`` replaces pods.
        key: the object.
        message: the rest of the sentence that begins with the object.
        overlays: where, sorted.
    """

    kind: EffectKind
    key: ObjectKey
    message: str
    overlays: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WholeOverlay:
    """An overlay that stands on one side only.

    Args:
        overlay: its path.
        kinds: kinds of its objects and how many of each, sorted by kind.
    """

    overlay: str
    kinds: tuple[tuple[str, int], ...]

    def count(self) -> int:
        """The number of its objects."""
        return sum(number for _, number in self.kinds)


@dataclass(frozen=True, slots=True)
class Failure:
    """An overlay that could not be rendered on one side, and is therefore not compared.

    Args:
        overlay: its path.
        side: which side.
        message: the engine's error.
    """

    overlay: str
    side: Side
    message: str


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a reviewer should know.

    Args:
        overlays: the overlays compared, sorted.
        objects: what differs, by object.
        effects: what that does, the worst first.
        added: overlays that are new.
        removed: overlays that are gone.
        failures: overlays that could not be rendered.
        sides: what the two sides are called, e.g. a revision and ``working tree``.
    """

    overlays: tuple[str, ...]
    objects: tuple[ObjectGroup, ...] = ()
    effects: tuple[Effect, ...] = ()
    added: tuple[WholeOverlay, ...] = ()
    removed: tuple[WholeOverlay, ...] = ()
    failures: tuple[Failure, ...] = ()
    sides: tuple[str, str] = field(default=("before", "after"))

    def differs(self) -> bool:
        """Whether there is anything to see."""
        return bool(self.objects or self.added or self.removed or self.failures)
