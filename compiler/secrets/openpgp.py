"""OpenPGP secret keys for signing: made, and looked at. No signature but a key's own is made here: gpg does that.

A new key is RSA of 4096 bits, version 4: one key that certifies and signs, one user id, no passphrase (the vault and
the cluster's sealing protect it), no expiry. That is what every client reads, down to the rpm 4.14 of RHEL 8 and
systems in FIPS mode, and packages must verify for as long as anybody installs them. Formats: RFC 4880, sections 4 to 6
and 12.2, which RFC 9580 keeps for version 4.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from compiler.errors import CompilerError
from compiler.secrets.plaintext import Plaintext

BITS = 4096

_BLOCK = "PGP PRIVATE KEY BLOCK"
_SECRET_KEY, _SIGNATURE, _USER_ID, _SECRET_SUBKEY = 5, 2, 13, 7
_RSA, _SHA512 = 1, 10
_CERTIFICATION = 0x13


@dataclass(frozen=True)
class KeyFacts:
    """What a secret key says of itself, without anything secret.

    Args:
        fingerprint: of the primary key, 40 upper-case hexadecimal digits.
        user_id: the first one.
    """

    fingerprint: str
    user_id: str


def create(user_id: str, now: datetime, bits: int = BITS) -> Plaintext:
    """A new secret key, ASCII-armored.

    Args:
        user_id: ``Name <mail@host>``, or a name; at most 64 KB.
        now: when it counts as made, timezone-aware; its fingerprint depends on that.
        bits: length of the modulus.
    """
    name = user_id.encode()
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    made = int(now.timestamp())
    public = b"\x04" + made.to_bytes(4, "big") + bytes([_RSA]) + _public_numbers(key)
    packets = _packet(_SECRET_KEY, public + b"\x00" + _private_numbers(key))
    packets += _packet(_USER_ID, name)
    packets += _packet(_SIGNATURE, _self_signature(key, public, name, made))
    return Plaintext(_armored(packets))


def _public_numbers(key: rsa.RSAPrivateKey) -> bytes:
    numbers = key.public_key().public_numbers()
    return _integer(numbers.n) + _integer(numbers.e)


def _private_numbers(key: rsa.RSAPrivateKey) -> bytes:
    """d, p, q, u with p < q and u = 1/p mod q, and their checksum (RFC 4880, 5.5.3)."""
    numbers = key.private_numbers()
    p, q = sorted((numbers.p, numbers.q))
    text = b"".join(_integer(number) for number in (numbers.d, p, q, pow(p, -1, q)))
    return text + (sum(text) % 65536).to_bytes(2, "big")


def _self_signature(key: rsa.RSAPrivateKey, public: bytes, name: bytes, made: int) -> bytes:
    """The key's own word that the user id is its, and what the key may do (RFC 4880, 5.2.3 and 5.2.4)."""
    fingerprint = _fingerprint(public)
    hashed = b"".join(
        (
            _subpacket(33, b"\x04" + fingerprint),  # issuer fingerprint
            _subpacket(2, made.to_bytes(4, "big")),  # creation time
            _subpacket(27, b"\x03"),  # key flags: certify, sign
            _subpacket(21, b"\x0a\x09\x08"),  # preferred hashes: SHA-512, SHA-384, SHA-256
            _subpacket(30, b"\x01"),  # features: modification detection
        )
    )
    head = bytes([4, _CERTIFICATION, _RSA, _SHA512]) + len(hashed).to_bytes(2, "big") + hashed
    signed = (
        b"\x99" + len(public).to_bytes(2, "big") + public + b"\xb4" + len(name).to_bytes(4, "big") + name
        + head + b"\x04\xff" + len(head).to_bytes(4, "big")
    )  # fmt: skip
    issuer = _subpacket(16, fingerprint[-8:])
    signature = int.from_bytes(key.sign(signed, padding.PKCS1v15(), hashes.SHA512()), "big")
    left = hashlib.sha512(signed).digest()[:2]
    return head + len(issuer).to_bytes(2, "big") + issuer + left + _integer(signature)


def _fingerprint(public: bytes) -> bytes:
    # SHA-1 is what version 4 prescribes here; nothing is signed by it.
    return hashlib.sha1(b"\x99" + len(public).to_bytes(2, "big") + public, usedforsecurity=False).digest()


