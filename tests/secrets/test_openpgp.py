"""Signing keys: what is made is whole and signed by itself; what is given is looked at before it is taken.

The real gpg, gpgv and Pulp take what is made in tests/e2e/test_signing_keys.py.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.errors import CompilerError
from compiler.pulp.requirements import GivenSigningKey, SecretRequirement, SigningKey
from compiler.secrets import openpgp
from compiler.secrets.plaintext import Plaintext
from compiler.secrets.replace import rotate
from tests.secrets.support import NOW, World, copy, small

KEY = "signing_service.gpg"
USER = "Acme Packages <packages@example.com>"
MADE = datetime(2026, 11, 21, 3, tzinfo=UTC)


@pytest.fixture(scope="module")
def armored() -> bytes:
    return openpgp.create(USER, MADE, bits=2048).reveal()


def body(armored: bytes) -> bytes:
    lines = armored.split(b"\n")
    return base64.b64decode(b"".join(line for line in lines if line and line[:1] not in (b"-", b"=")))


def packets(content: bytes) -> list[tuple[int, bytes]]:
    """Packets with two length bytes, as this test reads them by itself."""
    found = []
    while content:
        size = int.from_bytes(content[1:3], "big")
        found.append((content[0], content[3 : 3 + size]))
        content = content[3 + size :]
    return found


def numbers(content: bytes, count: int) -> tuple[list[int], bytes]:
    found = []
    for _ in range(count):
        size = (int.from_bytes(content[:2], "big") + 7) // 8
        found.append(int.from_bytes(content[2 : 2 + size], "big"))
        content = content[2 + size :]
    return found, content


def test_a_key_is_a_secret_key_a_user_id_and_its_own_signature(armored: bytes) -> None:
    (key_tag, key), (user_tag, user), (signature_tag, signature) = packets(body(armored))
    assert (key_tag, user_tag, signature_tag, user) == (0x95, 0xB5, 0x89, USER.encode())
    assert key[:6] == b"\x04" + int(MADE.timestamp()).to_bytes(4, "big") + b"\x01"
    (n, e), rest = numbers(key[6:], 2)
    assert rest[0] == 0  # no passphrase
    (d, p, q, u), check = numbers(rest[1:], 4)
    assert (p * q, p < q, u * p % q, n.bit_length()) == (n, True, 1, 2048)
    assert pow(pow(7, e, n), d, n) == 7
    assert int.from_bytes(check, "big") == sum(rest[1:-2]) % 65536

    size = int.from_bytes(signature[4:6], "big")
    head, unhashed = signature[: 6 + size], signature[6 + size :]
    rest = unhashed[2 + int.from_bytes(unhashed[:2], "big") :]
    ((value,), end) = numbers(rest[2:], 1)
    assert end == b""
    public = key[: len(key) - len(numbers(key[6:], 2)[1])]
    signed = (
        b"\x99" + len(public).to_bytes(2, "big") + public
        + b"\xb4" + len(user).to_bytes(4, "big") + user
        + head + b"\x04\xff" + len(head).to_bytes(4, "big")
    )  # fmt: skip
    assert rest[:2] == hashlib.sha512(signed).digest()[:2]
    rsa.RSAPublicNumbers(e, n).public_key().verify(
        value.to_bytes(256, "big"), signed, padding.PKCS1v15(), hashes.SHA512()
    )
    assert b"\x02\x1b\x03" in head  # key flags: certify and sign


def test_its_facts_are_read_back(armored: bytes) -> None:
    facts = openpgp.read(Plaintext(armored))
    assert facts.user_id == USER
    assert len(facts.fingerprint) == 40
    assert openpgp.read(Plaintext(armored.replace(b"\n", b"\r\n"))) == facts
    headers = armored.replace(b"BLOCK-----\n", b"BLOCK-----\nComment: mine", 1)
    assert openpgp.read(Plaintext(headers.replace(b"mine", b"mine\n", 1))) == facts


def test_two_keys_differ() -> None:
    assert openpgp.create(USER, MADE, bits=2048) != openpgp.create(USER, MADE, bits=2048)


def armor(content: bytes) -> bytes:
    text = base64.encodebytes(content)
    return b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n" + text + b"-----END PGP PRIVATE KEY BLOCK-----\n"


def test_what_is_no_key_to_sign_with_is_refused(armored: bytes) -> None:
    content = body(armored)
    key = packets(content)[0][1]
    place = len(key) - len(numbers(key[6:], 2)[1])
    protected = content[: 3 + place] + b"\xfe" + content[4 + place :]
    cases = {
        b"hunter2": "one ASCII-armored PGP PRIVATE KEY BLOCK was expected",
        armored * 2: "one ASCII-armored PGP PRIVATE KEY BLOCK was expected",
        armored.replace(b"PRIVATE", b"PUBLIC"): "one ASCII-armored",
        armored.replace(b"\n\n", b"\n\n*", 1): "its armor is damaged",
        armored[:200] + (b"A" if armored[200:201] != b"A" else b"B") + armored[201:]: "its armor's checksum is wrong",
        armor(protected): "it has a passphrase, or its secret part is elsewhere",
        armor(content[:3] + b"\x03" + content[4:]): "only version 4",
        armor(content[:8] + b"\x63" + content[9:]): "its algorithm (99) is not known",
        armor(content[3 + len(key) :]): "it holds no secret key with a user id",
        armor(content[: 3 + len(key)]): "it holds no secret key with a user id",
        armor(content[:-5]): "it is cut off",
        armor(b"\x00" + content): "it is damaged",
        armor(b"\x9d" + content[1:]): "its first key is a subkey",
        armor(b""): "it holds no secret key",
    }
    for text, message in cases.items():
        with pytest.raises(CompilerError) as error:
            openpgp.read(Plaintext(text))
        assert message in error.value.message
        assert "gpg --armor --export-secret-keys" in str(error.value.hint)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_no_bytes_make_it_fail_otherwise(content: bytes, armored_too: bool) -> None:
    with pytest.raises(CompilerError, match="not a secret key to sign with"):
        openpgp.read(Plaintext(armor(content) if armored_too else content))


def signing(*, given: bool = False) -> SecretRequirement:
    material = GivenSigningKey({KEY: "a key"}) if given else SigningKey(KEY, USER)
    return SecretRequirement("pulp-signing", "pulp", (material,))


@pytest.fixture(scope="module")
def settled() -> World:
    world = small(signing())
    world.ensure(world.admin)
    return world


def value(world: World) -> bytes:
    with world.access(world.admin) as access:
        return access.open(world.tree, world.lock(), "demo/pulp-signing", "a test")[KEY].reveal()


def test_a_generated_key_is_made_once_and_counts_as_made_an_hour_ago(settled: World) -> None:
    world = copy(settled)
    made = value(world)
    facts = openpgp.read(Plaintext(made))
    assert facts.user_id == USER
    assert body(made)[4:8] == int(MADE.timestamp()).to_bytes(4, "big")  # NOW is half past four
    assert NOW > MADE
    assert world.ensure().writes == {}
    world.want(SecretRequirement("pulp-signing", "pulp", (SigningKey(KEY, "Another"),)))
    world.ensure(world.admin)
    assert value(world) == made


def test_a_signing_key_is_never_rotated(settled: World) -> None:
    with (
        settled.access(settled.admin) as access,
        pytest.raises(CompilerError, match="must verify for as long as anybody installs it") as error,
    ):
        rotate(settled.tree, settled.targets, "demo/pulp-signing", access)
    assert "signing.keys" in str(error.value.hint)


def test_a_given_key_is_looked_at_before_it_is_taken(armored: bytes) -> None:
    world = small(signing(given=True))
    with pytest.raises(CompilerError, match="not a secret key to sign with"):
        world.give("pulp-signing", {KEY: b"hunter2"})
    world.give("pulp-signing", {KEY: armored})
    assert value(world) == armored
