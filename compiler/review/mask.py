"""Hiding what may be secret before anything is compared, so that no later step can print it.

What is hidden: the data of Secrets (and every field of a Secret that is none of Kubernetes' own), sops' ``ENC[…]`` and
the envelope of a sops file, a SealedSecret's ``encryptedData`` and ``template.data``, the value of any field or
environment variable named like a password, token or private key, the copy of an object that ``kubectl apply`` keeps in
an annotation, and, inside any text, private keys, age identities, passwords in URLs and assignments of literals to
names like the above (settings.py, nginx.conf, scripts, arguments).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from compiler.review.masked import Masked, digest, hide

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_SECRET_FIELDS = frozenset(["apiVersion", "kind", "metadata", "type", "immutable", "sops"])
# Fields of a sops envelope that only say that something was sealed anew (sops 3: stores.Metadata).
SOPS_NOISE = frozenset(["mac", "lastmodified", "enc", "created_at"])

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_ENDINGS = ("password", "passwd", "passphrase", "token", "secret", "credential", "apikey", "privatekey", "secretkey")
_EXACT = frozenset(["pwd", "pgpass", "authorization", "fernet"])
_KEY_OF = frozenset(
    ["private", "secret", "api", "access", "encryption", "signing", "master", "account", "session", "shared", "auth"]
)
# The annotation of a pod that says how often each of its Secrets was made anew (``compiler.pulp.pod.GENERATIONS``):
# names like `pulp-admin-password`, but no value is a secret.
_COUNTERS = re.compile(r"(?:[a-z0-9.-]+=[0-9]{1,6}(?:,|\Z))*")
_FILE = re.compile(r"\.(txt|json|ya?ml|conf|cfg|ini|env|pem|toml|properties)$", re.IGNORECASE)
# A map below a sensitive name that holds nothing but these points at a secret and holds none.
_REFERENCE = frozenset(
    (
        *("apiVersion", "apiGroup", "audience", "configMapKeyRef", "configMapRef", "defaultMode", "expirationSeconds"),
        *("fieldRef", "group", "items", "key", "kind", "mode", "name", "namespace", "optional", "path", "remoteRef"),
        *("secretKeyRef", "secretName", "secretRef", "sources", "valueFrom", "version"),
    )
)


def is_sensitive(name: str) -> bool:
    """Whether a field or variable of this name holds a secret: its last word says so.

    ``DB_PASSWORD``, ``clientSecret``, ``tls.key`` and ``secret_access_key`` do; ``secretName``, ``password_file`` and
    ``tokenExpirationSeconds`` do not.
    """
    if name.lower().endswith(".key"):
        return True
    words = [word.lower() for word in _WORDS.findall(_FILE.sub("", name))]
    if not words:
        return False
    if words[-1].removesuffix("s").endswith(_ENDINGS) or words[-1] in _EXACT or words == ["pass"]:
        return True
    return words[-1].removesuffix("s") == "key" and len(words) > 1 and words[-2] in _KEY_OF


_PEM = r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\Z)"
_SEALED = r"ENC\[[A-Z0-9_]+,[^\]]*(?:\]|\Z)"
_AGE = r"AGE-SECRET-KEY-[^\s'\"]+"
_WHOLE = re.compile(f"{_PEM}|{_SEALED}|{_AGE}", re.DOTALL)
_BEARER = re.compile(r"(?i)\b((?:bearer|basic) +)((?=\S*[0-9=])[^\s'\"]{8,})")
_DOCKER_AUTH = re.compile(r"(\"auth\"\s*:\s*\")([^\"\n]+)")
# name, separator, literal: `PASSWORD = "x"`, `password: x`, `--password=x`, `--token x`, `"secret": "x"`.
_ASSIGNMENT = re.compile(
    r"(?<![\w.-])(?P<name>-{0,2}[A-Za-z_][\w.-]*+)"
    r"(?P<sep>['\"]?\]?[ \t]*(?:=>|:=|=(?!=)|:(?!/))[ \t]*|[ \t]+)(?=\S)"
)
_VALUE = re.compile(
    r"[rbuf]{0,2}\"(?:[^\"\\\n]|\\.)*\"|[rbuf]{0,2}'(?:[^'\\\n]|\\.)*'|[rbuf]{0,2}['\"][^\n]*|[^\s'\"]+"
)
# What code says where a value would stand: variables, command substitutions, templates, files in the usual places.
_INDIRECT = re.compile(
    r"(?:\$\{?\w+\}?|\$\([^)]*\)?|\{\{.*|/(?:etc|run|var|opt|usr|mnt|secrets|home|tmp)/[\w./-]*)?[;,)\]}]*\Z"
)
_CODE = re.compile(r"(?:[A-Za-z_][\w.]*\(.*|[\[{(]+|None|True|False|null|true|false)[;,)\]}]*\Z")
_BLOCK = re.compile(r"[|>][0-9+-]*\Z")


def mask_text(text: str) -> str | Masked:
    """``text`` with what looks like a secret inside it hidden; the text itself when nothing does."""
    spans = [match.span() for match in _WHOLE.finditer(text)]
    spans += _in_urls(text) if "://" in text else []
    spans += [match.span(2) for pattern in (_BEARER, _DOCKER_AUTH) for match in pattern.finditer(text)]
    spans += _assigned(text)
    if not spans:
        return text
    pieces: list[str | bytes] = []
    end = 0
    for start, stop in sorted(spans):
        if stop <= end:
            continue
        if start > end:
            pieces.append(text[end:start])
        pieces.append(digest(text[max(start, end) : stop]))
        end = stop
    if end < len(text):
        pieces.append(text[end:])
    return Masked(tuple(pieces))


def _in_urls(text: str) -> list[tuple[int, int]]:
    """Passwords in the authority of URLs, ``scheme://user:password@host``."""
    spans = []
    for word in re.finditer(r"[^\s'\"]++", text):
        start = word.start()
        for part in word[0].split("://"):
            user, at, _ = part.partition("@")
            name, colon, password = user.partition(":")
            if at and colon and "/" not in name and start > word.start():
                spans.append((start + len(name) + 1, start + len(name) + 1 + len(password)))
            start += len(part) + 3
    return spans


