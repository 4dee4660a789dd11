"""Odd and hostile inputs that no other test of this room has: values, documents, names, files."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from compiler.errors import CompilerError
from compiler.pulp.requirements import Given, Password, SecretRequirement
from compiler.secrets import documents, identities, layout, names, pki, sealedsecrets, sops
from compiler.secrets.documents import SecretDocument
from compiler.secrets.plaintext import Plaintext
from compiler.secrets.sopsfile import StructureError, check_structure
from tests.secrets.support import NOW, World, admin_password, person, real_sops, small
from tests.secrets.test_authority import pem_of
from tests.secrets.test_commands import NOW as AT
from tests.secrets.test_commands import begin, files, repository, secrets
from tests.secrets.test_sealedsecrets import controller, unseal

__all__ = ["repository"]  # a fixture

ONE = SecretRequirement("pulp-db", "pulp", (Given({"password": "of the database"}),))
KEY = ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize(
    "value",
    [
        pem_of(KEY) + pem_of(KEY),
        pem_of(KEY, b"passphrase"),
        pem_of(KEY).replace(b"\n", b"\r\n"),
        b"pulp-admin-password",
        b"x" * (1024 * 1024 - 64 * 1024),
    ],
    ids=["two PEMs", "an encrypted PEM", "a PEM with CRLF", "the name of another secret", "as large as it may be"],
)
def test_an_odd_given_value_comes_back_as_it_was(value: bytes) -> None:
    world = small(ONE)
    world.give("pulp-db", {"password": value})
    with world.access(world.admin) as access:
        opened = access.open(world.tree, world.lock(), "demo/pulp-db", "the test looks")
    assert opened == {"password": Plaintext(value)}
    assert world.check(world.admin) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"- 1\n", "a mapping was expected"),
        (b"a: 1\n---\na: 1\na: 2\n", "second document"),
        (b"a: {b: 1, b: 2}\n", "stands twice"),
        (b"a: &x 1\nb: *x\n", "anchors"),
        (b"1: a\n", "not a string"),
        (b"[a]: b\n", "YAML|not a string"),
        ("a: b\n".encode("utf-16"), "not UTF-8"),
        (b"a:\n\tb: c\n", "YAML"),
        (b"", "a mapping was expected"),
        (b"a: " + b"[" * 5000, "YAML"),
        (b"x" * (9 * 1024 * 1024), "at most"),
    ],
    ids=range(11),
)
def test_a_document_that_is_not_one_of_ours_is_told_and_not_quoted(content: bytes, message: str) -> None:
    with pytest.raises(CompilerError, match=message):
        documents.load(content, "x")


@pytest.mark.parametrize("meta", [{}, None, [], {"mac": "x"}, {"age": []}, {"kms": [{"arn": "x"}]}], ids=str)
def test_made_up_metadata_seals_nothing(meta: object) -> None:
    document = {"kind": "Secret", "data": {"a": "eA=="}, "sops": meta}
    with pytest.raises(StructureError):
        check_structure(document, ["age1x"])


def test_a_list_of_secrets_is_no_sealed_file() -> None:
    world = small(admin_password())
    world.ensure(world.admin)
    path = "secrets/demo/pulp-admin-password.sops.yaml"
    inner = yaml.safe_load(world.tree.files[path])
    world.tree.files[path] = yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": [inner]}).encode()
    assert [one.path for one in world.check()] == [path, path]


def test_a_vault_file_with_two_ids_is_refused() -> None:
    who = person()
    document = documents.vault_document("demo/a", {"k": Plaintext(b"1")})
    document["data"]["demo/b"] = {"k": "Mg=="}
    content = sops.seal(real_sops(), document, [who.recipient])
    with pytest.raises(CompilerError, match="does not hold the values of demo/a"):
        sops.unseal_values(real_sops(), content, "x", "demo/a", [who.recipient], who.identities())


@pytest.mark.parametrize(
    ("name", "namespace"),
    [
        ("pulp", ""), ("pulp", "a/b"), ("b/pulp", "a"), ("x" * 254, "a"), ("Pulp", "a"), ("pulp", "A"),
        ("pulp", "x" * 64), ("..", "a"), ("a..b", "a"), ("a_b", "a"), ("a:b", "a"), ("", "a"), ("ä", "a"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("backend", ["sops", "sealed-secrets"])
def test_a_secret_that_could_stand_nowhere_or_elsewhere_is_never_sealed(
    name: str, namespace: str, backend: str
) -> None:
    with pytest.raises(CompilerError, match=r"cannot be|without a namespace"):
        names.check_place(name, namespace)
    if name and "/" not in name and name != "..":
        world = World(small(SecretRequirement(name, namespace, (Password("a"),))).requirements, backend)
        world.init({"demo": controller(rsa.generate_private_key(65537, 2048))} if backend != "sops" else {})
        with pytest.raises(CompilerError):
            world.ensure(world.admin)
        assert "secrets/seals.lock.json" in world.tree.files
        assert not world.tree.is_dir("secrets/demo")


def test_name_and_namespace_cannot_trade_a_character() -> None:
    """``ab`` in ``c`` is not ``b`` in ``ca``: what is sealed for one does not open for the other."""
    key = rsa.generate_private_key(65537, 2048)
    certificate = sealedsecrets.read_certificate(controller(key), now=NOW, path="x")
    sealed = yaml.safe_load(sealedsecrets.seal(SecretDocument("ab", "c", {"k": Plaintext(b"v")}), certificate))
    value = sealed["spec"]["encryptedData"]["k"]
    assert unseal(value, b"c/ab", key) == b"v"
    for label in (b"ca/b", b"ca/ab", b"/cab", b"cab/"):
        with pytest.raises(ValueError, match=r"[Dd]ecryption|[Ee]ncryption"):
            unseal(value, label, key)


def test_both_scope_annotations_are_refused() -> None:
    key = rsa.generate_private_key(65537, 2048)
    certificate = sealedsecrets.read_certificate(controller(key), now=NOW, path="x")
    sealed = yaml.safe_load(sealedsecrets.seal(SecretDocument("a", "b", {"k": Plaintext(b"v")}), certificate))
    scopes = ("sealedsecrets.bitnami.com/cluster-wide", "sealedsecrets.bitnami.com/namespace-wide")
    sealed["metadata"]["annotations"] = dict.fromkeys(scopes, "true")
    with pytest.raises(CompilerError, match="scope was widened"):
        sealedsecrets.read(yaml.safe_dump(sealed).encode(), "x", name="a", namespace="b", keys=["k"])


@pytest.mark.parametrize("moment", ["2028-02-29T12:00:00", "2027-03-28T01:30:00", "2049-06-01T00:00:00"])
def test_leaves_of_odd_days_end_where_they_should(moment: str) -> None:
    now = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    ca = pki.create_authority("demo", "service", 1, now)
    leaf = pki.issue(ca, purpose="server", common_name="a", dns_names=["a"], now=now)
    facts = pki.read(leaf.certificate)
    assert facts.not_after - facts.not_before == timedelta(days=365)
    pki.verify(leaf, ca.certificate)


def test_an_identity_that_others_may_read_still_opens(tmp_path: Path) -> None:
    """Its mode is its owner's choice (a mounted key is often 0644); standing in the repository is not."""
    file = tmp_path / "identity.txt"
    who = person()
    file.write_bytes(f"# a comment\r\n\r\n{who.identity}\r\n".encode())
    file.chmod(0o644)
    assert identities.read([file], repository=tmp_path / "repository")


@pytest.mark.parametrize("target", ["link", "folder link", "pipe", "folder"])
def test_nothing_is_written_through_what_is_not_a_file(repository: Path, target: str, tmp_path: Path) -> None:
    begin(repository)
    outside = tmp_path / "outside"
    outside.mkdir()
    place = repository / layout.sealed("demo/pulp-secret-key", "sops")
    if target == "folder link":
        place.parent.symlink_to(outside)
    else:
        place.parent.mkdir()
    if target == "link":
        place.symlink_to(outside / "file")
    elif target == "pipe":
        os.mkfifo(place)
    elif target == "folder":
        place.mkdir()
    before = files(repository)
    code = secrets("ensure", *AT)
    assert list(outside.iterdir()) == []
    assert code in (0, 2, 3)
    if code:
        assert files(repository) == before
    else:
        assert place.is_file()
        assert not place.is_symlink()
