"""Replacements: copying a value from one object into others (kustomize.md, section 15)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import getitem
from typing import Any, NamedTuple

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.fieldpath import find_at_once, find_places, get_place, split_field_path
from compiler.kustomize.identity import Id, group_version
from compiler.kustomize.kustfile import line_of
from compiler.kustomize.loader import Loader
from compiler.kustomize.patterns import anchored, is_literal
from compiler.kustomize.reader import decode
from compiler.kustomize.resource import Resource, Resources
from compiler.kustomize.scalars import Quoted, copy, is_nil_or_empty, text_of
from compiler.kustomize.selectors import label_selector
from compiler.kustomize.setter import put, untagged, with_text
from compiler.kustomize.strict import decode as decode_struct
from compiler.kustomize.structured import set_in_text
from compiler.kustomize.yaml11 import read_yaml11

Entry = Mapping[str, Any]
_ID_FIELDS = ("group", "version", "kind", "name", "namespace")


class Place(NamedTuple):
    """Where an entry stands: in a field of the kustomization, or of a file."""

    field: str
    path: str | None = None
    text: str = ""

    def within(self, error: KustomizeError) -> KustomizeError:
        """The error with this place filled in."""
        error.field = ".".join(filter(None, (self.field, error.field))) or None
        return error if self.path is None else error.at(self.path, line=line_of(self.text, error.field or ""))


def read_replacements(entries: Sequence[Entry], loader: Loader) -> list[tuple[Entry, Place]]:
    """The entries with those in files read, each with where it stands.

    Raises:
        KustomizeError: a file that cannot be read, or an entry with both a path and a replacement.
    """
    found: list[tuple[Entry, Place]] = []
    for index, entry in enumerate(entries):
        path = entry.get("path")
        if not path:
            found.append((entry, Place(f"replacements[{index}]")))
            continue
        if entry.get("source") or entry.get("targets") or entry.get("sourceValue") is not None:
            raise KustomizeError(
                "cannot specify both path and inline replacement", field=f"replacements[{index}]", hint="remove one"
            )
        content, where = loader.load(path)
        text = ""
        try:
            text = decode(content)
            data = read_yaml11(text)[0]
            if not isinstance(data, list | dict):
                kind = "invalid" if data is None else "string" if isinstance(data, str) else type(data).__name__
                raise KustomizeError(
                    f"unsupported replacement type encountered within replacement path: {kind}",
                    hint="the file holds a replacement or a list of them",
                )
            for i, item in enumerate(data if isinstance(data, list) else [data]):
                place = Place(f"[{i}]" if isinstance(data, list) else "", where, text)
                found.append((decode_struct(item, "Replacement", what="", known_only=False, coerce=True), place))
        except KustomizeError as error:
            raise error.at(where, line=line_of(text, error.field) if error.field else None) from None
    return found


def apply_replacements(resources: Resources, entries: Sequence[tuple[Entry, Place]]) -> None:
    """Apply the replacements, one after another.

    Raises:
        KustomizeError: no source, no such field, or a target that cannot take the value.
    """
    for entry, place in entries:
        try:
            _apply(resources, entry)
        except KustomizeError as error:
            raise place.within(error) from None
    if entries:
        resources.changed()


def _apply(resources: Resources, entry: Entry) -> None:
    source, constant = entry.get("source"), entry.get("sourceValue")
    if (source is None and constant is None) or entry.get("targets") is None:
        raise KustomizeError(
            "replacements must specify a source and at least one target", hint="add source and targets"
        )
    if source is not None and constant is not None:
        raise KustomizeError("value and resource selectors are mutually exclusive", hint="remove source or sourceValue")
    read = partial(untagged, None, constant or "") if source is None else _find_source(resources, source)
    for index, target in enumerate(entry["targets"]):
        try:
            _apply_target(resources, target, read)
        except KustomizeError as error:
            error.field = f"targets[{index}]{error.field or ''}"
            raise


def _find_source(resources: Resources, source: Entry) -> Callable[[], Any]:
    """What reads the value: where a target is the source itself, later ones get what was made of it, as there.

    A part of a value (``options.delimiter``) is taken once.
    """
    candidates = resources.named(source["name"]) if source.get("name") else resources.items
    found = [resource for resource in candidates if any(_is_selected(one, source) for one in resource.all_ids())]
    said = _selector_text(source)
    asked = f"{said}:{source['fieldPath']}" if source.get("fieldPath") else said
    if not found:
        raise KustomizeError(f"nothing selected by {asked}", hint=_similar(resources, source))
    if len(found) > 1:
        places = ", ".join(f"{resource.origin.path}:{resource.origin.line}" for resource in found[:5])
        raise KustomizeError(f"multiple matches for selector {asked}", hint=f"it selects {places}: say more in source")
    path = source.get("fieldPath") or "metadata.name"
    try:
        place = get_place(found[0].node, split_field_path(path))
    except KustomizeError as error:
        raise KustomizeError(f"error looking up replacement source: {error.message}") from None
    value = None if place is None else place[0][place[1]]
    if is_nil_or_empty(value):
        raise KustomizeError(f"fieldPath `{path}` is missing for replacement source {said}")
    options = source.get("options") or {}
    delimiter = options.get("delimiter")
    if not delimiter:
        assert place is not None  # noqa: S101 - it has a value
        return partial(getitem, *place)
    if isinstance(value, dict | list):
        raise KustomizeError("delimiter option can only be used with scalar nodes")
    parts = text_of(value).split(delimiter)
    index = options.get("index", 0)
    if not 0 <= index < len(parts):
        raise KustomizeError(f"options.index {index} is out of bounds for value {text_of(value)}")
    return partial(with_text, value, parts[index])


def _is_selected(identity: Id, selector: Entry) -> bool:
    group, version = group_version(identity.api_version)
    return (
        selector.get("group", "") in ("", group)
        and selector.get("version", "") in ("", version)
        and selector.get("kind", "") in ("", identity.kind)
        and selector.get("name", "") in ("", identity.name)
        and selector.get("namespace", "") in ("", identity.namespace)
    )


def _selector_text(selector: Entry) -> str:
    values = {field: selector.get(field, "") for field in _ID_FIELDS}
    return (
        f"{values['kind'] or '[noKind]'}.{values['version'] or '[noVer]'}.{values['group'] or '[noGrp]'}"
        f"/{values['name'] or '[noName]'}.{values['namespace'] or '[noNs]'}"
    )


def _similar(resources: Resources, source: Entry) -> str | None:
    from difflib import get_close_matches

    names = [resource.name for resource in resources if source.get("kind", "") in ("", resource.kind)]
    near = get_close_matches(source.get("name", ""), names, 1, 0.6)
    return f"did you mean {near[0]}?" if near else None


class _Selector:
    """A target's ``select`` or ``reject``, ready to match."""

    def __init__(self, selector: Entry) -> None:
        self.tests = [
            (position, anchored(selector[field])) for position, field in enumerate(_ID_FIELDS) if selector.get(field)
        ]
        self.kind = next((test for position, test in self.tests if position == _ID_FIELDS.index("kind")), None)
        self.only_kind = len(self.tests) == (self.kind is not None)
        """Whether :meth:`may_match` is all there is to ask of an id."""
        self.has_id = any(selector.get(field) for field in _ID_FIELDS)
        self.namespace = selector.get("namespace", "")
        self.labels = label_selector(selector.get("labelSelector", ""))
        self.annotations = label_selector(selector.get("annotationSelector", ""))

    def may_match(self, resource: Resource) -> bool:
        """Whether any kind that the resource has or had fits: asked first, for it is cheap."""
        kind, own = self.kind, resource.kind
        if kind is None or kind(own):
            return True
        return any(map(kind, {earlier for _, _, earlier in resource.previous} - {own}))

    def matches_id(self, identity: Id) -> bool:
        for position, test in self.tests:
            if not test(identity[position - 1] if position > 1 else group_version(identity.api_version)[position]):
                return False
        return True

    def rejects(self, resource: Resource, ids: list[Id]) -> bool:
        """Whether a ``reject`` holds: by its selectors, or by its id for any id that the resource has or had."""
        if (self.labels is not None or self.annotations is not None) and self.matches_selectors(resource):
            return True
        return self.has_id and any(map(self.matches_id, ids))

    def matches_selectors(self, resource: Resource) -> bool:
        if self.labels is not None and not self.labels(resource.strings("labels")):
            return False
        return self.annotations is None or self.annotations(resource.strings("annotations"))


