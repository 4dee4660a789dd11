"""CAs of one's own: which are taken, and how their keys are kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from compiler.errors import CompilerError
from compiler.secrets import lock, pki
from compiler.secrets.authority import bring, check_certificate, read_key
from compiler.secrets.plaintext import Plaintext
from tests.secrets.support import NOW, MemoryTree, World, api_tls, everything, person, small
from tests.secrets.test_commands import NOW as AT
from tests.secrets.test_commands import begin, files, repository, secrets

__all__ = ["repository"]  # a fixture


def pem_of(key: Any, password: bytes | None = None) -> bytes:
    how = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how)  # type: ignore[no-any-return]


def root_ca(
    *,
    name: str = "Acme CA",
    key: Any = None,
    start: datetime = NOW - timedelta(minutes=10),
    end: datetime = NOW + timedelta(days=3650),
    length: int | None = 0,
    ca: bool = True,
    critical: bool = True,
    sign: bool = True,
    identifier: bool = True,
    signer: Any = None,
) -> tuple[bytes, bytes]:
    """A certificate and its key, by default as the profile wants it."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else [])
    usage = x509.KeyUsage(not sign, False, False, False, False, sign, sign, False, False)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca, length if ca else None), critical=critical)
        .add_extension(usage, critical=True)
    )
    if identifier:
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    by = signer or key
    algorithm = None if isinstance(by, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(by, algorithm).public_bytes(serialization.Encoding.PEM), pem_of(key)


REFUSED = {
    "no CA": ({"ca": False}, "it is no CA"),
    "BasicConstraints that may be ignored": ({"critical": False}, "it is no CA"),
    "without a path length": ({"length": None}, "no path length"),
    "without keyCertSign": ({"sign": False}, "may not sign certificates"),
    "without a key identifier": ({"identifier": False}, "SubjectKeyIdentifier"),
    "expired": ({"start": NOW - timedelta(days=9), "end": NOW - timedelta(days=1)}, "it expired on 2026-11-20"),
    "not valid yet": ({"start": NOW + timedelta(days=1)}, "not valid before 2026-11-22"),
    "signed by another": ({"signer": ec.generate_private_key(ec.SECP256R1())}, "not self-signed"),
    "RSA below 2048": ({"key": rsa.generate_private_key(65537, 1024)}, "at least 2048"),  # noqa: S505 - refused
    "an odd curve": ({"key": ec.generate_private_key(ec.SECP256K1())}, "neither RSA nor EC"),
    "Ed25519": ({"key": ed25519.Ed25519PrivateKey.generate()}, "neither RSA nor EC"),
    "an empty subject": ({"name": ""}, "its subject is empty"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_certificate_that_does_not_fit_the_profile_is_refused(case: str) -> None:
    how, message = REFUSED[case]
    with pytest.raises(CompilerError, match=message):
        check_certificate(root_ca(**how)[0], now=NOW)  # type: ignore[arg-type]


def test_a_bundle_is_not_one_certificate() -> None:
    (one, key), (other, _) = root_ca(), root_ca(name="Other CA")
    for text, message in (
        (one + other, "2 found"),
        (one + one, "2 found"),
        (b"", "none found"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "none found"),
        (one + key, "private key"),
    ):
        with pytest.raises(CompilerError, match=message):
            check_certificate(text, now=NOW)


def test_another_generation_with_the_same_subject_is_refused() -> None:
    pem = root_ca()[0]
    other = lock.AuthorityGeneration("", "", (), "", "", "CN=Acme CA")
    with pytest.raises(CompilerError, match="same subject"):
        check_certificate(pem, now=NOW, others=[other])


def test_the_end_may_be_after_2050_and_on_a_leap_day() -> None:
    for end in (datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2052, 2, 29, tzinfo=UTC)):
        pem, key = root_ca(end=end)
        assert check_certificate(pem, now=NOW) == pem
        assert pki.read(pem).not_after == end
        leaf = pki.issue(pki.Pair(pem, Plaintext(key)), purpose="server", common_name="a", dns_names=["a"], now=NOW)
        pki.verify(leaf, pem)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pem_of(ec.generate_private_key(ec.SECP256R1())), "does not belong"),
        (pem_of(ec.generate_private_key(ec.SECP256R1()), b"hunter2"), "encrypted"),
        (b"", "not readable"),
        (b"-----BEGIN PRIVATE KEY-----\nhunter2hunter2\n-----END PRIVATE KEY-----\n", "not readable"),
        (root_ca()[0], "not readable"),
    ],
)
def test_a_key_that_is_not_the_certificates_is_refused_and_not_quoted(content: bytes, message: str) -> None:
    with pytest.raises(CompilerError, match=message) as caught:
        read_key(Plaintext(content), root_ca()[0], "the key")
    assert "hunter2" not in str(caught.value)


def test_a_key_with_windows_line_ends_is_read() -> None:
    pem, key = root_ca()
    assert read_key(Plaintext(key.replace(b"\n", b"\r\n")), pem, "the key").reveal() == key


def bring_to(world: World, pem: bytes, key: bytes | None, authority: str = "service") -> None:
    with world.access(None) as access:
        outcome = bring(world.tree, world.targets[0], authority, pem, key, access)
    world.tree.apply(outcome.writes)