def _integer(number: int) -> bytes:
    """A multiprecision integer: its length in bits, then its bytes."""
    return number.bit_length().to_bytes(2, "big") + number.to_bytes((number.bit_length() + 7) // 8, "big")


def _subpacket(kind: int, content: bytes) -> bytes:
    return bytes([len(content) + 1, kind]) + content


def _packet(tag: int, content: bytes) -> bytes:
    """A packet with an old-format header of two length bytes, which every implementation reads."""
    return bytes([0x80 | tag << 2 | 1]) + len(content).to_bytes(2, "big") + content


def _armored(content: bytes) -> bytes:
    body = base64.encodebytes(content).replace(b"\n", b"")
    lines = [body[start : start + 64] for start in range(0, len(body), 64)]
    check = b"=" + base64.b64encode(_crc24(content).to_bytes(3, "big"))
    return b"\n".join(
        (f"-----BEGIN {_BLOCK}-----".encode(), b"", *lines, check, f"-----END {_BLOCK}-----".encode(), b"")
    )


def _crc24(content: bytes) -> int:
    """The checksum of the armor (RFC 4880, 6.1)."""
    value = 0xB704CE
    for byte in content:
        value ^= byte << 16
        for _ in range(8):
            value <<= 1
            if value & 0x1000000:
                value ^= 0x1864CFB
    return value


def read(key: Plaintext) -> KeyFacts:
    """The facts of an armored secret key that a worker can sign with: version 4, whole, without a passphrase.

    Raises:
        CompilerError: it is something else.
    """
    keys: list[bytes] = []
    users: list[str] = []
    for tag, content in _packets(_dearmored(key.reveal())):
        if tag in (_SECRET_KEY, _SECRET_SUBKEY):
            _check_open(content)
            keys.append(content)
        elif tag == _USER_ID:
            users.append(content.decode("utf-8", "replace"))
        if len(keys) == 1 and tag == _SECRET_SUBKEY:
            raise _unreadable("its first key is a subkey")
    if not keys or not users:
        raise _unreadable("it holds no secret key with a user id")
    return KeyFacts(_fingerprint(keys[0][: _public_length(keys[0])]).hex().upper(), users[0])


def _unreadable(why: str) -> CompilerError:
    return CompilerError(
        f"this is not a secret key to sign with: {why}",
        hint="gpg --armor --export-secret-keys FINGERPRINT, of a key without a passphrase",
    )


def _dearmored(text: bytes) -> bytes:
    begin, end = f"-----BEGIN {_BLOCK}-----".encode(), f"-----END {_BLOCK}-----".encode()
    if text.count(begin) != 1 or text.count(end) != 1:
        raise _unreadable("one ASCII-armored PGP PRIVATE KEY BLOCK was expected")
    lines = text.partition(begin)[2].partition(end)[0].replace(b"\r", b"").split(b"\n")
    blank = next((number for number, line in enumerate(lines[1:], 1) if not line.strip()), 0)
    body = [line.strip() for line in lines[blank + 1 :] if line.strip()]
    try:
        checks = [base64.b64decode(line[1:], validate=True) for line in body if line.startswith(b"=")]
        content = base64.b64decode(b"".join(line for line in body if not line.startswith(b"=")), validate=True)
    except binascii.Error:
        raise _unreadable("its armor is damaged") from None
    if any(check != _crc24(content).to_bytes(3, "big") for check in checks):
        raise _unreadable("its armor's checksum is wrong")
    return content


def _packets(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and body of each packet (RFC 4880, 4.2)."""
    place = 0
    while place < len(content):
        first = content[place]
        place += 1
        if not first & 0x80:
            raise _unreadable("it is damaged")
        size: int | None
        if first & 0x40:
            tag, octets = first & 0x3F, content[place : place + 1]
            if not octets or 224 <= octets[0] < 255:
                raise _unreadable("it is damaged")
            if octets[0] < 192:
                size, place = octets[0], place + 1
            elif octets[0] < 224:
                size, place = ((octets[0] - 192) << 8) + _byte(content, place + 1) + 192, place + 2
            else:
                size, place = int.from_bytes(content[place + 1 : place + 5], "big"), place + 5
        else:
            tag, width = first >> 2 & 0x0F, (1, 2, 4, 0)[first & 3]
            if not width:
                raise _unreadable("it is damaged")
            size, place = int.from_bytes(content[place : place + width], "big"), place + width
        if place + size > len(content):
            raise _unreadable("it is cut off")
        yield tag, content[place : place + size]
        place += size


def _check_open(content: bytes) -> None:
    usage = _byte(content, _public_length(content))
    if usage != 0:
        raise _unreadable("it has a passphrase, or its secret part is elsewhere; nobody types one on a worker")


_POINTS = {18: 1, 19: 1, 22: 1}
"""Algorithms whose public part is a curve and a point: ECDH (with parameters after it), ECDSA, EdDSA."""
_NUMBERS = {1: 2, 2: 2, 3: 2, 16: 3, 17: 4}
"""How many integers the public part of the others has: RSA, Elgamal, DSA (RFC 4880, 5.5.2)."""


def _public_length(content: bytes) -> int:
    """Bytes of the public part at the beginning of a secret key packet."""
    if _byte(content, 0) != 4:
        raise _unreadable("only version 4 is understood everywhere (gpg, rpm, apt)")
    algorithm, place = _byte(content, 5), 6
    if algorithm in _POINTS:
        place += 1 + _byte(content, place)
    elif algorithm not in _NUMBERS:
        raise _unreadable(f"its algorithm ({algorithm}) is not known")
    for _ in range(_POINTS.get(algorithm) or _NUMBERS[algorithm]):
        place += 2 + (int.from_bytes(content[place : place + 2], "big") + 7) // 8
    if algorithm == 18:
        place += 1 + _byte(content, place)
    return place


def _byte(content: bytes, place: int) -> int:
    if place >= len(content):
        raise _unreadable("it is cut off")
    return content[place]
