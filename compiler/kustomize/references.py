"""Following renamed objects: name references (kustomize.md, section 13)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.fieldspec import NameReference, describe, split_path, walk
from compiler.kustomize.identity import CLUSTER, effective, group_version, id_text
from compiler.kustomize.resource import Resource, Resources
from compiler.kustomize.routes import Hit, Routes
from compiler.kustomize.scalars import is_null, text_of
from compiler.kustomize.setter import is_quoted, put, set_field, untagged


class _Rule(NamedTuple):
    """One field of one kind of referrer, and what it names."""

    path: str
    segments: tuple[str, ...]
    group: str
    version: str
    kind: str


class _Rules:
    """The rules for one kind of referrer, and all their paths as one tree, so that an object is walked once."""

    __slots__ = ("listed", "routes")

    def __init__(self, listed: list[_Rule]) -> None:
        self.listed = listed
        plain = all(type(segment) is str and segment not in _ODD for rule in listed for segment in rule.segments)
        self.routes = Routes((rule.segments, False) for rule in listed) if plain else None
        """None where a path is not of names of fields only: others fail where they lead into a map."""


_ODD: Final = ("", "[]")
_NONE: Final[set[str]] = set()


class _Renamed(NamedTuple):
    """A resource that had other names, with what a look-up needs of it."""

    resource: Resource
    namespace: str
    original_namespace: str
    written: str
    """The namespace as the resource says it, empty where that leaves it out."""


def fix_references(resources: Resources, rules: Iterable[NameReference]) -> None:
    """Write the new name of every renamed resource where others refer to it by an earlier one.

    Raises:
        KustomizeError: several resources could be meant, or a field has an unexpected shape.
    """
    table = list(rules)
    index: dict[str, list[_Renamed]] = {}
    moves: set[tuple[str, str, str]] = set()
    referrers: list[tuple[Resource, tuple[str, str], str]] = []
    for resource in resources:
        api_version, kind, _, written = resource.header()
        now = effective(api_version, kind, written)
        previous = resource.previous
        first = previous[0][1] if previous else now
        moves.add((first, now, written))
        referrers.append((resource, (api_version, previous[0][2] if previous else kind), now))
        if previous:
            entry = _Renamed(resource, now, first, written)
            for name, _, _ in previous:
                known = index.get(name)
                if known is None:
                    index[name] = [entry]
                elif known[-1] is not entry:
                    known.append(entry)
    spaces = _Spaces(moves)
    memo: dict[tuple[str, str], _Rules] = {}
    for resource, key, space in referrers:
        found = memo.get(key)
        if found is None:
            found = memo[key] = _Rules(_rules_of(table, *key))
        if found.listed:
            hits = None if found.routes is None else found.routes.hits(resource.node, None)
            if hits is None or hits or resource.kind == "RoleBinding":
                _Fixer(resource, space, index, spaces).run(found.listed, hits)


def _rules_of(table: list[NameReference], api_version: str, kind: str) -> list[_Rule]:
    group, version = group_version(api_version)
    return [
        _Rule(spec.path, split_path(spec.path), rule.group, rule.version, rule.kind)
        for rule in table
        for spec in rule.referrers
        if spec.matches(group, version, kind)
    ]


class _Spaces:
    """Which original and current namespaces there are.

    Args:
        moves: namespaces in which resources were first, in which they are, and as that is written.
    """

    def __init__(self, moves: Iterable[tuple[str, str, str]]) -> None:
        self.current: dict[str, tuple[set[str], set[str]]] = {}
        """The current namespaces of the resources that were first in a namespace, and as they are written."""
        for original, current, written in moves:
            now, as_written = self.current.setdefault(original, (set(), set()))
            now.add(current)
            as_written.add(written)

    def holds(self, original: str, visible: set[str] | None, subjects: set[str]) -> bool:
        """Whether some visible resource was first in a namespace."""
        now = self.current.get(original)
        return now is not None and (
            visible is None or not visible.isdisjoint(now[0]) or not subjects.isdisjoint(now[1])
        )


class _Fixer:
    """Fixes the references of one resource.

    Args:
        referrer: the resource.
        space: the namespace that its identity counts with.
        index: the resources that had other names, by those.
        spaces: all namespaces.
    """

    def __init__(self, referrer: Resource, space: str, index: dict[str, list[_Renamed]], spaces: _Spaces) -> None:
        self.referrer = referrer
        self.space = space
        self.index = index
        self.spaces = spaces
        self.visible = None if self.space == CLUSTER else {self.space, CLUSTER}
        """The namespaces whose resources can be meant; None for all."""
        self.subjects = self._subjects() if self.visible and referrer.kind == "RoleBinding" else _NONE
        """Those of the service accounts that a role binding names: they count as its targets write them, so that
        ``default`` does not mean a resource that says nothing."""
        self.rule: Any = None

    def run(self, rules: list[_Rule], hits: list[Hit] | None) -> None:
        """Apply every rule, in order.

        Args:
            hits: where the rules lead; None to walk each by itself.
        """
        try:
            if hits is None:
                for self.rule in rules:
                    walk(self.referrer.node, self.rule.segments, 0, self._at, None)
            else:
                for number, container, key in hits:
                    self.rule = rules[number]
                    self._at(container, key)
        except KustomizeError as error:
            path = self.rule.path
            error.message = (
                f"updating name reference in '{path}' field of '{describe(self.referrer)}': "
                f"considering field '{path}' of object {describe(self.referrer)}: {error.message}"
            )
            origin = self.referrer.origin
            raise error.at(origin.path, line=origin.line, field=path) from None

    def _subjects(self) -> set[str]:
        spaces: set[str] = set()
        subjects = self.referrer.node.get("subjects")
        for subject in subjects if type(subjects) is list else ():
            if type(subject) is dict and text_of(subject.get("kind")) == "ServiceAccount":
                namespace = subject.get("namespace")
                if not (namespace is None or isinstance(namespace, str) or is_quoted(namespace)):
                    raise KustomizeError(
                        f'Invalid Input: namespace is blank for resource "{describe(self.referrer)}"',
                        hint="the namespace of a subject is a string: remove the field, or quote it",
                    ).at(self.referrer.origin.path, line=self.referrer.origin.line, field="subjects")
                if text_of(namespace):
                    spaces.add(text_of(namespace))
        return spaces

    def _at(self, container: Any, key: Any) -> None:
        node = container[key]
        if is_null(node):
            return
        if type(node) is list:
            for i, element in enumerate(node):
                if type(element) is dict:
                    self._map(element)
                elif type(element) is list:
                    raise KustomizeError(
                        "path config error; the list holds lists", hint="a list of references holds names or maps"
                    )
                elif not is_null(element):
                    self._scalar(node, i)
        elif type(node) is dict:
            self._map(node)
        else:
            self._scalar(container, key)

    def _scalar(self, container: Any, key: Any) -> None:
        text = text_of(container[key])
        candidates = self.index.get(text)
        if candidates is None:
            return
        chosen = self._choose(candidates, by_namespace=False)
        if chosen is not None and chosen.name != text:
            put(container, key, untagged(container[key], chosen.name))

    def _map(self, node: dict[str, Any]) -> None:
        name = node.get("name")
        if name is None:
            raise KustomizeError("path config error; no 'name' field in node", hint="the reference needs a name")
        text = text_of(name)
        candidates = self.index.get(text)
        if candidates is None:
            return
        if node.get("namespace") is not None:
            wanted = text_of(node["namespace"])
            if self.spaces.holds(wanted, self.visible, self.subjects):
                candidates = [item for item in candidates if item.original_namespace == wanted]
            else:
                candidates = [item for item in candidates if item.namespace == wanted]
        chosen = self._choose(candidates, by_namespace=True)
        if chosen is None or (chosen.name == text and not chosen.namespace):
            return
        set_field(node, "name", untagged(None, chosen.name))
        if chosen.namespace:
            set_field(node, "namespace", untagged(None, chosen.namespace))

    def _sees(self, item: _Renamed) -> bool:
        """Whether it is in a namespace that the referrer may mean."""
        visible = self.visible
        return (
            visible is None
            or item.namespace in visible
            or (item.written in self.subjects and item.resource.kind == "ServiceAccount")
        )

    def _choose(self, candidates: list[_Renamed], *, by_namespace: bool) -> Resource | None:
        rule = self.rule
        if rule.path.endswith("roleRef/name"):
            role = self.referrer.node.get("roleRef")
            if type(role) is dict and role.get("apiGroup") is not None and role.get("kind") is not None:
                group, kind = text_of(role["apiGroup"]), text_of(role["kind"])
                candidates = [item for item in candidates if _selected(item.resource, group, "", kind)]
        candidates = [
            item
            for item in candidates
            if self._sees(item) and _selected(item.resource, rule.group, rule.version, rule.kind)
        ]
        for lenient in (None, True, False):
            if lenient is not None:
                candidates = [item for item in candidates if _same_affixes(item.resource, self.referrer, lenient)]
            if len(candidates) == 1:
                return candidates[0].resource
            if not candidates:
                return None
        first = candidates[0].resource
        for item in candidates[1:]:
            other = item.resource
            if other.name != first.name or (by_namespace and other.namespace != first.namespace):
                ids = ", ".join(id_text(item.resource.current(), item.resource.namespace) for item in candidates)
                raise KustomizeError(
                    f"found multiple possible referrals: {ids}", hint="give the objects different names"
                )
        return first


def _selected(resource: Resource, group: str, version: str, kind: str) -> bool:
    own_group, own_version = group_version(resource.api_version)
    if (group and group != own_group) or (version and version != own_version):
        return False
    return not kind or kind in [entry[2] for entry in resource.previous]


def _same_affixes(a: Resource, b: Resource, lenient: bool) -> bool:
    return _same_ending(a.prefixes, b.prefixes, lenient) and _same_ending(a.suffixes, b.suffixes, lenient)


def _same_ending(a: list[str], b: list[str], lenient: bool) -> bool:
    if not a or not b:
        return lenient or len(a) == len(b)
    short = min(len(a), len(b))
    return a[-short:] == b[-short:]
