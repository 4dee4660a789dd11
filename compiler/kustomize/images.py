"""The image transformer (kustomize.md, 8.6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.fieldspec import Specs
from compiler.kustomize.patterns import compile_pattern
from compiler.kustomize.resource import Resource, Resources
from compiler.kustomize.scalars import is_null, text_of
from compiler.kustomize.setter import put, untagged

Found = list[tuple[Resource, list[tuple[Any, Any]]]]
"""Resources that have images, each with their places in the order in which they are written."""

_TAG = "(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?"


def set_images(
    resources: Resources, images: Sequence[Mapping[str, str]], specs: Specs, found: Found | None = None
) -> None:
    """Rewrite images by the entries of ``images``, one after another.

    The real tool finds images twice, by walking for ``containers`` and by field specs, so ``tagSuffix`` counts twice.

    Args:
        found: where images are, for entries that run right after one another, none of which changes a kind; empty
            before the first.

    Raises:
        KustomizeError: an image is not a string.
    """
    updaters = [_updater(image) for image in images]
    if not updaters:
        return
    for resource, places in found or _found(resources, specs, found):
        try:
            for update in updaters:
                for container, key in places:
                    old = container[key]
                    new = update(old if type(old) is str else text_of(old))
                    if new is not None:
                        put(container, key, untagged(old, new))
        except KustomizeError as error:
            raise error.at(resource.origin.path, line=resource.origin.line) from None


def _found(resources: Resources, specs: Specs, found: Found | None) -> Found:
    found = [] if found is None else found
    for resource in resources:
        if resource.kind == "CustomResourceDefinition":
            continue
        places: list[tuple[Any, Any]] = []
        try:
            _find(resource.node, places)
            specs.each(resource, partial(_add, places))
        except KustomizeError as error:
            raise error.at(resource.origin.path, line=resource.origin.line) from None
        if places:
            found.append((resource, places))
    return found


def _add(places: list[tuple[Any, Any]], container: Any, key: Any) -> None:
    _require_scalar(container[key])
    places.append((container, key))


def _require_scalar(value: Any) -> None:
    if type(value) is dict or type(value) is list:
        kind = "MappingNode" if isinstance(value, dict) else "SequenceNode"
        raise KustomizeError(
            f"wrong node kind: expected ScalarNode but got {kind}", hint="an image is a string, like name:tag"
        )


def _find(root: Any, places: list[tuple[Any, Any]]) -> None:
    todo = [root]
    add = todo.append
    for node in todo:
        if type(node) is dict:
            for value in node.values():
                kind = type(value)
                if kind is not str and (kind is dict or kind is list):
                    add(value)
            if "containers" in node:
                _images(node["containers"], places)
            if "initContainers" in node:
                _images(node["initContainers"], places)
        else:
            for value in node:
                kind = type(value)
                if kind is dict or kind is list:
                    add(value)


def _images(elements: Any, places: list[tuple[Any, Any]]) -> None:
    if type(elements) is not list:
        return
    for element in elements:
        if type(element) is dict:
            if "image" in element:
                _add(places, element, "image")
        elif not is_null(element):
            raise KustomizeError("wrong node kind: expected MappingNode but got a list or scalar")


def _updater(image: Mapping[str, str]) -> Callable[[str], str | None]:
    name = image.get("name", "")
    matches = compile_pattern(f"^{name}{_TAG}$", literal=name, tail=_TAG)
    new_name, new_tag = image.get("newName", ""), image.get("newTag", "")
    digest, tag_suffix = image.get("digest", ""), image.get("tagSuffix", "")

    @cache
    def update(text: str) -> str | None:
        if not matches(text):
            return None
        result, tag, old_digest = split_image(text)
        result = new_name or result
        if new_tag and digest:
            tag, old_digest = new_tag, digest
        elif new_tag:
            tag, old_digest = new_tag, ""
        elif digest:
            tag, old_digest = "", digest
        elif tag_suffix:
            tag, old_digest = tag + tag_suffix, ""
        if tag:
            result += f":{tag}"
        return f"{result}@{old_digest}" if old_digest else result

    return update


def split_image(text: str) -> tuple[str, str, str]:
    """An image reference as name, tag and digest."""
    slash = text.find("/") + 1
    rest = text[slash:]
    digest = ""
    if "@" in rest:
        rest, _, digest = rest.partition("@")
    name, _, tag = rest.partition(":")
    return text[:slash] + name, tag, digest
