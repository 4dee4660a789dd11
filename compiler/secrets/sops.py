"""The sops backend: seals with the real sops to age recipients, and believes nothing it prints.

What comes back is parsed, compared with what went in, opened again with a one-time identity that was made for this call
and then dropped from the file, and written anew in our own canonical form. No identity of a person or a cluster is
needed to seal.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from compiler.errors import CompilerError, Origin, WorldError
from compiler.secrets import foreign
from compiler.secrets.documents import canonical_json, dump, load
from compiler.secrets.identities import Identities
from compiler.secrets.plaintext import Plaintext, Values
from compiler.secrets.sopsfile import (
    ENCRYPTED_REGEX,
    StructureError,
    check_structure,
    ciphertext,
    leaves,
    open_values,
)
from compiler.secrets.tool import Sops

_WRONG_IDENTITY = 128
_MAC_MISMATCH = 51
_NOT_SEALED_RIGHT = 25


def seal(sops: Sops, document: Mapping[str, Any], recipients: Sequence[str]) -> bytes:
    """Seal every value below ``data`` of ``document``.

    Args:
        sops: the executable.
        document: plain data, in clear; strings only, none empty below ``data``.
        recipients: age recipients (``age1…``), already validated.

    Returns:
        the sealed file.

    Raises:
        WorldError: sops failed, or what it printed is not ``document`` sealed to ``recipients``.
    """
    import pyrage

    once = pyrage.x25519.Identity.generate()
    everyone = [*recipients, str(once.to_public())]
    others = {name: ",".join(members) for name, members in foreign.grouped(recipients).items()}
    age = ",".join(one for one in everyone if one.startswith("age1"))
    to = ["--age", age, *(part for name, keys in others.items() for part in (foreign.BY_NAME[name].option, keys))]
    rule = {
        "age": age,
        "encrypted_regex": ENCRYPTED_REGEX,
        "mac_only_encrypted": True,
        **{foreign.BY_NAME[name].rule: keys for name, keys in others.items()},
    }
    done = sops.run(
        [
            "encrypt", *to, "--encrypted-regex", ENCRYPTED_REGEX,
            "--input-type", "json", "--output-type", "json", "--filename-override", "secret.json",
        ],
        canonical_json(document),
        [("SOPS_CONFIG", canonical_json({"creation_rules": [rule]}))],
        recipients=recipients if others else (),
    )  # fmt: skip
    if done.code != 0:
        raise WorldError(f"{sops.path} could not seal (exit code {done.code})")
    sealed = _parsed(sops, done.output)
    try:
        check_structure(sealed, everyone)
        opened = open_values(sealed, str(once))
    except StructureError as error:
        raise WorldError(f"{sops.path} exited 0, but its output is not usable: {error.message}") from None
    clear = {name: value for name, value in sealed.items() if name not in ("data", "sops")}
    if clear != {name: value for name, value in document.items() if name != "data"}:
        raise WorldError(f"{sops.path} exited 0, but its output is not the document that it was given")
    if opened != {path: str(value).encode() for path, value in leaves(document["data"])}:
        raise WorldError(f"{sops.path} exited 0, but its output opens to other values than it was given")
    meta = dict(sealed["sops"])
    by_recipient = {block["recipient"]: block for block in meta["age"]}
    meta["age"] = [by_recipient[recipient] for recipient in sorted(recipients) if recipient in by_recipient]
    _refuse_plaintext(sops, ciphertext(sealed), document)
    return dump({**clear, "data": sealed["data"], "sops": meta})


def _parsed(sops: Sops, output: bytes) -> dict[str, Any]:
    try:
        sealed = json.loads(output, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        sealed = None
    if not isinstance(sealed, dict):
        raise WorldError(f"{sops.path} exited 0, but its output is {'empty' if not output else 'not one JSON object'}")
    return sealed


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key stands twice")
    return result


def _refuse_plaintext(sops: Sops, sealed: str, document: Mapping[str, Any]) -> None:
    """The last guard: no value stands in what should be ciphertext, neither plain nor in base64. Everything else in
    the file was compared already, and may well equal a value (a user called like the namespace)."""
    for _, value in leaves(document["data"]):
        encoded = str(value).rstrip("=")
        plain = base64.b64decode(str(value)).decode("latin-1")
        # Shorter ones would be found by chance.
        if any(len(text) >= 10 and text in sealed for text in (plain, encoded)):
            raise WorldError(f"{sops.path} exited 0, but its output holds a plaintext; nothing was written")


def read(content: bytes, path: str, recipients: Sequence[str]) -> dict[str, Any]:
    """A sealed file as data, after checking that it is one of ours.

    Args:
        content: bytes of the file.
        path: where it stands, for errors.
        recipients: the recipients that it must have, exactly.

    Raises:
        CompilerError: it is malformed, or sealed to others.
    """
    document = load(content, path)
    try:
        check_structure(document, recipients)
    except StructureError as error:
        raise CompilerError(error.message, origin=Origin(path)) from None
    return document


def unseal(sops: Sops, content: bytes, path: str, recipients: Sequence[str], identities: Identities) -> dict[str, Any]:
    """The ``data`` of a sealed file, each value wrapped as :class:`Plaintext`.

    The structure is checked first, so that no foreign key source in the metadata is ever contacted.

    Raises:
        CompilerError: the file is not one of ours, was tampered with, or no identity opens it.
        WorldError: sops failed.
    """
    document = read(content, path, recipients)
    if foreign.grouped(recipients):
        # Only age opens here. Without the other blocks sops has nobody to ask for a key when no identity fits.
        meta = {name: value for name, value in document["sops"].items() if name not in foreign.BY_NAME}
        content = dump({**document, "sops": meta})
    done = sops.run(
        ["decrypt", "--input-type", "yaml", "--output-type", "json", "--filename-override", "secret.yaml"],
        content,
        [("SOPS_AGE_KEY_FILE", identities.reveal())],
    )
    if done.code != 0:
        _explain(sops, done.code, path, identities)
    data = _parsed(sops, done.output).get("data")
    if not isinstance(data, dict):
        raise WorldError(f"{sops.path} exited 0, but did not print the document", origin=Origin(path))
    return {key: _wrapped(value, path) for key, value in data.items()}


def unseal_values(
    sops: Sops, content: bytes, path: str, secret: str, recipients: Sequence[str], identities: Identities
) -> Values:
    """The value set of a vault file.

    Args:
        sops: the executable.
        content: bytes of the file.
        path: where it stands.
        secret: the id that it must hold.
        recipients: the recipients that it must have.
        identities: what may open it.

    Raises:
        CompilerError: as :func:`unseal`; or it holds the values of another id.
    """
    data = unseal(sops, content, path, recipients, identities)
    if list(data) != [secret] or not isinstance(data[secret], dict):
        raise CompilerError(f"the file does not hold the values of {secret}", origin=Origin(path))
    return dict(data[secret])


def _wrapped(value: Any, path: str) -> Any:
    if isinstance(value, dict):
        return {key: _wrapped(item, path) for key, item in value.items()}
    try:
        return Plaintext(base64.b64decode(value, validate=True))
    except (ValueError, TypeError):
        raise CompilerError("a value in it is no base64", origin=Origin(path)) from None


def _explain(sops: Sops, code: int, path: str, identities: Identities) -> NoReturn:
    if code == _WRONG_IDENTITY:
        raise CompilerError(
            f"none of the identities opens it ({identities.described})",
            origin=Origin(path),
            hint="name the right one with --identity FILE",
        )
    if code in (_MAC_MISMATCH, _NOT_SEALED_RIGHT):
        raise CompilerError(
            "it was changed after it was sealed", origin=Origin(path), hint="restore it from Git history"
        )
    raise WorldError(f"{sops.path} could not open it (exit code {code})", origin=Origin(path))