def _assigned(text: str) -> list[tuple[int, int]]:
    spans = []
    position = 0
    while match := _ASSIGNMENT.search(text, position):
        position = match.end()
        name = match["name"]
        # `--token x` assigns, prose such as "the token is" does not.
        assigns = bool(match["sep"].strip()) or name.startswith("--")
        if not assigns or not is_sensitive(name.lstrip("-")):
            continue
        value = _VALUE.match(text, position)
        if value is None:
            continue
        if _BLOCK.match(value[0]):
            spans.append((value.end(), _end_of_block(text, match.start(), value.end())))
            position = spans[-1][1]
        elif not _is_code(value[0]):
            spans.append(value.span())
            position = value.end()
    return [(start, stop) for start, stop in spans if stop > start]


def _is_code(value: str) -> bool:
    if len(value) > 512:  # no expression that a person wrote, and scanning them again would take quadratic time
        return False
    quoted = value[-1:] in ("'", '"')
    return bool(_INDIRECT.match(value.strip("'\"")) or (not quoted and _CODE.match(value)))


def _end_of_block(text: str, key: int, start: int) -> int:
    """Where a YAML block scalar ends: before the first line that is indented no deeper than its key."""
    line = text.rfind("\n", 0, key) + 1
    indent = key - line if not text[line:key].strip() else len(text[line:key]) - len(text[line:key].lstrip())
    end = start
    while end < len(text):
        stop = text.find("\n", end + 1)
        stop = len(text) if stop < 0 else stop
        content = text[end:stop].strip("\n")
        if content.strip() and len(content) - len(content.lstrip()) <= indent:
            break
        end = stop
    return end


