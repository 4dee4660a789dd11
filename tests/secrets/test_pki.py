"""Certificates that strict verifiers accept, and names that they never carry."""

from __future__ import annotations

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from compiler.errors import CompilerError
from compiler.secrets import pki
from tests.secrets.support import NOW

NAMES = ("pulp-api-svc", "pulp-api-svc.pulp", "pulp-api-svc.pulp.svc", "pulp-api-svc.pulp.svc.cluster.local")


@pytest.fixture(scope="module")
def ca() -> pki.Pair:
    return pki.create_authority("demo", "service", 1, datetime.now(UTC))


def issue(ca: pki.Pair, purpose: str = "server", **changes: object) -> pki.Pair:
    arguments = {"common_name": "pulp-api-svc", "dns_names": NAMES, "now": datetime.now(UTC), **changes}
    return pki.issue(ca, purpose=purpose, **arguments)  # type: ignore[arg-type]


def certificate(pair: pki.Pair) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pair.certificate)


def test_a_ca_has_the_profile_that_strict_verifiers_ask_for(ca: pki.Pair) -> None:
    cert = certificate(ca)
    constraints = cert.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (True, True, 0)
    usage = cert.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.key_cert_sign
    assert usage.value.crl_sign
    assert not usage.value.digital_signature
    assert cert.version is x509.Version.v3
    assert isinstance(cert.public_key(), ec.EllipticCurvePublicKey)
    assert cert.issuer == cert.subject
    with pytest.raises(x509.ExtensionNotFound):
        cert.extensions.get_extension_for_class(x509.ExtendedKeyUsage)


@pytest.mark.parametrize(
    ("purpose", "usage"),
    [("server", x509.ExtendedKeyUsageOID.SERVER_AUTH), ("client", x509.ExtendedKeyUsageOID.CLIENT_AUTH)],
)
def test_a_leaf_has_one_purpose_and_key_identifiers(ca: pki.Pair, purpose: str, usage: x509.ObjectIdentifier) -> None:
    cert = certificate(issue(ca, purpose))
    assert list(cert.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [usage]
    assert cert.extensions.get_extension_for_class(x509.BasicConstraints).critical
    assert not cert.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert cert.extensions.get_extension_for_class(x509.KeyUsage).critical
    own = cert.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    above = cert.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    of_ca = certificate(ca).extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    assert above.key_identifier == of_ca.digest != own.digest


def test_serials_are_random_positive_and_at_most_20_octets(ca: pki.Pair) -> None:
    serials = {certificate(issue(ca)).serial_number for _ in range(5)}
    assert len(serials) == 5
    assert all(0 < serial < 1 << 159 for serial in serials)


def test_times_are_floored_to_the_hour_before_and_a_leaf_ends_with_its_ca() -> None:
    ca = pki.create_authority("demo", "service", 1, NOW)
    facts = pki.read(issue(ca, now=NOW).certificate)
    assert facts.not_before == datetime(2026, 11, 21, 3, tzinfo=UTC)
    assert facts.not_after - facts.not_before == timedelta(days=365)
    end = pki.read(ca.certificate).not_after
    assert pki.read(issue(ca, now=end - timedelta(days=10)).certificate).not_after == end


def test_a_ca_outside_its_validity_signs_nothing() -> None:
    ca = pki.create_authority("demo", "service", 1, NOW)
    for moment in (NOW - timedelta(days=1), NOW + pki.CA_LIFE):
        with pytest.raises(CompilerError, match="is valid from"):
            issue(ca, now=moment)


def test_every_generation_and_authority_has_its_own_subject() -> None:
    subjects = {
        pki.read(pki.create_authority(overlay, authority, generation, NOW).certificate).subject
        for overlay in ("demo", "prod")
        for authority in ("service", "upstream")
        for generation in (1, 2)
    }
    assert len(subjects) == 8


def test_a_key_that_is_not_the_cas_signs_nothing(ca: pki.Pair) -> None:
    other = pki.create_authority("demo", "service", 1, datetime.now(UTC))
    with pytest.raises(CompilerError, match="does not belong"):
        issue(pki.Pair(ca.certificate, other.key))


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a b",
        "*.example.com",
        "ümlaut.example",
        "A.example",
        "10.0.0.1",
        "x" * 254,
        "a" * 64 + ".b",
        "-a",
        "a_b",
        "a..b",
    ],
)
def test_a_name_that_is_no_host_name_is_never_issued(ca: pki.Pair, name: str) -> None:
    with pytest.raises(CompilerError, match="cannot stand in a certificate"):
        issue(ca, dns_names=(name,))


