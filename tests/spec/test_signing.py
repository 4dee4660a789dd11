"""Signing in the spec: services with their plugins, keys with names, errors at their place."""

from __future__ import annotations

import pytest

from compiler.errors import CompilerError
from tests.spec.trees import DEMO, load_one

GOOD = "signing: {services: [rpm], keys: {signing: {}, signing-2027: {source: given}}}\n"


def test_keys_have_defaults_and_names() -> None:
    signing = load_one(DEMO + GOOD).spec.signing
    assert signing is not None
    assert {name: key.source for name, key in signing.keys.items()} == {"signing": "generated", "signing-2027": "given"}


def test_nothing_is_signed_unless_said() -> None:
    assert load_one(DEMO).spec.signing is None


@pytest.mark.parametrize(
    ("signing", "message"),
    [
        ("{services: [deb], keys: {signing: {}}}", "services[0]: expected one of apt, collection, container, rpm"),
        ("{services: [], keys: {signing: {}}}", "signing.services: expected a list of at least 1 item(s)"),
        ("{services: [apt], keys: {signing: {}}}", "signing.services[0]: apt signatures are made by the plugin deb"),
        ("{services: [rpm, rpm], keys: {signing: {}}}", "signing.services[1]: rpm is named twice"),
        ("{services: [rpm]}", "signing.keys: this key is required"),
        ("{services: [rpm], keys: {}}", "signing.keys: at least one key is needed"),
        ("{services: [rpm], keys: {main: {}}}", 'signing.keys.main: "main" cannot be the name of a key'),
        ("{services: [rpm], keys: {signing-setup: {}}}", '"signing-setup" cannot be the name of a key'),
        ("{services: [rpm], keys: {signing: {sorce: given}}}", "signing.keys.signing.sorce: unknown key"),
        ("{services: [rpm], keys: {signing: {source: vault}}}", "expected one of generated, given"),
        (
            "{services: [rpm], keys: {signing: {source: given, user_id: A}}}",
            "signing.keys.signing.user_id: a given key has a user id of its own",
        ),
        ("{services: [rpm], keys: {signing: {user_id: 'A <b>'}}}", "expected a name, or a name and an address"),
        ("{services: [rpm], keys: {signing: {}}, scripts: {rpm: gpg}}", "scripts.rpm: a script begins with its inter"),
        ("{services: [rpm], keys: {signing: {}}, scripts: {apt: '#!/x'}}", "scripts.apt: this service is not in use"),
        ("{services: [rpm], keys: {signing: {}}, scripts: {x: '#!/x'}}", "scripts.x: there is no such service"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(signing: str, message: str) -> None:
    with pytest.raises(CompilerError) as error:
        load_one(DEMO + f"signing: {signing}\n")
    assert message in str(error.value)
    assert str(error.value).startswith("overlays/one/pulp.yaml:5:")