def _apply_target(resources: Resources, target: Entry, read: Callable[[], Any]) -> None:
    select = target.get("select")
    if select is None:
        raise KustomizeError("target must specify resources to select", hint="add select: {kind: …, name: …}")
    chosen = _Selector(select)
    rejected = [_Selector(entry) for entry in target.get("reject", ())]
    paths = target.get("fieldPaths") or ["metadata.name"]
    options = target.get("options") or {}
    name = select.get("name", "")
    candidates = list(resources.named(name)) if name and is_literal(name) else resources.items
    renames = any(path.startswith(("metadata", "kind", "apiVersion")) for path in paths)
    for resource in candidates:
        if not chosen.may_match(resource) or not chosen.matches_selectors(resource):
            continue
        if rejected or not chosen.only_kind:
            # The namespace as it is written: here alone the real tool does not count a missing one as default.
            ids = [*resource.earlier(), resource.current()._replace(namespace=resource.namespace)]
            if not any(map(chosen.matches_id, ids)) or any(one.rejects(resource, ids) for one in rejected):
                continue
        for index, path in enumerate(paths):
            try:
                _copy_value(resource, read, path, options)
            except KustomizeError as error:
                if target.get("fieldPaths"):
                    error.field = f".fieldPaths[{index}]"
                origin = resource.origin
                about = f"the object is {resource.kind}/{resource.name} of {origin.path}:{origin.line}"
                error.hint = f"{about}: {error.hint}" if error.hint else about
                raise
    if renames:
        resources.changed()


