"""The format of a file that sops sealed to age recipients: its structure, and opening it without sops.

sops 3.9 and later: values are ``ENC[AES256_GCM,data:…,iv:…,tag:…,type:str]`` under a random data key, with the path of
the value (``data:key:``) as additional data; the MAC is the SHA-512 of the sealed values in document order, preceded by
SHA-256("sops") when ``mac_only_encrypted`` is set, in upper-case hexadecimal, sealed with ``lastmodified`` as
additional data. The data key is wrapped for each recipient as an armored age file.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from compiler.errors import CompilerError
from compiler.secrets import foreign

ENCRYPTED_REGEX = "^(data|stringData)$"
_VALUE = re.compile(
    r"ENC\[AES256_GCM,data:([A-Za-z0-9+/]+={0,2}),iv:([A-Za-z0-9+/]+={0,2}),tag:([A-Za-z0-9+/]+={0,2}),type:str\]"
)
_ARMOR = re.compile(r"-----BEGIN AGE ENCRYPTED FILE-----\n([A-Za-z0-9+/=]{1,64}\n)+-----END AGE ENCRYPTED FILE-----\n")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_VERSION = re.compile(r"\d+\.\d+\.\d+")
_FIELDS = frozenset({"age", "encrypted_regex", "lastmodified", "mac", "mac_only_encrypted", "version"})


class StructureError(CompilerError):
    """A sealed file is not what this room's sealer writes; the message quotes no value."""


def check_structure(document: Mapping[str, Any], recipients: Sequence[str]) -> None:
    """Check that ``document`` is sealed as we seal, to exactly ``recipients``, with every value below ``data`` sealed.

    Key sources other than age (``hc_vault``, ``kms``, …) are refused by name: an attacker who can write to the
    repository would have sops send credentials there.

    Raises:
        StructureError: it is not.
    """
    meta = document.get("sops")
    if not isinstance(meta, Mapping):
        raise StructureError("the file is not sealed: it has no sops metadata")
    others = foreign.grouped(recipients)
    known = _FIELDS | set(others)
    strange = sorted(str(key) for key in meta if key not in known and meta[key] not in (None, [], ""))
    if strange:
        raise StructureError(
            f"the sops metadata has fields that this compiler never writes: {', '.join(strange)[:200]}"
        )
    if meta.get("mac_only_encrypted") is not True:
        raise StructureError("mac_only_encrypted is not set: Kustomize's output could not be verified by sops")
    if meta.get("encrypted_regex") != ENCRYPTED_REGEX:
        raise StructureError(f"encrypted_regex is not {ENCRYPTED_REGEX!r}")
    for name, pattern in (("mac", _VALUE), ("lastmodified", _TIME), ("version", _VERSION)):
        if not isinstance(meta.get(name), str) or not pattern.fullmatch(meta[name]):
            raise StructureError(f"the sops metadata field {name!r} is missing or malformed")
    _check_recipients(meta.get("age"), [one for one in recipients if one.startswith("age1")])
    for name, wanted in others.items():
        _check_foreign(name, meta.get(name), wanted)
    if "stringData" in document:
        raise StructureError("stringData is not used by this compiler")
    values = list(leaves(document.get("data")))
    if not values:
        raise StructureError("nothing is sealed in it")
    for path, value in values:
        if not isinstance(value, str) or not _VALUE.fullmatch(value):
            raise StructureError(f"the value at {'.'.join(path)[:200]!r} is not sealed")


def _check_foreign(name: str, blocks: Any, wanted: Sequence[str]) -> None:
    """The blocks of a kind other than age: exactly those that are wanted, without a role, context or profile."""
    blocks = blocks or []
    if not isinstance(blocks, list) or not all(isinstance(block, Mapping) for block in blocks):
        raise StructureError(f"the sops metadata field {name!r} is malformed")
    if sorted(foreign.named(name, block) for block in blocks) != sorted(wanted):
        raise StructureError(f"its {name} recipients are not those of secrets/recipients.yaml")
    fields = foreign.BY_NAME[name].fields | {"created_at", "enc"}
    for block in blocks:
        if (
            not set(block) <= fields
            or block.get("aws_profile")
            or not all(isinstance(value, str) for value in block.values())
        ):
            raise StructureError(f"a {name} block holds more than this compiler writes")


