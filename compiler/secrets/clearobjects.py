"""Secrets in clear among Kubernetes objects: their values, false seals, and generators that would make such Secrets."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

import yaml

from compiler.secrets.sopsfile import is_sealed_value

_MENTION = re.compile(r"kind[\"']?\s*:\s*[\"']?(Sealed)?Secret\b|\bsecretGenerator\b")
_SCOPES = ("sealedsecrets.bitnami.com/cluster-wide", "sealedsecrets.bitnami.com/namespace-wide")
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_SEALED_NAME = re.compile(r"\.(sops|enc|encrypted)(\.|$)")
_ARMOR = "-----BEGIN AGE ENCRYPTED FILE-----"
_KEY_SOURCES = ("age", "pgp", "kms", "gcp_kms", "azure_kv", "hc_vault", "key_groups")
_DEEPEST = 8


def in_text(path: str, text: str) -> Iterator[tuple[int, str]]:
    """The Secrets in clear of a file.

    Args:
        path: its name says whether it is YAML or JSON.
        text: what it holds.

    Yields:
        line from 1, 0 for the whole file; and what is there, in words.
    """
    # An object's kind may be escaped or tagged in YAML and JSON, so those are parsed, but for what cannot spell it.
    parsed = path.endswith((".yaml", ".yml", ".json")) or path.rpartition("/")[2] == "Kustomization"
    mentioned = "ecret" in text and _MENTION.search(text) is not None
    if not (parsed and ("ecret" in text or "\\" in text)) and (
        not mentioned or path.endswith((".py", ".md", ".go", ".sh", ".toml"))
    ):
        return
    try:
        documents = list(yaml.compose_all(text, Loader=yaml.CSafeLoader))
    except (yaml.YAMLError, RecursionError):
        if parsed and mentioned:
            yield 0, "it mentions a Secret, but is not readable as YAML or JSON"
        return
    for document in documents:
        yield from _object(document, 0)


def _object(node: yaml.Node | None, depth: int) -> Iterator[tuple[int, str]]:
    if isinstance(node, yaml.SequenceNode) and depth < _DEEPEST:
        for item in node.value:
            yield from _object(item, depth + 1)
    if not isinstance(node, yaml.MappingNode) or depth >= _DEEPEST:
        return
    kinds = [_scalar(value) for value in _values(node, "kind")]
    for items in _values(node, "items"):
        yield from _object(items, depth + 1)
    if "Secret" in kinds:
        yield from _secret(node)
    if "SealedSecret" in kinds:
        yield from _sealed_secret(node)
    for generators in _values(node, "secretGenerator"):
        for generator in generators.value if isinstance(generators, yaml.SequenceNode) else []:
            yield from _generator(generator)
    if "SecretGenerator" in kinds:
        yield from _generator(node)


def _secret(node: yaml.MappingNode) -> Iterator[tuple[int, str]]:
    blocks = _values(node, "sops")
    sealed = bool(blocks) and all(_is_sops_block(block) for block in blocks)
    for block in blocks:
        if not sealed:
            yield _at(block), "a sops block that nothing can open: it has no MAC, or nobody to open it"
    for field in ("data", "stringData"):
        for values in _values(node, field):
            for key, value in _entries(values):
                text = _scalar(value)
                if text in ("", None) and isinstance(value, yaml.ScalarNode):
                    continue
                if not sealed or text is None or not is_sealed_value(text):
                    yield _at(value), f"the value of {key[:60]!r} of a Secret is in clear"
    for metadata in _values(node, "metadata"):
        for notes in _values(metadata, "annotations"):
            for value in _values(notes, _LAST_APPLIED):
                yield _at(value), "kubectl's copy of an applied Secret"


def _is_sops_block(node: yaml.Node) -> bool:
    """Whether a sops block has the form of one: a sealed MAC, and a data key that is wrapped for somebody."""
    macs = _values(node, "mac")
    if len(macs) != 1 or not is_sealed_value(_scalar(macs[0]) or ""):
        return False
    if any(_ARMOR not in (_scalar(one) or "") for block in _values(node, "age") for one in _wrapped(block)):
        return False
    return any(one for name in _KEY_SOURCES for block in _values(node, name) for one in _wrapped(block))


def _wrapped(node: yaml.Node, depth: int = 0) -> list[yaml.Node]:
    """The wrapped data keys below a key source, or below key groups of such."""
    if isinstance(node, yaml.SequenceNode) and depth < _DEEPEST:
        return [found for item in node.value for found in _wrapped(item, depth + 1)]
    deeper = [found for _, value in _entries(node) for found in _wrapped(value, depth + 1)] if depth < _DEEPEST else []
    return deeper + [value for value in _values(node, "enc") if len(_scalar(value) or "") >= 40]


def _sealed_secret(node: yaml.MappingNode) -> Iterator[tuple[int, str]]:
    for spec in _values(node, "spec"):
        for values in _values(spec, "encryptedData"):
            for key, value in _entries(values):
                if not _looks_sealed(_scalar(value)):
                    yield _at(value), f"the value of {key[:60]!r} of a SealedSecret is in clear"
        for template in _values(spec, "template"):
            for data in (*_values(template, "data"), *_values(template, "stringData")):
                yield _at(data), "a SealedSecret whose template holds data"
    for metadata in _values(node, "metadata"):
        for notes in _values(metadata, "annotations"):
            for key, value in _entries(notes):
                if key in _SCOPES:
                    yield _at(value), "a SealedSecret that is not bound to its place"


def _generator(node: yaml.Node) -> Iterator[tuple[int, str]]:
    """What a secretGenerator makes Secrets of stands in clear beside it, but for files whose name says they are sealed
    (Flux opens those that sops sealed)."""
    for literals in _values(node, "literals"):
        for literal in literals.value if isinstance(literals, yaml.SequenceNode) else []:
            key, _, value = (_scalar(literal) or "").partition("=")
            if value:
                yield _at(literal), f"the value of {key[:60]!r} of a secretGenerator is in clear"
    for field in ("files", "envs", "env"):
        for files in _values(node, field):
            for file in files.value if isinstance(files, yaml.SequenceNode) else [files]:
                name = (_scalar(file) or "").rpartition("=")[2]
                if name and not _SEALED_NAME.search(name):
                    yield _at(file), "a secretGenerator that makes a Secret of a file in clear"


def _looks_sealed(text: str | None) -> bool:
    try:
        blob = base64.b64decode(text or "", validate=True)
    except (binascii.Error, ValueError):
        return False
    return len(blob) > 2 + 256 + 16 and 256 <= int.from_bytes(blob[:2], "big") <= len(blob) - 18


def _at(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _values(node: yaml.Node, name: str) -> list[yaml.Node]:
    """Every value under ``name``: a key that stands twice hides one from most readers."""
    return [value for key, value in _entries(node) if key == name]


def _entries(node: yaml.Node) -> list[tuple[str, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        return []
    return [(_scalar(key) or "", value) for key, value in node.value]


def _scalar(node: yaml.Node) -> str | None:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else None