def _copy_value(resource: Resource, read: Callable[[], Any], path: str, options: Entry) -> None:
    node = resource.node
    segments = split_field_path(path)
    places = None if options.get("create") else find_at_once(node, segments)
    if not places:
        value = read()
        made = _maker(value, resource.flow) if options.get("create") else None
        said = f'unable to find{"" if made is None else " or create"} field "{path}" in replacement target'
        try:
            if len(segments) > 1 and set_in_text(node, segments, value, made):
                return
            places = find_places(node, segments, made)
        except KustomizeError as error:
            raise KustomizeError(f"{said}: {error.message}", hint=error.hint, unsupported=error.unsupported) from None
        if not places:
            raise KustomizeError(said, hint="check the path, or set options.create to make the field")
    for container, key in places:
        _set(container, key, read(), options)


def _maker(value: Any, flow: bool) -> Any:
    if isinstance(value, dict):
        return dict
    if isinstance(value, list):
        return list
    # Between braces go-yaml cannot leave out a value: an empty text stays one, where elsewhere it becomes a null.
    return (lambda: Quoted("")) if flow and not text_of(value) else lambda: untagged(None, "")


def _set(container: Any, key: Any, value: Any, options: Entry) -> None:
    old = container[key]
    delimiter = options.get("delimiter")
    text = text_of(value)
    if delimiter:
        if isinstance(old, dict | list):
            raise KustomizeError("delimiter option can only be used with scalar nodes")
        parts = text_of(old).split(delimiter)
        index = options.get("index", 0)
        if index < 0:
            parts.insert(0, text)
        elif index >= len(parts):
            parts.append(text)
        else:
            parts[index] = text
        text = delimiter.join(parts)
    if isinstance(old, dict | list):
        container[key] = copy(value)
    else:
        put(container, key, with_text(old, text))
