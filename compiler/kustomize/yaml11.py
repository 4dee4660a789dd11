"""Reading YAML 1.1 as plain data, as go-yaml v2 does: kustomizations, configurations and JSON patches (section 4)."""

from __future__ import annotations

from typing import Any

from compiler.kustomize.reader import read_document
from compiler.kustomize.scalars import Quoted, Scalar, is_null, resolve_plain, text_of
from compiler.kustomize.values import value_of

_TRUE = frozenset(["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"])
_FALSE = frozenset(["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"])


def resolve_yaml11(text: str) -> Any:
    """The plain value of a plain scalar by YAML 1.1 (``yes`` and ``on`` are booleans, dates stay strings)."""
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    node = resolve_plain(text)
    if type(node) is not Scalar:
        return node
    if is_null(node):
        return None
    if node.tag == "timestamp":
        return text_of(node)
    return value_of(node)


def read_yaml11(text: str, first_line: int = 0) -> tuple[Any, int, tuple[str, int] | None]:
    """The first document of a text as plain data, its line, and the first duplicate key (the last value wins).

    Raises:
        KustomizeError: malformed YAML.
    """
    document = read_document(text, first_line, resolve_yaml11, strict_keys=False)
    if document is None:
        return None, first_line + 1, None
    return _unquoted(document.node), document.line, document.problem


def _unquoted(node: Any) -> Any:
    if type(node) is dict:
        return {str(key): _unquoted(value) for key, value in node.items()}
    if type(node) is list:
        return [_unquoted(value) for value in node]
    return str(node) if isinstance(node, Quoted) else node


def json_key(value: Any) -> str | None:
    """A key as JSON has it (sigs.k8s.io/yaml); None for one that it refuses."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if value < 1 << 63 else None
    if value is None:
        return None
    from compiler.kustomize.jsonpatch import go_single

    return _UNBOUNDED.get(text := go_single(value), text)


_UNBOUNDED = {"+Inf": ".inf", "-Inf": "-.inf"}
