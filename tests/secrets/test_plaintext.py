"""A plaintext does not get out by accident, and material is random, long and of the right form."""

from __future__ import annotations

import base64
import copy
import json
import pickle
import re
import traceback

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from compiler.errors import CompilerError
from compiler.secrets import material
from compiler.secrets.names import check_secret_key
from compiler.secrets.plaintext import Plaintext


def test_no_text_form_shows_the_content() -> None:
    value = Plaintext(b"canary")
    for text in (repr(value), str(value), f"{value}", f"{value!r:>20}", f"{[value]}", "%s" % value):  # noqa: UP031
        assert "canary" not in text


def test_it_cannot_be_pickled_copied_hashed_or_dumped() -> None:
    value = Plaintext(b"canary")
    for escape in (pickle.dumps, copy.copy, copy.deepcopy, hash, json.dumps):
        with pytest.raises(TypeError) as caught:
            escape(value)  # type: ignore[operator]
        assert "canary" not in "".join(traceback.format_exception(caught.value))


def test_it_compares_by_content() -> None:
    assert Plaintext(b"a") == Plaintext(b"a")
    assert Plaintext(b"a") != Plaintext(b"b")
    assert Plaintext(b"a") != b"a"


def test_passwords_are_alphanumeric_long_and_different() -> None:
    seen = {material.password(32).reveal() for _ in range(20)} | {material.django_key().reveal()}
    assert len(seen) == 21
    assert all(re.fullmatch(rb"[A-Za-z0-9]{32}|[A-Za-z0-9]{64}", one) for one in seen)
    with pytest.raises(CompilerError, match="too short"):
        material.password(21)


def test_a_fernet_key_is_one_line_of_32_bytes() -> None:
    key = material.fernet_key().reveal()
    assert key.endswith(b"\n")
    assert key.count(b"\n") == 1
    assert len(base64.urlsafe_b64decode(key)) == 32


def test_a_token_pair_is_sec1_and_spki_on_p256() -> None:
    private, public = material.token_pair()
    assert private.reveal().startswith(b"-----BEGIN EC PRIVATE KEY-----")
    key = serialization.load_pem_private_key(private.reveal(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.curve.name == "secp256r1"
    assert serialization.load_pem_public_key(public.reveal()) == key.public_key()


@pytest.mark.parametrize("value", [b"", b"@format {env[HOME]}", b"x" * (1 << 20)])
def test_a_value_that_would_be_executed_lost_or_refused_is_not_taken(value: bytes) -> None:
    with pytest.raises(CompilerError) as caught:
        material.check_given(Plaintext(value))
    assert "env[HOME]" not in str(caught.value)


@pytest.mark.parametrize("key", ["", ".", "..", "..a", "a/b", "a:b", "x" * 254, "a b", "ä"])
def test_a_key_that_kubernetes_refuses_is_refused(key: str) -> None:
    with pytest.raises(CompilerError, match="cannot be a key"):
        check_secret_key(key)
