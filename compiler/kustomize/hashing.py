"""The name suffix of generated ConfigMaps and Secrets (kustomize.md, 12.5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.lazy import Pattern
from compiler.kustomize.resource import Resources
from compiler.kustomize.scalars import text_of
from compiler.kustomize.setter import untagged
from compiler.kustomize.values import plain

_GO_ESCAPES = Pattern('["\\\\\\x00-\\x1f<>&\u2028\u2029]')
_SHORT_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_LETTERS = str.maketrans("013ae", "ghkmt")


def add_hashes(resources: Resources, read: Callable[[str], bytes] | None = None) -> None:
    """Rename every resource that is marked as needing a hash suffix.

    Args:
        read: the bytes of a file, for kinds other than ConfigMap and Secret; None when transformers have run.
    """
    changed = False
    for resource in resources:
        if resource.needs_hash:
            try:
                if not resource.name:
                    raise KustomizeError(
                        "missing metadata.name in an object that needs a hash suffix",
                        hint="a patch has taken its name: leave it",
                    )
                if resource.kind in ("ConfigMap", "Secret"):
                    suffix = content_hash(resource.node)
                else:
                    from compiler.kustomize.nodehash import document_json

                    suffix = short_hash(document_json(resource, read))
            except KustomizeError as error:
                raise error.at(resource.origin.path, line=resource.origin.line) from None
            resource.push_history()
            metadata = resource.node["metadata"]
            metadata["name"] = untagged(metadata["name"], f"{resource.name}-{suffix}")
            changed = True
    if changed:
        resources.changed()


def content_hash(node: dict[str, Any]) -> str:
    """The ten characters for a ConfigMap's or Secret's content; its own name does not count (a bug kept)."""
    kind = text_of(node.get("kind"))
    content: dict[str, Any] = {"kind": kind, "name": ""}
    content["data"] = _values(node.get("data"))
    extra = "binaryData" if kind == "ConfigMap" else "stringData"
    if type(node.get(extra)) in (dict, list):
        content[extra] = _values(node[extra])
    if kind == "Secret":
        content["type"] = text_of(node.get("type"))
    return short_hash(go_json(content))


def short_hash(text: str) -> str:
    """The first ten hexadecimal digits of a text's SHA-256, in the letters of Kubernetes' safe encoding."""
    digest: str = _sha256()(text.encode("utf-8", "surrogatepass")).hexdigest()
    return digest[:10].translate(_LETTERS)


def _sha256() -> Any:
    """Python's own SHA-256 where it has one, as its ``random`` does: hashlib would load all of OpenSSL, for 2 ms."""
    from importlib import import_module

    for name in ("_sha2", "_sha256", "hashlib"):  # of Python 3.12, of 3.11, of one that was built without
        try:
            return import_module(name).sha256
        except ImportError:
            continue
    raise AssertionError("hashlib is always there")


def _values(node: Any) -> Any:
    if isinstance(node, list):
        return None  # it is read into a map, which fails and leaves none
    return plain(node) if isinstance(node, dict) else text_of(node)


def go_json(data: Any, *, indent: int | None = None, depth: int = 0, exact: bool = False) -> str:
    """JSON as Go's encoder writes it: sorted keys, no spaces, ``< > &`` escaped.

    Args:
        indent: spaces per level; None for one line.
        exact: integers stay integers; else every number is a double.
    """
    if isinstance(data, dict):
        pairs = sorted(data.items(), key=lambda pair: pair[0].encode("utf-8", "surrogatepass"))
        colon = ":" if indent is None else ": "
        items = [
            f"{go_string(key)}{colon}{go_json(value, indent=indent, depth=depth + 1, exact=exact)}"
            for key, value in pairs
        ]
        return _enclosed("{", items, "}", indent, depth)
    if isinstance(data, list):
        items = [go_json(item, indent=indent, depth=depth + 1, exact=exact) for item in data]
        return _enclosed("[", items, "]", indent, depth)
    if isinstance(data, str):
        return go_string(data)
    if data is None or isinstance(data, bool):
        return {None: "null", True: "true", False: "false"}[data]
    return str(data) if exact and isinstance(data, int) else _go_number(float(data))


def _enclosed(start: str, items: list[str], end: str, indent: int | None, depth: int) -> str:
    if indent is None or not items:
        return f"{start}{','.join(items)}{end}"
    pad = "\n" + " " * (indent * (depth + 1))
    return f"{start}{pad}{f',{pad}'.join(items)}\n{' ' * (indent * depth)}{end}"


def go_string(text: str) -> str:
    """A JSON string as Go's encoder writes it."""
    escaped = _GO_ESCAPES.sub(lambda match: _SHORT_ESCAPES.get(match[0]) or f"\\u{ord(match[0]):04x}", text)
    return f'"{escaped}"'


def _go_number(value: float) -> str:
    from compiler.kustomize.scalartext import shortest_digits

    if value == 0:
        return "-0" if str(value)[0] == "-" else "0"
    digits, exponent = shortest_digits(value)
    sign = "-" if value < 0 else ""
    if exponent < -6 or exponent >= 21:
        tail = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{sign}{digits[0]}{tail}e{'-' if exponent < 0 else '+'}{abs(exponent):02}"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    whole, rest = digits[: exponent + 1].ljust(exponent + 1, "0"), digits[exponent + 1 :]
    return f"{sign}{whole}.{rest}" if rest else f"{sign}{whole}"