def mask_object(obj: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of an object in which what may be secret is a :class:`~compiler.review.masked.Masked`."""
    return _mask_secret(obj) if obj.get("kind") == "Secret" else _mask_mapping(obj)


def _mask(value: Any) -> Any:
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, list):
        return _mask_list(value)
    return _mask_mapping(value) if isinstance(value, Mapping) else value


def _mask_mapping(value: Mapping[str, Any]) -> dict[str, Any]:
    if value.get("kind") == "Secret" and not value.keys().isdisjoint(("apiVersion", "data", "stringData")):
        return _mask_secret(value)
    if value.get("kind") == "SealedSecret" and isinstance(value.get("spec"), Mapping):
        return _mask_sealed_secret(value)
    return _mask_map(value)


def _mask_map(value: Mapping[str, Any]) -> dict[str, Any]:
    variable = value["name"] if isinstance(value.get("name"), str) else ""
    out: dict[str, Any] = {}
    for key, item in value.items():
        if key == "sops" and isinstance(item, Mapping):
            out[key] = _mask_envelope(item)
        elif str(key).endswith("/secret-generations") and _COUNTERS.fullmatch(str(item)):
            out[key] = item
        elif key == LAST_APPLIED:  # noqa: SIM114 - two reasons
            out[key] = hide(item)
        elif is_sensitive(variable if key == "value" and variable else str(key)) and not _is_harmless(item):
            out[key] = hide(item)
        else:
            out[key] = _mask(item)
    return out


def _mask_list(items: list[Any]) -> list[Any]:
    """Items of a list; the argument after ``--password`` is hidden as well."""
    out: list[Any] = []
    hiding = False
    for item in items:
        out.append(hide(item) if hiding and isinstance(item, str) and not _is_harmless(item) else _mask(item))
        hiding = isinstance(item, str) and item.startswith("-") and "=" not in item and is_sensitive(item.lstrip("-"))
    return out


def _is_harmless(item: Any) -> bool:
    """Whether the value of a sensitive field is none: empty, a switch, or a reference to a secret."""
    if item is None or isinstance(item, bool) or item in ("", [], {}):
        return True
    if isinstance(item, Mapping):
        return set(item) <= _REFERENCE and all(
            not isinstance(v, Mapping | list) or _is_harmless(v) for v in item.values()
        )
    if isinstance(item, list):
        return all(isinstance(one, Mapping) and _is_harmless(one) for one in item)
    return isinstance(item, str) and bool(re.match(r"\$\(?\w+\)?\Z", item))


def _mask_values(value: Any) -> Any:
    """The keys of ``data`` stay readable, its values do not."""
    if isinstance(value, Mapping):
        return {key: hide(item) for key, item in value.items()}
    return None if value is None else hide(value)


def _mask_secret(obj: Mapping[str, Any]) -> dict[str, Any]:
    out = _mask_map({key: item for key, item in obj.items() if key in _SECRET_FIELDS})
    out |= {key: _mask_values(item) for key, item in obj.items() if key not in _SECRET_FIELDS}
    return out


def _mask_sealed_secret(obj: Mapping[str, Any]) -> dict[str, Any]:
    spec = dict(obj["spec"])
    template = spec.pop("template", None)
    encrypted = spec.pop("encryptedData", None)
    out = _mask_map({key: item for key, item in obj.items() if key != "spec"})
    out["spec"] = _mask_map(spec)
    if encrypted is not None:
        out["spec"]["encryptedData"] = _mask_values(encrypted)
    if isinstance(template, Mapping):
        data = {key: _mask_values(item) for key, item in template.items() if key in ("data", "stringData")}
        out["spec"]["template"] = _mask_map({k: v for k, v in template.items() if k not in data}) | data
    elif template is not None:
        out["spec"]["template"] = hide(template)
    return out


def _mask_envelope(sops: Mapping[str, Any]) -> dict[str, Any]:
    """Recipients stay readable: who can open a file is what a reviewer must see."""

    def walk(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {k: hide(v) if k in ("mac", "enc") else walk(v) for k, v in value.items()}
        return [walk(one) for one in value] if isinstance(value, list) else value

    return {key: hide(item) if key == "mac" else walk(item) for key, item in sops.items()}
