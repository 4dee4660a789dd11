"""Private keys and age identities in any text or bytes: plain, folded, in base64 or hexadecimal, in DER, in containers.

What is found is told by its line and its form, never by its value. Nothing is opened or decrypted: a key whose file is
encrypted under a passphrase counts as one as well, since passphrases are guessed offline.
"""

from __future__ import annotations

import base64
import binascii
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

_T = TypeVar("_T")

_BECH32 = "[02-9AC-HJ-NP-Z]"
_IDENTITY = re.compile(rf"AGE-SECRET-KEY-(?:PQ-)?1{_BECH32}{{40,}}", re.IGNORECASE)
_PEM = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----(?:\\[nr]|[\s\"'>|+,;()#*-])*[A-Za-z0-9+/=:\\, -]{40,}"
)
_BARE = re.compile(r"(?<![A-Za-z0-9+/=])(?:M[A-Za-z0-9+/]{40,}|b3BlbnNzaC1rZXktdjE[A-Za-z0-9+/]{20,})")
"""A PEM's body without its header: DER begins with a SEQUENCE (0x30), OpenSSH's own form with its name."""
_PUTTY = re.compile(r"^PuTTY-User-Key-File-\d: [^\0]{0,4000}?^Private-Lines: *[1-9]", re.MULTILINE)
_JWK_TYPE = re.compile(r"[\"']?\bkty[\"']?\s*:\s*[\"']?(RSA|EC|OKP|oct)\b")
_JWK_SECRET = re.compile(r"[\"']?\b(?:d|k)[\"']?\s*:\s*[\"']?[A-Za-z0-9_-]{22,}")
_JWK_SPAN = 8000
"""Characters around ``kty`` in which the private part of the same key stands (RSA 4096 has about 4,000)."""


def _spelled(word: bytes) -> list[str]:
    """``word`` inside any base64: the characters that it alone decides, at each of the three offsets."""
    found = []
    for skip in range(3):
        text = base64.b64encode(b"\0" * skip + word).decode().rstrip("=")
        found.append(text[(skip * 8 + 5) // 6 : (skip + len(word)) * 8 // 6])
    return found


_PEM_PARTS = _spelled(b"-----BEGIN ")
_IDENTITY_PARTS = [*_spelled(b"AGE-SECRET-KEY-"), *_spelled(b"age-secret-key-")]
_FOLDED = re.compile(rf"(?:{'|'.join(map(re.escape, _PEM_PARTS))})[A-Za-z0-9+/]{{40,}}")
_FOLDED_IDENTITY = re.compile(rf"(?:{'|'.join(map(re.escape, _IDENTITY_PARTS))})[A-Za-z0-9+/]{{50,}}")
_HEX_PARTS = [word.hex() for word in (b"-----BEGIN ", b"AGE-SECRET-KEY-", b"age-secret-key-")]
_HEX = re.compile(
    rf"{_HEX_PARTS[0]}(?:[0-9a-f]{{2}}){{0,20}}?{b'PRIVATE KEY'.hex()}|(?:{'|'.join(_HEX_PARTS[1:])})[0-9a-f]{{80,}}"
)
_LENGTH = rb"(?:[\x00-\x7f]|\x81.|\x82..)"
_ALGORITHM = (
    rb"\x30.\x06(?:\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01[\x01\x0a]"  # rsaEncryption, RSASSA-PSS (RFC 8017)
    rb"|\x07\x2a\x86\x48\xce\x3d\x02\x01"  # id-ecPublicKey (RFC 5480)
    rb"|\x03\x2b\x65[\x6e-\x71])"  # X25519, X448, Ed25519, Ed448 (RFC 8410)
)
_DER = re.compile(
    rb"\x30" + _LENGTH + rb"(?:\x02\x01[\x00\x01]" + _ALGORITHM +  # PKCS#8 (RFC 5958)
    rb"|\x02\x01\x00\x02\x82[\x00-\x04].\x00[\x80-\xff]|\x02\x01\x00\x02\x81[\x41-\x81]\x00[\x80-\xff]"  # PKCS#1
    rb"|\x02\x01\x01\x04[\x1c\x20\x30\x42].{28,66}?\xa0.\x06"  # SEC1 (RFC 5915)
    rb"|\x30.{1,3}\x06(?:\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d|\x0a\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01.))",
    re.DOTALL,
)  # fmt: skip
"""A private key in DER; the last form is an encrypted one (PBES2, RFC 8018; PKCS#12's own schemes, RFC 7292)."""
_PKCS12 = re.compile(
    rb"\x30" + _LENGTH + rb"\x02\x01\x03\x30.{1,4}\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01", re.DOTALL
)
_KEY_BAG = (b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x01", b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x02")
"""keyBag and pkcs8ShroudedKeyBag (RFC 7292 section 4.2)."""
_OPENSSH = re.compile(rb"openssh-key-v1\0\0\0\0[\x04-\x20][a-z0-9]")
"""OpenSSH's own form: its name, then the cipher's with its length (PROTOCOL.key); what reads it holds the name."""
_PGP = re.compile(
    rb"(?:\x94.|\x95..|\xc5(?:[\x00-\xbf]|[\xc0-\xdf].|\xff....))[\x04\x06]....[\x01\x10-\x13\x16\x19-\x1c]", re.DOTALL
)
"""An OpenPGP secret-key packet (RFC 9580 sections 4.2, 5.5.3): tag 5, version 4 or 6, an algorithm of section 9.1."""


def in_text(text: str) -> Iterator[tuple[int, str]]:
    """The private keys of a text, at most a hundred of each form.

    Args:
        text: any text.

    Yields:
        line from 1, 0 when it is not known; and what is there, in words.
    """
    lower, joined = text.lower(), _joined(text)
    spelled = joined.lower()
    told = [match.span() for match in _some(_PEM.finditer(text))] if "PRIVATE KEY" in text else []
    plain: list[tuple[str, Iterable[int]]] = [
        ("an age identity (a private key)", _starts(_IDENTITY, text) if "age-secret-key-" in lower else ()),
        ("a private key in PEM form", (start for start, _ in told)),
        ("a private key in base64", _bare(text, told)),
        ("a private key of PuTTY", _starts(_PUTTY, text) if "Private-Lines:" in text else ()),
        ("a private key as a JSON Web Key", _jwk(text) if "kty" in lower else ()),
    ]
    for words, starts in plain:
        for start in _some(starts):
            yield text.count("\n", 0, start) + 1, words
    folded: list[tuple[str, Iterable[str]]] = [
        ("an age identity (a private key)", _split(joined) if "age-secret-key-" in spelled else ()),
        ("a private key in base64", _folded(joined) if any(part in joined for part in _PEM_PARTS) else ()),
        (
            "an age identity in base64",
            _FOLDED_IDENTITY.findall(joined) if any(part in joined for part in _IDENTITY_PARTS) else (),
        ),
        ("a private key in hexadecimal", _HEX.findall(spelled) if any(part in spelled for part in _HEX_PARTS) else ()),
    ]
    for words, values in folded:
        for value in _some(values):
            at = lower.find(value[:12].lower())  # folded too early to tell: no line
            yield text.count("\n", 0, at) + 1 if at >= 0 else 0, words


def _some(values: Iterable[_T]) -> Iterator[_T]:
    """The first hundred: nobody reads on, and the line of each is counted from the beginning."""
    return islice(values, 100)


def _starts(pattern: re.Pattern[str], text: str) -> Iterator[int]:
    return (match.start() for match in pattern.finditer(text))


def _bare(text: str, told: Sequence[tuple[int, int]]) -> Iterator[int]:
    """Where bodies of PEM stand, but for those that were told with their header."""
    for match in _BARE.finditer(text):
        head, at = _decoded(match.group()[:160]), match.start()
        if (head.startswith(b"openssh-key-v1") or _DER.match(head)) and not any(a < at < b for a, b in told):
            yield at


def _jwk(text: str) -> Iterator[int]:
    """Where an object has a type of key and a private part as well; public keys beside it have none."""
    secrets = [match.start() for match in _JWK_SECRET.finditer(text)]
    for match in _JWK_TYPE.finditer(text) if secrets else ():
        first, last = max(0, match.start() - _JWK_SPAN), match.end() + _JWK_SPAN
        start, end = max(text.rfind("{", first, match.start()), first), text.find("}", match.end(), last)
        following = bisect_left(secrets, start)
        if following < len(secrets) and secrets[following] < (end if end >= 0 else last):
            yield match.start()


def _split(joined: str) -> Iterator[str]:
    """Identities over several lines; what is shorter than one may be words that stand in a row."""
    whole = len("AGE-SECRET-KEY-1") + 58
    return (match.group() for match in _IDENTITY.finditer(joined) if len(match.group()) >= whole)


def _folded(joined: str) -> Iterator[str]:
    return (one for one in _FOLDED.findall(joined) if b"PRIVATE KEY" in _decoded(one[:120]))


def _joined(text: str) -> str:
    """``text`` without what folds a long value: white space, quotes, and backslashes with what they escape."""
    joined = "".join(text.replace("\\n", "").replace("\\r", "").split())
    return joined.replace('"', "").replace("'", "").replace("\\", "")


def in_bytes(content: bytes) -> Iterator[str]:
    """The private keys of a file that is no text, in words: DER anywhere in it, PKCS#12, OpenPGP, OpenSSH."""
    if _DER.search(content):
        yield "a private key in DER form"
    if _PKCS12.match(content) and _holds_a_key(content):
        yield "a private key in a PKCS#12 file"
    if _PGP.match(content):
        yield "an OpenPGP secret key"
    if _OPENSSH.search(content):
        yield "a private key of OpenSSH"


def _holds_a_key(content: bytes) -> bool:
    """Whether a PKCS#12 file may hold a private key: its bags are in clear, or encrypted (RFC 7292 section 4.1)."""
    return any(bag in content for bag in _KEY_BAG) or b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06" in content


def _decoded(encoded: str) -> bytes:
    """Whatever ``encoded`` holds, at whichever of the four offsets it was cut out of its base64."""
    found = b""
    for skip in range(4):
        piece = encoded[skip : skip + (len(encoded) - skip) // 4 * 4]
        try:
            found += base64.b64decode(piece)
        except (binascii.Error, ValueError):
            continue
        if skip == 0 and found[:1] == b"\x30":
            break
    return found
