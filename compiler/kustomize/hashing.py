"""The name suffix of generated ConfigMaps and Secrets (kustomize.md, 12.5)."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.lazy import Pattern
from compiler.kustomize.resource import Resources
from compiler.kustomize.scalars import plain, text_of, untagged

_GO_ESCAPES = Pattern("[<>&\u2028\u2029]")
_LETTERS = str.maketrans("013ae", "ghkmt")


def add_hashes(resources: Resources) -> None:
    """Rename every resource that is marked as needing a hash suffix."""
    changed = False
    for resource in resources:
        if resource.needs_hash:
            try:
                suffix = content_hash(resource.node)
            except KustomizeError as error:
                raise error.at(resource.origin.path, line=resource.origin.line) from None
            resource.push_history()
            metadata = resource.node["metadata"]
            metadata["name"] = untagged(metadata["name"], f"{resource.name}-{suffix}")
            changed = True
    if changed:
        resources.changed()


def content_hash(node: dict[str, Any]) -> str:
    """The ten characters that name an object's content; the object's own name does not count (a bug kept)."""
    kind = text_of(node.get("kind"))
    content: dict[str, Any] = {"kind": kind, "name": ""}
    if kind in ("ConfigMap", "Secret"):
        data = node.get("data")
        content["data"] = _values(data)
        extra = "binaryData" if kind == "ConfigMap" else "stringData"
        if type(node.get(extra)) is dict:
            content[extra] = _values(node[extra])
        if kind == "Secret":
            content["type"] = text_of(node.get("type"))
    else:
        raise KustomizeError(
            f"a hash suffix on a {kind or 'nameless kind'} is not supported: only ConfigMaps and Secrets have one",
            hint="remove the annotation internal.config.kubernetes.io/needsHashSuffix",
            unsupported=True,
        )
    digest = hashlib.sha256(go_json(content).encode("utf-8", "surrogatepass")).hexdigest()
    return digest[:10].translate(_LETTERS)


def _values(node: Any) -> Any:
    return plain(node) if isinstance(node, dict | list) else text_of(node)


def go_json(data: Any, *, indent: int | None = None, depth: int = 0) -> str:
    """JSON as Go's encoder writes it: sorted keys, no spaces, numbers as doubles, ``< > &`` escaped.

    Args:
        indent: spaces per level; None for one line.
    """
    if isinstance(data, dict):
        pairs = sorted(data.items(), key=lambda pair: pair[0].encode("utf-8", "surrogatepass"))
        colon = ":" if indent is None else ": "
        items = [f"{_go_string(key)}{colon}{go_json(value, indent=indent, depth=depth + 1)}" for key, value in pairs]
        return _enclosed("{", items, "}", indent, depth)
    if isinstance(data, list):
        return _enclosed("[", [go_json(item, indent=indent, depth=depth + 1) for item in data], "]", indent, depth)
    if isinstance(data, str):
        return _go_string(data)
    if data is None or isinstance(data, bool):
        return {None: "null", True: "true", False: "false"}[data]
    return _go_number(float(data))


def _enclosed(start: str, items: list[str], end: str, indent: int | None, depth: int) -> str:
    if indent is None or not items:
        return f"{start}{','.join(items)}{end}"
    pad = "\n" + " " * (indent * (depth + 1))
    return f"{start}{pad}{f',{pad}'.join(items)}\n{' ' * (indent * depth)}{end}"


def _go_string(text: str) -> str:
    encoded = json.dumps(text, ensure_ascii=False)
    return _GO_ESCAPES.sub(lambda match: f"\\u{ord(match[0]):04x}", encoded)


def _go_number(value: float) -> str:
    from compiler.kustomize.printer import shortest_digits

    if value == 0:
        return "0"
    digits, exponent = shortest_digits(value)
    sign = "-" if value < 0 else ""
    if exponent < -6 or exponent >= 21:
        tail = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{sign}{digits[0]}{tail}e{'-' if exponent < 0 else '+'}{abs(exponent):02}"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    whole, rest = digits[: exponent + 1].ljust(exponent + 1, "0"), digits[exponent + 1 :]
    return f"{sign}{whole}.{rest}" if rest else f"{sign}{whole}"