@pytest.mark.parametrize("kind", ["EC", "RSA"])
def test_a_ca_of_ones_own_signs_what_the_overlay_needs(kind: str) -> None:
    pem, key = root_ca(key=rsa.generate_private_key(65537, 2048) if kind == "RSA" else None)
    world = small(api_tls())
    bring_to(world, pem, key)
    world.ensure(world.admin)
    certificate = world.lock().secrets["demo/pulp-api-tls"].certificate
    assert certificate is not None
    assert certificate.ca == 1
    with world.access(world.admin) as access:
        values = access.open(world.tree, world.lock(), "demo/pulp-api-tls", "the test looks")
    pki.verify(pki.Pair(values["tls.crt"].reveal(), values["tls.key"]), pem)
    assert world.check(world.admin) == []
    assert all(key not in content for content in world.tree.files.values())


def test_a_ca_of_ones_own_follows_the_one_that_issues_in_phases() -> None:
    world = World(everything()).init()
    world.give("pulp-s3", {"s3-access-key-id": b"id", "s3-secret-access-key": b"key"})
    world.give("pulp-db-password", {"password": b"p"})
    world.ensure(world.admin)
    pem, key = root_ca()
    bring_to(world, pem, key)
    known = world.lock().authorities["demo/service"]
    assert (known.issuer, known.trusted) == (1, (1, 2))
    assert pem in world.tree.files["secrets/demo/pulp-ca.configmap.yaml"].replace(b"\n    ", b"\n")
    with pytest.raises(CompilerError, match="rollover is not finished"):
        bring_to(world, root_ca(name="Third CA")[0], None)


def test_the_key_of_an_offline_ca_is_nowhere_in_the_repository_and_asked_for_when_it_signs(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(repository)
    keys = {}
    for authority in ("service", "upstream"):
        keys[authority] = repository.parent / f"{authority}.key"
        given = ("ca", "create", "demo", "--authority", authority, "--key-file", str(keys[authority]))
        assert secrets(*given, *AT) == 0
        assert keys[authority].stat().st_mode & 0o777 == 0o600
    assert not [path for path in files(repository) if path.startswith("secrets/ca/")]
    before = files(repository)
    assert secrets("ensure", *AT) == 2
    assert "--ca-key demo/" in capsys.readouterr().err
    assert files(repository) == before
    options = [f"--ca-key=demo/{authority}={file}" for authority, file in keys.items()]
    assert secrets("ensure", *options, *AT) == 0
    assert secrets("ensure", *AT) == 0
    assert secrets("check", "--deep", *AT) == 0
    assert secrets("renew", "--all", "demo", *AT) == 2
    assert secrets("renew", "--all", "demo", *options, *AT) == 0
    key = keys["service"].read_bytes()
    assert not [path for path, content in files(repository).items() if key[30:80] in content]
    assert secrets("ca", "rollover", "demo", "--phase", "trust", *AT) == 2
    assert "ca create" in capsys.readouterr().err


def test_a_key_in_the_repository_or_for_nobody_is_refused(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    begin(repository)
    inside = repository / "ca.key"
    assert secrets("ca", "create", "demo", "--key-file", str(inside), *AT) == 2
    assert not inside.exists()
    inside.write_bytes(root_ca()[1])
    assert secrets("ensure", f"--ca-key=demo/service={inside}", *AT) == 2
    assert "inside the repository" in capsys.readouterr().err
    for wrong in ("demo=x", "-----BEGIN PRIVATE KEY-----", "demo/other=x"):
        assert secrets("ensure", f"--ca-key={wrong}", *AT) == 2
        assert "BEGIN" not in capsys.readouterr().err


def test_importing_by_command_seals_the_key_to_administrators(repository: Path) -> None:
    begin(repository)
    pem, key = root_ca()
    for name, content in (("ca.crt", pem), ("ca.key", key)):
        (repository.parent / name).write_bytes(content)
    paths = ("--cert", str(repository.parent / "ca.crt"), "--key", str(repository.parent / "ca.key"))
    assert secrets("ca", "import", "demo", *paths, *AT) == 0
    assert secrets("ensure", *AT) == 0
    known = lock.read(MemoryTree(files(repository))).authorities["demo/service"].generations[1]
    assert known.subject == "CN=Acme CA"
    assert known.sealed
    assert secrets("check", "--deep", *AT) == 0


def test_a_ca_whose_key_is_offline_stops_only_what_it_signs(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(repository)
    other = repository / "overlays/other/pulp.yaml"
    other.parent.mkdir()
    other.write_text((repository / "overlays/demo/pulp.yaml").read_text())
    assert secrets("init", "--cluster", f"other={person().recipient}", *AT) == 0
    key = tmp_path / "other.key"
    assert secrets("ca", "create", "other", "--key-file", str(key), *AT) == 0
    given = ("--ca-key", f"other/service={key}")
    assert secrets("ensure", *given, *AT) == 0
    before = files(repository)
    later = ("--now", "2027-09-01")
    capsys.readouterr()
    assert secrets("renew", "other", *later) == 2  # its upstream CA is here, so that one's leaves are renewed
    assert secrets("renew", *later) == 2
    said = capsys.readouterr().err
    assert said.count("other/service: the CA's private key is kept outside the repository") == 2
    assert "hint: --ca-key other/service=FILE" in said
    after = files(repository)
    changed = {path for path in before if before[path] != after[path]}
    assert "secrets/demo/pulp-api-tls.sops.yaml" in changed
    assert "secrets/other/pulp-web-client.sops.yaml" in changed
    assert "secrets/other/pulp-api-tls.sops.yaml" not in changed
    assert secrets("check", "--deep", *later) == 1  # what is due still is
    assert secrets("renew", *given, *later) == 0
    assert secrets("check", "--deep", *later) == 0
