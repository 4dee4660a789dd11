"""The documents that get sealed, and the one way in which this room writes and reads YAML.

Sealed files are read by Go and Python, by YAML 1.1 and 1.2; so every string is double-quoted (or, when it has several
lines, a literal block), keys are sorted as Kustomize prints them, and a file holds one document without anchors.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from compiler.errors import CompilerError, Origin
from compiler.secrets.plaintext import Plaintext

HEADER = (
    "# Written by `compiler secrets`. Do not edit: `compiler secrets check` compares it with secrets/seals.lock.json.\n"
)
SUBSTITUTION_OFF = {"kustomize.toolkit.fluxcd.io/substitute": "disabled"}
"""Flux substitutes ``${…}`` after decryption; this annotation keeps it away from the object."""

_LARGEST = 8 * 1024 * 1024
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_WORDS = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null"])


@dataclass(frozen=True)
class SecretDocument:
    """A Kubernetes Secret before it is sealed.

    Args:
        name: ``metadata.name``.
        namespace: ``metadata.namespace``.
        values: key to plaintext; none is empty.
        type: Kubernetes' Secret type.
        labels: ``metadata.labels``.
    """

    name: str
    namespace: str
    values: Mapping[str, Plaintext]
    type: str = "Opaque"
    labels: Mapping[str, str] = field(default_factory=dict)

    def manifest(self) -> dict[str, Any]:
        """The Secret as plain data, in clear: only for a sealer's input and the digest."""
        return {
            "apiVersion": "v1",
            "data": {key: self.values[key].base64() for key in sorted(self.values)},
            "kind": "Secret",
            "metadata": metadata(self.name, self.namespace, self.labels, SUBSTITUTION_OFF),
            "type": self.type,
        }


