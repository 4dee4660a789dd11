"""The leak guard: whether a file holds a secret in clear. It parses what it reads and never quotes a value.

Scanners that look for entropy flag every well-sealed file and miss a short password in a plain Secret; this one knows
what a Secret and our sealed forms look like, and looks for private keys in everything else.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from compiler.secrets.sopsfile import is_sealed_value

_IDENTITY = re.compile(r"AGE-SECRET-KEY-(PQ-)?1[02-9AC-HJ-NP-Z]{40,}", re.IGNORECASE)
_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----(?:\\[nr]|[\s\"'>|+-])*[A-Za-z0-9+/=:\\, -]{40,}")
_FOLDED = re.compile(r"(?:LS0tLS1CRUdJTi|0tLS0tQkVHSU4g|tLS0tLUJFR0lOI)[A-Za-z0-9+/]{40,}")
_MENTION = re.compile(r"kind[\"']?\s*:\s*[\"']?(Sealed)?Secret\b")
_SCOPES = ("sealedsecrets.bitnami.com/cluster-wide", "sealedsecrets.bitnami.com/namespace-wide")
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_LARGEST = 16 * 1024 * 1024
_DEEPEST = 8


@dataclass(frozen=True, order=True)
class Leak:
    """Something that must not be committed.

    Args:
        path: the file.
        line: 1-based, 0 when it is about the whole file.
        message: what it is, without any value.
    """

    path: str
    line: int
    message: str


def scan(path: str, content: bytes) -> list[Leak]:
    """The leaks of one file.

    Args:
        path: for the report, and to know a file whose name says that it is sealed.
        content: its bytes.

    Returns:
        leaks in the order of their lines; empty when there are none.
    """
    if len(content) > _LARGEST:
        return [Leak(path, 0, f"too large to be looked through ({len(content)} bytes)")]
    text = _text(content)
    if text is None:
        return []
    leaks = [*_keys(path, text), *_documents(path, text)]
    if path.endswith((".sops.yaml", ".sops.json")) and not path.endswith("/.sops.yaml") and "sops" not in text:
        leaks.append(Leak(path, 0, "its name says that sops sealed it, and it is not sealed"))
    return sorted(dict.fromkeys(leaks))


def _text(content: bytes) -> str | None:
    """The text of a file, ``None`` when it is binary."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    if b"\0" in content[:4096]:
        # UTF-16 without a mark: half of the bytes of ASCII text are zero.
        for encoding, zeros in (("utf-16-le", content[1:4096:2]), ("utf-16-be", content[0:4096:2])):
            if zeros and zeros.count(0) > len(zeros) * 0.8:
                return content.decode(encoding, "replace")
        return content.decode("latin-1") if _IDENTITY.search(content.decode("latin-1")) else None
    return content.decode("utf-8", "replace")


def _keys(path: str, text: str) -> Iterator[Leak]:
    for match in _IDENTITY.finditer(text):
        yield Leak(path, _line(text, match.start()), "an age identity (a private key)")
    for match in _PEM.finditer(text):
        yield Leak(path, _line(text, match.start()), "a private key in PEM form")
    joined = re.sub(r"[\s\"']+", "", text)
    for match in _FOLDED.finditer(joined):
        if _decodes_to_private_key(match.group()):
            at = text.find(match.group()[:12])
            yield Leak(path, _line(text, at) if at >= 0 else 0, "a private key in base64")


def _decodes_to_private_key(encoded: str) -> bool:
    start = encoded[:120]
    for skip in range(4):
        piece = start[skip : skip + (len(start) - skip) // 4 * 4]
        try:
            if b"PRIVATE KEY" in base64.b64decode(piece):
                return True
        except (binascii.Error, ValueError):
            continue
    return False


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _documents(path: str, text: str) -> Iterator[Leak]:
    # An object's kind may be escaped or tagged in YAML and JSON, so those are always parsed.
    parsed = path.endswith((".yaml", ".yml", ".json"))
    mentioned = _MENTION.search(text) is not None
    if not parsed and (not mentioned or path.endswith((".py", ".md", ".go", ".sh", ".toml"))):
        return
    try:
        documents = list(yaml.compose_all(text, Loader=yaml.CSafeLoader))
    except (yaml.YAMLError, RecursionError):
        if parsed and mentioned:
            yield Leak(path, 0, "it mentions a Secret, but is not readable as YAML or JSON")
        return
    for document in documents:
        yield from _object(path, document, 0)


def _object(path: str, node: yaml.Node | None, depth: int) -> Iterator[Leak]:
    if isinstance(node, yaml.SequenceNode) and depth < _DEEPEST:
        for item in node.value:
            yield from _object(path, item, depth + 1)
    if not isinstance(node, yaml.MappingNode) or depth >= _DEEPEST:
        return
    kinds = [_scalar(value) for value in _values(node, "kind")]
    for items in _values(node, "items"):
        yield from _object(path, items, depth + 1)
    if "Secret" in kinds:
        yield from _secret(path, node)
    if "SealedSecret" in kinds:
        yield from _sealed_secret(path, node)


def _secret(path: str, node: yaml.MappingNode) -> Iterator[Leak]:
    sealed = bool(_values(node, "sops"))
    for field in ("data", "stringData"):
        for values in _values(node, field):
            for key, value in _entries(values):
                text = _scalar(value)
                if text in ("", None) and isinstance(value, yaml.ScalarNode):
                    continue
                if not sealed or text is None or not is_sealed_value(text):
                    yield Leak(path, value.start_mark.line + 1, f"the value of {key[:60]!r} of a Secret is in clear")
    for metadata in _values(node, "metadata"):
        for notes in _values(metadata, "annotations"):
            for value in _values(notes, _LAST_APPLIED):
                yield Leak(path, value.start_mark.line + 1, "kubectl's copy of an applied Secret")


def _sealed_secret(path: str, node: yaml.MappingNode) -> Iterator[Leak]:
    for spec in _values(node, "spec"):
        for values in _values(spec, "encryptedData"):
            for key, value in _entries(values):
                if not _looks_sealed(_scalar(value)):
                    yield Leak(
                        path, value.start_mark.line + 1, f"the value of {key[:60]!r} of a SealedSecret is in clear"
                    )
        for template in _values(spec, "template"):
            for data in (*_values(template, "data"), *_values(template, "stringData")):
                yield Leak(path, data.start_mark.line + 1, "a SealedSecret whose template holds data")
    for metadata in _values(node, "metadata"):
        for notes in _values(metadata, "annotations"):
            for key, value in _entries(notes):
                if key in _SCOPES:
                    yield Leak(path, value.start_mark.line + 1, "a SealedSecret that is not bound to its place")


def _looks_sealed(text: str | None) -> bool:
    try:
        blob = base64.b64decode(text or "", validate=True)
    except (binascii.Error, ValueError):
        return False
    return len(blob) > 2 + 256 + 16 and 256 <= int.from_bytes(blob[:2], "big") <= len(blob) - 18


def _values(node: yaml.Node, name: str) -> list[yaml.Node]:
    """Every value under ``name``: a key that stands twice hides one from most readers."""
    return [value for key, value in _entries(node) if key == name]


def _entries(node: yaml.Node) -> list[tuple[str, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        return []
    return [(_scalar(key) or "", value) for key, value in node.value]


def _scalar(node: yaml.Node) -> str | None:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else None