def test_a_server_needs_a_name_and_a_common_name_has_at_most_64_characters(ca: pki.Pair) -> None:
    with pytest.raises(CompilerError, match="no DNS name"):
        issue(ca, dns_names=())
    with pytest.raises(CompilerError, match="common name"):
        issue(ca, common_name="x" * 65)


def test_another_verifier_accepts_the_chain_and_refuses_a_wrong_name_and_purpose(ca: pki.Pair) -> None:
    builder = PolicyBuilder().store(Store([certificate(ca)])).time(datetime.now(UTC))
    server, client = certificate(issue(ca)), certificate(issue(ca, "client"))
    for name in NAMES:
        assert len(builder.build_server_verifier(x509.DNSName(name)).verify(server, [])) == 2
    with pytest.raises(VerificationError):
        builder.build_server_verifier(x509.DNSName("other.pulp")).verify(server, [])
    with pytest.raises(VerificationError):
        builder.build_server_verifier(x509.DNSName(NAMES[0])).verify(client, [])
    assert builder.build_client_verifier().verify(client, []).chain[0] == client
    with pytest.raises(VerificationError):
        builder.build_client_verifier().verify(server, [])


def handshake(
    folder: Path,
    ca: pki.Pair,
    server: pki.Pair,
    client: pki.Pair,
    name: str,
    *,
    trusted_by_client: bytes | None = None,
) -> str:
    """A TLS handshake with certificates on both sides and strict verification; returns the client's name as the
    server sees it. ``ca`` is what the server trusts, and the client too unless it is told otherwise."""

    def files(role: str, pair: pki.Pair) -> tuple[Path, Path]:
        paths = folder / f"{role}.crt", folder / f"{role}.key"
        paths[0].write_bytes(pair.certificate)
        paths[1].write_bytes(pair.key.reveal())
        return paths

    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    calling = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for context, role, pair in ((serving, "server", server), (calling, "client", client)):
        context.load_cert_chain(*files(role, pair))
        bundle = trusted_by_client if trusted_by_client and context is calling else ca.certificate
        context.load_verify_locations(cadata=bundle.decode())
        context.verify_mode = ssl.CERT_REQUIRED
        context.verify_flags |= ssl.VERIFY_X509_STRICT
    left, right = socket.socketpair()
    seen: list[object] = []

    def serve() -> None:
        try:
            with serving.wrap_socket(left, server_side=True) as connection:
                seen.append(connection.getpeercert())
                connection.sendall(b"hello")
        except OSError as error:
            seen.append(error)
        finally:
            left.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with calling.wrap_socket(right, server_hostname=name) as connection:
            connection.recv(5)
    finally:
        right.close()
        thread.join(10)
    if isinstance(seen[0], OSError):
        raise seen[0]
    subject = dict(pair[0] for pair in seen[0]["subject"])  # type: ignore[index]
    return str(subject["commonName"])


def test_openssl_shakes_hands_strictly_on_both_sides(tmp_path: Path, ca: pki.Pair) -> None:
    client = issue(ca, "client", common_name="pulp", dns_names=())
    assert handshake(tmp_path, ca, issue(ca), client, "pulp-api-svc.pulp.svc") == "pulp"


def test_openssl_refuses_a_wrong_name_and_a_client_certificate_as_server(tmp_path: Path, ca: pki.Pair) -> None:
    client = issue(ca, "client")
    with pytest.raises(ssl.SSLCertVerificationError, match=r"[Hh]ostname mismatch"):
        handshake(tmp_path, ca, issue(ca), client, "elsewhere.pulp.svc")
    with pytest.raises(ssl.SSLCertVerificationError, match="purpose"):
        handshake(tmp_path, ca, client, client, NAMES[0])


def test_verify_tells_a_foreign_key_and_a_foreign_ca(ca: pki.Pair) -> None:
    leaf, other = issue(ca), pki.create_authority("demo", "service", 1, datetime.now(UTC))
    pki.verify(leaf, ca.certificate)
    with pytest.raises(CompilerError, match="does not belong"):
        pki.verify(pki.Pair(leaf.certificate, other.key), ca.certificate)
    with pytest.raises(CompilerError, match="did not sign"):
        pki.verify(leaf, other.certificate)