def metadata(
    name: str, namespace: str, labels: Mapping[str, str], annotations: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """``metadata`` with sorted keys and without empty maps."""
    result: dict[str, Any] = {}
    if annotations:
        result["annotations"] = dict(sorted(annotations.items()))
    if labels:
        result["labels"] = dict(sorted(labels.items()))
    result["name"] = name
    if namespace:
        result["namespace"] = namespace
    return result


def vault_document(secret: str, values: Mapping[str, Plaintext]) -> dict[str, Any]:
    """A value set of the vault. Its id is part of every value's path, which sops authenticates, so that two files
    cannot change places; it has no ``apiVersion``, so that no cluster takes it for an object."""
    return {
        "data": {secret: {key: values[key].base64() for key in sorted(values)}},
        "kind": "SealedValues",
    }


def canonical_json(value: Any) -> bytes:
    """``value`` as JSON with sorted keys and no spaces: equal data gives equal bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def dump(document: Mapping[str, Any], *, header: str = HEADER) -> bytes:
    """One document as YAML with sorted keys and quoted strings, below ``header``."""
    lines: list[str] = []
    _write(document, "", lines)
    return (header + "\n".join(lines) + "\n").encode("utf-8")


def _write(value: Any, indent: str, lines: list[str]) -> None:
    if isinstance(value, Mapping):
        for key in sorted(value):
            _entry(f"{indent}{_key(str(key))}:", value[key], indent, lines)
    else:
        for item in value:
            if isinstance(item, Mapping):
                block: list[str] = []
                _write(item, f"{indent}  ", block)
                lines.append(f"{indent}- {block[0][len(indent) + 2 :]}")
                lines += block[1:]
            else:
                _entry(f"{indent}-", item, indent, lines)


def _entry(prefix: str, value: Any, indent: str, lines: list[str]) -> None:
    if isinstance(value, Mapping):
        lines.append(prefix if value else f"{prefix} {{}}")
        _write(value, f"{indent}  ", lines)
    elif isinstance(value, list | tuple):
        lines.append(prefix if value else f"{prefix} []")
        _write(value, indent, lines)
    elif isinstance(value, bool):
        lines.append(f"{prefix} {'true' if value else 'false'}")
    elif isinstance(value, int):
        lines.append(f"{prefix} {value}")
    elif isinstance(value, str) and _fits_block(value):
        lines.append(f"{prefix} |")
        lines += [f"{indent}  {line}" for line in value.split("\n")[:-1]]
    elif isinstance(value, str):
        lines.append(f"{prefix} {_quoted(value)}")
    else:
        raise TypeError(f"{type(value).__name__} has no place in a sealed document")


def _key(key: str) -> str:
    plain = _PLAIN_KEY.fullmatch(key) and key.lower() not in _WORDS
    return key if plain else _quoted(key)


def _quoted(text: str) -> str:
    # Outside ASCII the escapes of JSON and YAML agree only within the basic plane; json writes pairs of surrogates.
    quoted = json.dumps(text) if all(ord(char) < 0x10000 for char in text) else json.dumps(text, ensure_ascii=False)
    return quoted.replace("\x7f", "\\x7F")


def _fits_block(text: str) -> bool:
    body = text.split("\n")
    plain = all(line and line.isascii() and line.isprintable() and line == line.strip() for line in body[:-1])
    return len(body) > 2 and body[-1] == "" and plain


class _Loader(yaml.CSafeLoader):
    """Strings stay strings, and a mapping has each key once."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node)
        if not isinstance(key, str):
            raise yaml.constructor.ConstructorError(problem="a key is not a string", problem_mark=key_node.start_mark)
        if key in result:
            raise yaml.constructor.ConstructorError(problem="a key stands twice", problem_mark=key_node.start_mark)
        result[key] = loader.construct_object(value_node, deep=True)
    return result


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


# A date or a "=" is a string to everybody who reads these files, whatever YAML 1.1 says.
def _text(loader: _Loader, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


for _tag in ("timestamp", "value", "merge"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _text)


def load(content: bytes, path: str) -> dict[str, Any]:
    """The one document of a file of this room: a mapping with string keys, no anchors, no duplicate keys.

    Args:
        content: bytes of the file.
        path: its path, for errors.

    Raises:
        CompilerError: it is anything else. The message never quotes the file, which may hold a plaintext by mistake.
    """
    if len(content) > _LARGEST:
        raise CompilerError(f"the file has {len(content)} bytes, at most {_LARGEST} are read", origin=Origin(path))
    try:
        text = content.decode("utf-8")
        for token in yaml.scan(text, Loader=_Loader):
            if isinstance(token, yaml.AnchorToken | yaml.AliasToken):
                raise CompilerError("YAML anchors are not allowed here", origin=_mark(path, token.start_mark))
        document = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except UnicodeDecodeError as error:
        raise CompilerError("the file is not UTF-8", origin=Origin(path)) from error
    except yaml.MarkedYAMLError as error:
        # from None: the cause carries the text of the file.
        mark = error.problem_mark or error.context_mark
        raise CompilerError(f"not valid YAML: {_problem(error)}", origin=_mark(path, mark)) from None
    except (yaml.YAMLError, RecursionError):
        raise CompilerError("not valid YAML", origin=Origin(path)) from None
    if not isinstance(document, dict):
        raise CompilerError("a mapping was expected", origin=Origin(path))
    return document


def place(content: bytes, path: str, *keys: str) -> Origin:
    """Where a field of a file that :func:`load` has read stands, as far down as it is there.

    Args:
        content: bytes of the file.
        path: its path.
        keys: of the mappings, from the outermost.
    """
    node, mark = yaml.compose(content.decode("utf-8"), Loader=_Loader), None
    for key in keys:
        pairs = node.value if isinstance(node, yaml.MappingNode) else ()
        found = next(((name, value) for name, value in pairs if name.value == key), None)
        if found is None:
            break
        mark, node = found[0].start_mark, found[1]
    return replace(_mark(path, mark), field=".".join(keys))


def _problem(error: yaml.MarkedYAMLError) -> str:
    known = {
        "a key stands twice": "a key stands twice",
        "a key is not a string": "a key is not a string",
        "but found another document": "it holds a second document",
        "found character that cannot start any token": "a character cannot stand there (a tab?)",
    }
    return known.get(error.problem or "", "the structure is broken here")


def _mark(path: str, mark: Any) -> Origin:
    return Origin(path, mark.line + 1, mark.column + 1) if mark is not None else Origin(path)