def _check_recipients(blocks: Any, recipients: Sequence[str]) -> None:
    if not isinstance(blocks, list) or not all(isinstance(block, Mapping) for block in blocks):
        raise StructureError("the sops metadata has no age recipients")
    found = [str(block.get("recipient")) for block in blocks]
    if sorted(found) != sorted(recipients):
        extra = sorted(set(found) - set(recipients))
        missing = sorted(set(recipients) - set(found))
        detail = "; ".join([*(f"not ours: {one[:70]}" for one in extra), *(f"missing: {one[:70]}" for one in missing)])
        raise StructureError(
            f"it is sealed to other recipients than secrets/recipients.yaml says ({detail or 'twice'})"
        )
    for block in blocks:
        armor = block.get("enc")
        if set(block) != {"recipient", "enc"} or not isinstance(armor, str) or not _ARMOR.fullmatch(armor):
            raise StructureError("an age block is malformed")
        if _stanzas(armor) != ["X25519"]:
            raise StructureError("an age block is not wrapped for one X25519 recipient")


def _stanzas(armor: str) -> list[str]:
    """The recipient types in the header of an armored age file (age-encryption.org/v1)."""
    try:
        header = base64.b64decode("".join(armor.split("\n")[1:-2]), validate=True)
    except (binascii.Error, ValueError):
        return []
    lines = header.split(b"\n--- ")[0].split(b"\n")
    return [line.split(b" ")[1].decode("ascii", "replace") for line in lines if line.startswith(b"-> ")]


def is_sealed_value(text: str) -> bool:
    """Whether ``text`` has the form of one value as sops seals it: AES-GCM, a nonce of 32 bytes, a tag of 16."""
    match = _VALUE.fullmatch(text)
    if match is None:
        return False
    try:
        _, nonce, tag = (base64.b64decode(part, validate=True) for part in match.groups())
    except (binascii.Error, ValueError):
        return False
    return len(nonce) == 32 and len(tag) == 16


def leaves(value: Any, path: tuple[str, ...] = ("data",)) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value below ``value`` with its path, in document order."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from leaves(item, (*path, str(key)))
    elif value is not None:
        yield path, value


def ciphertext(document: Mapping[str, Any]) -> str:
    """What a file that passed :func:`check_structure` holds besides fixed words and cleartext fields: the encoded
    ciphertext of its values, its MAC and its age blocks."""
    sealed = [str(value) for _, value in leaves(document["data"])] + [document["sops"]["mac"]]
    parts = [part for text in sealed for match in [_VALUE.fullmatch(text)] if match for part in match.groups()]
    parts += ["".join(block["enc"].split("\n")[1:-2]) for block in document["sops"]["age"]]
    return "\n".join(parts)


def open_values(document: Mapping[str, Any], identity: str) -> dict[tuple[str, ...], bytes]:
    """Open every value below ``data`` and check the MAC, without sops.

    Args:
        document: a sealed document that passed :func:`check_structure`.
        identity: an ``AGE-SECRET-KEY-1…`` that one of its blocks is wrapped for.

    Raises:
        StructureError: the identity opens no block, or a value or the MAC does not verify.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    cipher = AESGCM(_data_key(document["sops"]["age"], identity))

    def unseal(sealed: str, additional: str) -> bytes:
        match = _VALUE.fullmatch(sealed)
        if match is None:
            raise StructureError("a value is not sealed")
        data, nonce, tag = (base64.b64decode(part) for part in match.groups())
        return cipher.decrypt(nonce, data + tag, additional.encode())

    digest = hashlib.sha512(hashlib.sha256(b"sops").digest())
    result: dict[tuple[str, ...], bytes] = {}
    try:
        for path, value in leaves(document["data"]):
            result[path] = unseal(value, ":".join(path) + ":")
            digest.update(result[path])
        mac = unseal(document["sops"]["mac"], document["sops"]["lastmodified"])
    except (InvalidTag, ValueError):
        raise StructureError("a value does not open with the file's own data key") from None
    if not hmac.compare_digest(mac, digest.hexdigest().upper().encode()):
        raise StructureError("the file's MAC does not fit its values")
    return result


def _data_key(blocks: Sequence[Mapping[str, str]], identity: str) -> bytes:
    import pyrage

    opener = pyrage.x25519.Identity.from_str(identity)
    for block in blocks:
        try:
            key = bytes(pyrage.decrypt(base64.b64decode("".join(block["enc"].split("\n")[1:-2])), [opener]))
        except pyrage.DecryptError:
            continue
        if len(key) == 32:
            return key
    raise StructureError("no age block opens with the identity")
