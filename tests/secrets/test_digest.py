"""The lock's digest says only whether the same object was sealed, and only to who has its key."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.errors import CompilerError
from compiler.secrets import digest
from compiler.secrets.documents import SecretDocument
from compiler.secrets.plaintext import Plaintext
from tests.secrets.support import api_tls, fields_key, small

KEY = Plaintext(os.urandom(32))
DOCUMENT = SecretDocument("pulp-x", "pulp", {"a": Plaintext(b"one"), "b": Plaintext(b"two")}, labels={"app": "pulp"})


def of(document: SecretDocument, key: Plaintext = KEY) -> str:
    return digest.keyed(key, document.manifest())


def test_a_short_key_is_refused() -> None:
    with pytest.raises(CompilerError, match="32 are needed"):
        of(DOCUMENT, Plaintext(b"x" * 31))


def test_it_depends_on_the_key_and_every_part_of_the_object() -> None:
    others = [
        replace(DOCUMENT, name="pulp-y"),
        replace(DOCUMENT, namespace="other"),
        replace(DOCUMENT, name="p", namespace="ulp-xpulp"),
        replace(DOCUMENT, type="kubernetes.io/tls"),
        replace(DOCUMENT, labels={}),
        replace(DOCUMENT, values={"a": Plaintext(b"two"), "b": Plaintext(b"one")}),
        replace(DOCUMENT, values={"a": Plaintext(b"one")}),
    ]
    assert len({of(DOCUMENT), of(DOCUMENT, Plaintext(bytes(32))), *map(of, others)}) == len(others) + 2


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(st.text("abc", min_size=1), st.binary(min_size=1), min_size=1))
def test_the_order_of_keys_does_not_matter(values: dict[str, bytes]) -> None:
    forward = {key: Plaintext(value) for key, value in values.items()}
    backward = dict(reversed(list(forward.items())))
    assert of(replace(DOCUMENT, values=forward)) == of(replace(DOCUMENT, values=backward))


def test_no_unkeyed_hash_of_a_value_or_object_stands_in_the_lock() -> None:
    world = small(fields_key(), api_tls())
    world.ensure(world.admin)
    public = b"".join(content for path, content in world.tree.files.items() if "sops" not in path)
    with world.access(world.admin) as access:
        for secret in world.lock().vault:
            values = access.open(world.tree, world.lock(), secret, "the test looks")
            for value in values.values():
                for content in (value.reveal(), value.base64().encode(), value.reveal().strip()):
                    for algorithm in ("sha256", "sha1", "sha512", "md5"):
                        assert hashlib.new(algorithm, content).hexdigest().encode() not in public
