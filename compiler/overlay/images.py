"""The ``images`` of a kustomization: one entry for an image that changed the same way everywhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]*\Z")
"""Kustomize takes a name for a regular expression; in these the only special character is the dot."""
_LISTS = ("containers", "initContainers")
_FIELDS = ("containers", "initContainers", "volumes")


@dataclass(frozen=True, slots=True)
class ImageChange:
    """An entry of ``images``.

    Args:
        name: the old name, without tag and digest.
        new_name: the new name.
        tag: the new tag.
        digest: the new digest (``sha256:…``).
    """

    name: str
    new_name: str
    tag: str = ""
    digest: str = ""

    def entry(self) -> dict[str, str]:
        """As it stands in a kustomization."""
        entry = {"name": self.name}
        if self.new_name != self.name:
            entry["newName"] = self.new_name
        if self.tag:
            entry["newTag"] = self.tag
        if self.digest:
            entry["digest"] = self.digest
        return entry

    def applied(self, image: str) -> str:
        """What Kustomize makes of ``image``."""
        if not re.match(rf"{self.name}(:[a-zA-Z0-9_.{{}}-]*)?(@sha256:[a-zA-Z0-9_.{{}}-]*)?\Z", image):
            return image
        _, tag, digest = split(image)
        if self.tag or self.digest:
            tag, digest = self.tag, self.digest
        return self.new_name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")


def split(image: str) -> tuple[str, str, str]:
    """Name, tag and digest of an image; a colon before the first slash is a port."""
    start = image.find("/") + 1
    rest, _, digest = image[start:].partition("@")
    name, _, tag = rest.partition(":")
    return image[:start] + name, tag, digest


def apply_all(changes: Sequence[ImageChange], image: str) -> str:
    """What the entries make of an image, one after another; Kustomize runs each of them twice."""
    for change in changes:
        image = change.applied(change.applied(image))
    return image


Pair = tuple[dict[str, Any], dict[str, Any]]


def image_changes(pairs: Iterable[Pair], new: Iterable[dict[str, Any]]) -> tuple[ImageChange, ...]:
    """The entries that say as many changes of images as possible, and change no other image.

    Args:
        pairs: the objects that the parent has too: as they are, as they are wanted.
        new: the objects that only the wanted model has.

    Returns:
        The entries, sorted by name; none when an object has something else where Kustomize looks for images.
    """
    pairs, new = list(pairs), list(new)
    if not all(_regular(obj) for obj in [*(one for pair in pairs for one in pair), *new]):
        return ()
    images: list[tuple[str | None, str]] = []
    for old, wanted in pairs:
        images += [(before, after) for before, after in _paired(old, wanted) if after is not None]
    images += [(None, image) for obj in new for image in _images(obj)]
    fixed = [text for obj in [*(wanted for _, wanted in pairs), *new] for text in _references(obj)]
    changes = _candidates(images)
    while True:
        spoiled = _spoiled(changes, images, fixed)
        if not spoiled:
            return changes
        changes = tuple(change for change in changes if change not in spoiled)


def with_old_images(old: dict[str, Any], wanted: dict[str, Any], changes: Sequence[ImageChange]) -> dict[str, Any]:
    """``wanted`` with the old image wherever the entries will make the wanted one of it."""
    if not changes or old.get("kind") == "CustomResourceDefinition":
        return wanted

    def choose(before: Any, after: Any) -> Any:
        if isinstance(before, str) and isinstance(after, str) and apply_all(changes, before) == after:
            return before
        return after

    replaced = _walk(old, wanted, choose)
    assert isinstance(replaced, dict)  # noqa: S101 - the root of an object is a map
    return replaced


def _candidates(images: Iterable[tuple[str | None, str]]) -> tuple[ImageChange, ...]:
    targets: dict[str, set[str]] = {}
    for before, after in images:
        if before is not None and before != after:
            targets.setdefault(split(before)[0], set()).add(after)
    found = []
    for name, wanted in sorted(targets.items()):
        if len(wanted) == 1 and _NAME.match(name):
            found.append(ImageChange(name, *split(next(iter(wanted)))))
    return tuple(found)


def _spoiled(
    changes: Sequence[ImageChange], images: Iterable[tuple[str | None, str]], fixed: Iterable[str]
) -> set[ImageChange]:
    """The entries that stand in the way of an image which must come out as it is wanted."""
    spoiled: set[ImageChange] = set()
    for before, after in images:
        if before is not None and apply_all(changes, before) == after:
            continue
        if apply_all(changes, after) != after:
            spoiled.update(change for change in changes if change.applied(after) != after)
    for text in fixed:
        spoiled.update(change for change in changes if change.applied(text) != text)
    for change in changes:
        if not any(before and before != after and apply_all(changes, before) == after for before, after in images):
            spoiled.add(change)
    return spoiled


def _paired(old: dict[str, Any], wanted: dict[str, Any]) -> list[tuple[str | None, str | None]]:
    found: list[tuple[str | None, str | None]] = []

    def collect(before: Any, after: Any) -> Any:
        found.append((before if isinstance(before, str) else None, after if isinstance(after, str) else None))
        return after

    if wanted.get("kind") != "CustomResourceDefinition":
        _walk(old, wanted, collect)
    return found


def _images(obj: dict[str, Any]) -> list[str]:
    return [after for _, after in _paired({}, obj) if after is not None]


def _walk(old: Any, wanted: Any, choose: Callable[[Any, Any], Any]) -> Any:
    """``wanted`` with ``choose(old image, wanted image)`` for every image of a list of containers, wherever it is."""
    if isinstance(wanted, dict):
        before = old if isinstance(old, dict) else {}
        return {
            key: _containers(before.get(key), value, choose)
            if key in _LISTS and isinstance(value, list)
            else _walk(before.get(key), value, choose)
            for key, value in wanted.items()
        }
    if isinstance(wanted, list):
        elements = old if isinstance(old, list) and len(old) == len(wanted) else [None] * len(wanted)
        return [_walk(before, value, choose) for before, value in zip(elements, wanted, strict=True)]
    return wanted


def _containers(old: Any, wanted: list[Any], choose: Callable[[Any, Any], Any]) -> list[Any]:
    elements = [element for element in old if isinstance(element, dict)] if isinstance(old, list) else []
    by_name = {element.get("name"): element for element in elements if isinstance(element.get("name"), str)}
    result = []
    for element in wanted:
        if isinstance(element, dict):
            name = element.get("name")
            before = by_name.get(name) if isinstance(name, str) else None
            walked = _walk(before, element, choose)
            if "image" in element:
                walked["image"] = choose((before or {}).get("image"), element["image"])
            result.append(walked)
        else:
            result.append(element)
    return result


def _regular(obj: dict[str, Any]) -> bool:
    """Whether Kustomize finds lists of maps with images as text, or nothing, everywhere it looks."""
    spec = obj.get("spec")
    if not isinstance(spec, dict | None):
        return False
    template = (spec or {}).get("template")
    if not isinstance(template, dict | None) or not isinstance((template or {}).get("spec"), dict | None):
        return False
    for place in (spec or {}, ((template or {}).get("spec") or {})):
        for name in _FIELDS:
            value = place.get(name)
            if value is not None and not (isinstance(value, list) and all(isinstance(one, dict) for one in value)):
                return False
    return all(isinstance(one, dict) and isinstance(one.get("image"), str | None) for one in _all_containers(obj)) and (
        all(isinstance(one, dict | None) for one in _volume_images(obj))
    )


def _all_containers(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for key, below in value.items():
            if key in _LISTS and isinstance(below, list):
                yield from below
            yield from _all_containers(below)
    elif isinstance(value, list):
        for below in value:
            yield from _all_containers(below)


def _volume_images(obj: dict[str, Any]) -> Iterator[Any]:
    spec = obj.get("spec") or {}
    template = spec.get("template") or {}
    for place in (spec, template.get("spec") or {}):
        yield from (volume.get("image") for volume in place.get("volumes") or [] if isinstance(volume, dict))


def _references(obj: dict[str, Any]) -> Iterator[str]:
    """Images that are mounted as volumes: Kustomize 5.8 changes them too, so no entry may match one."""
    for image in _volume_images(obj):
        if isinstance(image, dict) and isinstance(image.get("reference"), str):
            yield image["reference"]
