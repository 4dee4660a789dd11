"""The name suffix of generated ConfigMaps and Secrets (kustomize.md, 12.5)."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.resource import Resources
from compiler.kustomize.scalars import is_null, text_of, untagged

_GO_ESCAPES = re.compile("[<>&\u2028\u2029]")
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
        content["data"] = "" if data is None or is_null(data) else _texts(data)
        extra = "binaryData" if kind == "ConfigMap" else "stringData"
        if type(node.get(extra)) is dict:
            content[extra] = _texts(node[extra])
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


def _texts(node: Any) -> Any:
    return {str(key): text_of(value) for key, value in node.items()} if type(node) is dict else text_of(node)


def go_json(data: Any, *, indent: int | None = None) -> str:
    """JSON as Go's encoder writes it: sorted keys, no spaces, ``< > &`` and line separators escaped."""
    separators = (",", ":") if indent is None else (",", ": ")
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=separators, indent=indent)
    text = text.replace("\\u007f", "\x7f")
    return _GO_ESCAPES.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
