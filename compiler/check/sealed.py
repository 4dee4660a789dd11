"""What an overlay did to sealed objects: beyond labels and annotations, nothing may be done to them.

sops binds a value to its path, a sealed-secrets controller binds it to namespace and name, and a transformer that
copies or merges sees ciphertext. So any other change leaves an object that does not open, or opens to something else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from compiler.check.finding import Finding, Item, Path, format_path
from compiler.check.rendering import Rendering
from compiler.check.rules import found
from compiler.check.schema.objects import is_sops
from compiler.check.shape import map_at

_SCOPE = "sealedsecrets.bitnami.com/"
_DECRYPT = "kustomize.toolkit.fluxcd.io/decrypt"
_MARK = "ENC[AES256_GCM,"
_SHORTEST = 40
"""Characters of the shortest ciphertext that is searched for: a sops value has more, and so has a wrapped key."""


def check_sealed(rendering: Rendering, sealed: Sequence[Item]) -> Iterator[Finding]:
    """Compare sealed objects as they were sealed with what an overlay renders of them.

    Args:
        rendering: the overlay.
        sealed: its sealed objects, before any overlay touched them; Secrets of sops and SealedSecrets count, other
            objects are passed over.

    Yields:
        a finding for each change that breaks or exposes one; none of them shows a value.
    """
    taken: set[int] = set()
    values: dict[str, str] = {}
    for item in sealed:
        if not _is_sealed(item):
            continue
        values |= dict.fromkeys(_ciphertexts(item).values(), item.key.name)
        rendered = rendering.get(item.key.kind, item.key.namespace, item.key.name) or _elsewhere(rendering, item)
        if rendered is None:
            yield found("sealed/missing", item, "", "is sealed for this overlay, but not in its rendering")
            continue
        taken.add(id(rendered))
        yield from _place(item, rendered)
        yield from _keys(item, rendered)
        yield from _annotations(item, rendered)
        yield from _rest(item, rendered)
    for other in rendering.items:
        if id(other) not in taken:
            for path, name in _copies(other.data, values):
                text = f"holds the ciphertext of {name}: whoever copies from a sealed object copies no value"
                yield found("sealed/copied", other, format_path(path), text)


def _is_sealed(item: Item) -> bool:
    return item.key.kind == "SealedSecret" or (item.key.kind == "Secret" and is_sops(item.data))


def _ciphertexts(item: Item) -> dict[str, str]:
    """The sealed values of an object by key."""
    place = ("spec", "encryptedData") if item.key.kind == "SealedSecret" else ("data",)
    return {key: value for key, value in map_at(item.data, *place).items() if isinstance(value, str)}


def _field(item: Item) -> tuple[str, ...]:
    return ("spec", "encryptedData") if item.key.kind == "SealedSecret" else ("data",)


def _elsewhere(rendering: Rendering, item: Item) -> Item | None:
    """The object under another name or namespace: it holds the same ciphertext."""
    ours = set(_ciphertexts(item).values())
    for other in rendering.of_kind(item.key.kind):
        if ours & set(_ciphertexts(other).values()):
            return other
    return None


def _place(item: Item, rendered: Item) -> Iterator[Finding]:
    if rendered.key.name != item.key.name:
        text = f"is sealed as {item.key.name}; under another name it does not open, and nothing refers to it any more"
        yield found("sealed/name", rendered, "metadata.name", text)
    if rendered.key.namespace != item.key.namespace:
        text = f"is sealed for the namespace {item.key.namespace}; set `namespace` in pulp.yaml, then seal anew"
        yield found("sealed/namespace", rendered, "metadata.namespace", text)


def _keys(item: Item, rendered: Item) -> Iterator[Finding]:
    field, wanted, have = _field(item), _ciphertexts(item), _ciphertexts(rendered)
    if item.key.kind == "Secret" and not is_sops(rendered.data):
        text = "has lost its sops block (a generator that merges onto it does that): nothing can open it any more"
        yield found("sealed/unsealed", rendered, "sops", text)
    by_value = {value: key for key, value in have.items() if key not in wanted}
    moved: set[str] = set()
    for key, value in wanted.items():
        path = format_path((*field, key))
        if key not in have and value in by_value:
            moved.add(by_value[value])
            text = f"is sealed under the key {key}; under {by_value[value]} it does not open"
            yield found("sealed/key-moved", rendered, format_path((*field, by_value[value])), text)
        elif key not in have:
            yield found("sealed/key-removed", rendered, path, "a sealed key was removed: nothing can verify the rest")
        elif have[key] != value:
            yield found("sealed/changed", rendered, path, "is not the value that was sealed")
    added = [(*field, key) for key in map_at(rendered.data, *field) if key not in wanted and key not in moved]
    added += [("stringData", key) for key in map_at(rendered.data, "stringData")]
    for place in added:
        text = "was added to a sealed object: it stands in clear in Git, and Flux or the controller refuses it"
        yield found("sealed/key-added", rendered, format_path(place), text)


def _annotations(item: Item, rendered: Item) -> Iterator[Finding]:
    for path in (("metadata", "annotations"), ("spec", "template", "metadata", "annotations")):
        before, after = map_at(item.data, *path), map_at(rendered.data, *path)
        for key in sorted({*before, *after}):
            if before.get(key) == after.get(key):
                continue
            if str(key).startswith(_SCOPE):
                text = "decides how the object was sealed, and may be neither added, dropped nor changed"
                yield found("sealed/scope", rendered, format_path((*path, str(key))), text)
            elif key == _DECRYPT:
                text = "keeps Flux from opening the object"
                yield found("sealed/scope", rendered, format_path((*path, str(key))), text)


def _rest(item: Item, rendered: Item) -> Iterator[Finding]:
    """Whatever else was sealed along: the type, sops' metadata, the template of a SealedSecret."""
    for name, before, after in _fields(item, rendered):
        if before != after:
            yield found("sealed/changed", rendered, name, "is not as it was sealed")


def _fields(item: Item, rendered: Item) -> Iterator[tuple[str, Any, Any]]:
    if item.key.kind == "SealedSecret":
        for name in ("template",):
            before, after = map_at(item.data, "spec", name), map_at(rendered.data, "spec", name)
            yield f"spec.{name}", _without_metadata(before), _without_metadata(after)
        return
    for name in ("type", "immutable"):
        yield name, item.data.get(name), rendered.data.get(name)
    if is_sops(rendered.data):
        yield "sops", item.data.get("sops"), rendered.data.get("sops")


def _without_metadata(template: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in template.items() if key != "metadata"}


def _copies(value: Any, values: Mapping[str, str], path: Path = ()) -> Iterator[tuple[Path, str]]:
    """The places below ``value`` whose text holds a ciphertext of ``values``, and the object that it was sealed for."""
    if isinstance(value, str):
        if value in values and len(value) >= _SHORTEST:
            yield path, values[value]
        elif _MARK in value:
            yield from ((path, name) for text, name in values.items() if text in value)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _copies(item, values, (*path, str(key)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _copies(item, values, (*path, index))
