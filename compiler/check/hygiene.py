"""Secret hygiene: nothing that should be sealed stands in a rendering in clear. No finding shows a value."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any

from compiler.check.finding import Finding, Item, Path, format_path
from compiler.check.rendering import Rendering
from compiler.check.rules import found
from compiler.check.schema.objects import is_sops
from compiler.check.shape import map_at, maps_at, text_at

_KEY_MATERIAL = re.compile(
    r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"
    r"|AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]{20,}|AGE-PLUGIN-[A-Z0-9-]+-1",
    re.IGNORECASE,
)
_SECRET_NAME = re.compile(
    r"(?:passwd|password|passphrase|(?:^|[_.-])(?:secret(?:_?key)?|api_?key|access_?key|private_?key|(?:auth_?)?token|"
    r"credentials?))[_.-]?[0-9]*\Z",
    re.IGNORECASE,
)
_NOT_A_VALUE = re.compile(
    r"\s*\Z|/\S*\Z|\$\([A-Za-z0-9_.-]+\)\Z|(?:true|false|yes|no|on|off|[0-9])\Z|file:|https?://[^@]*\Z"
)
_URL_PASSWORD = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s:@]*:(?!\$\()[^/\s@]+@", re.IGNORECASE)
_SEALED = re.compile(
    r"ENC\[AES256_GCM,data:[A-Za-z0-9+/]*={0,2},iv:[A-Za-z0-9+/]+={0,2},tag:[A-Za-z0-9+/]+={0,2},type:[a-z]+\]\Z"
)
"""What sops puts in a value's place; a text that only begins so is not sealed."""


def check_hygiene(rendering: Rendering) -> Iterator[Finding]:
    """Plain Secrets, private keys anywhere, and passwords in ConfigMaps and variables."""
    for item in rendering.items:
        sealed = is_sops(item.data)
        if item.key.kind == "Secret":
            yield from _plain_secret(item, sealed)
        if item.key.kind == "SealedSecret" and map_at(item.data, "spec", "template", "data"):
            text = "spec.template.data is not sealed"
            yield found("secret/plain", item, "spec.template.data", text)
        if item.key.kind == "ConfigMap" and not sealed:
            yield from _config_map(item)
        for path in key_material(item.data):
            rule = "secret/config-map" if item.key.kind == "ConfigMap" else "secret/private-key"
            yield found(rule, item, format_path(path), "holds a private key or an age identity in clear")
    yield from _variables(rendering)


def key_material(value: Any, path: Path = ()) -> Iterator[Path]:
    """The places below ``value`` whose text holds a private key or an age identity, plain or in base64."""
    if isinstance(value, str):
        if len(value) >= 20 and (_KEY_MATERIAL.search(value) or _KEY_MATERIAL.search(_decoded(value))):
            yield path
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from key_material(item, (*path, str(key)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from key_material(item, (*path, index))


def names_secret(name: str) -> bool:
    """Whether a variable or key is named as secrets are: ``DB_PASSWORD``, ``secret_key``, ``token``."""
    return _SECRET_NAME.search(name) is not None


def _plain_secret(item: Item, sealed: bool) -> Iterator[Finding]:
    """sops calls a file encrypted that has one plain value more; a look at every value is the guard."""
    for field in ("data", "stringData"):
        for key, value in map_at(item.data, field).items():
            if sealed and (value in ("", None) or _SEALED.match(str(value))):
                continue
            if not sealed:
                text = "a Secret in clear; `compiler secrets ensure` seals what the spec needs"
                yield found("secret/plain", item, field, text)
                break
            yield found("secret/plain", item, f"{field}.{key}", "stands in clear beside sealed values")


def _config_map(item: Item) -> Iterator[Finding]:
    for key, value in map_at(item.data, "data").items():
        if not isinstance(value, str):
            continue
        if names_secret(key) and not _NOT_A_VALUE.match(value):
            yield found("secret/config-map", item, f"data.{key}", "is named like a secret, and a ConfigMap is readable")
        elif _URL_PASSWORD.search(value):
            yield found("secret/config-map", item, f"data.{key}", "holds a URL with a password")


def _variables(rendering: Rendering) -> Iterator[Finding]:
    for pod in rendering.pods:
        for container in pod.containers():
            for index, variable in maps_at(container.data, "env"):
                name, value = text_at(variable, "name"), text_at(variable, "value")
                path = f"{container.path}.env[{index}].value"
                if value and names_secret(name) and not _NOT_A_VALUE.match(value):
                    text = f"{name} is named like a secret and has its value in clear; use valueFrom.secretKeyRef"
                    yield found("secret/env", pod.item, path, text)
                elif _URL_PASSWORD.search(value):
                    yield found("secret/env", pod.item, path, f"{name} holds a URL with a password")


def _decoded(text: str) -> str:
    """``text`` from base64, or nothing; only a text that may be a PEM or an identity in base64 is decoded."""
    if not text.startswith(("LS0tLS1", "QUdFL", "IyBjcmVhdGVk")):
        return ""
    try:
        return base64.b64decode(text, validate=False).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""
