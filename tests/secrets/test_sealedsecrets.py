"""SealedSecrets open with the controller's key, by a decryption written from the format's description alone."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.errors import CompilerError
from compiler.secrets import sealedsecrets
from compiler.secrets.documents import SecretDocument
from compiler.secrets.plaintext import Plaintext
from tests.secrets.support import NOW


def controller(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, start: datetime = NOW - timedelta(days=1), days: int = 3650
) -> bytes:
    """A certificate as the controller makes one: self-signed, no names."""
    name = x509.Name([])
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    return cert.public_bytes(serialization.Encoding.PEM)


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def certificate(key: rsa.RSAPrivateKey) -> sealedsecrets.ControllerCertificate:
    return sealedsecrets.read_certificate(controller(key), now=NOW, path="cert.pem")


def unseal(text: str, label: bytes, key: rsa.RSAPrivateKey) -> bytes:
    """What the controller does."""
    blob = base64.b64decode(text)
    length = blob[0] << 8 | blob[1]
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), label)
    session = key.decrypt(blob[2 : 2 + length], oaep)
    return AESGCM(session).decrypt(b"\0" * 12, blob[2 + length :], b"")


@settings(deadline=None, max_examples=15)
@given(value=st.binary(min_size=1, max_size=5000))
def test_every_value_opens_under_its_place_and_under_no_other(
    value: bytes, key: rsa.RSAPrivateKey, certificate: sealedsecrets.ControllerCertificate
) -> None:
    sealed = sealedsecrets.seal_value(value, b"pulp/pulp-x", certificate.key)
    assert unseal(sealed, b"pulp/pulp-x", key) == value
    for label in (b"", b"pulp", b"other/pulp-x", b"pulp/pulp-y"):
        with pytest.raises(ValueError, match=r".*"):
            unseal(sealed, label, key)


def test_the_object_is_strict_and_carries_what_the_secret_shall_have(
    key: rsa.RSAPrivateKey, certificate: sealedsecrets.ControllerCertificate
) -> None:
    document = SecretDocument(
        "pulp-x", "pulp", {"password": Plaintext(b"canary-value")}, type="Opaque", labels={"app": "pulp"}
    )
    content = sealedsecrets.seal(document, certificate)
    parsed = yaml.safe_load(content)
    assert (parsed["apiVersion"], parsed["kind"]) == ("bitnami.com/v1alpha1", "SealedSecret")
    assert "annotations" not in parsed["metadata"]
    assert set(parsed["spec"]["template"]) == {"metadata", "type"}
    assert parsed["spec"]["template"]["metadata"]["labels"] == {"app": "pulp"}
    assert unseal(parsed["spec"]["encryptedData"]["password"], b"pulp/pulp-x", key) == b"canary-value"
    assert b"canary" not in content
    sealedsecrets.read(content, "x", name="pulp-x", namespace="pulp", keys=["password"])


def edited(certificate: sealedsecrets.ControllerCertificate, edit: str) -> bytes:
    document = SecretDocument("pulp-x", "pulp", {"a": Plaintext(b"1"), "b": Plaintext(b"2")})
    parsed = yaml.safe_load(sealedsecrets.seal(document, certificate))
    spec, meta = parsed["spec"], parsed["metadata"]
    match edit:
        case "cluster-wide":
            meta["annotations"] = {"sealedsecrets.bitnami.com/cluster-wide": "true"}
        case "namespace-wide in the template":
            spec["template"]["metadata"]["annotations"]["sealedsecrets.bitnami.com/namespace-wide"] = "true"
        case "template data":
            spec["template"]["data"] = {"x": "{{ .a }}"}
        case "another place":
            meta["namespace"] = "other"
        case "a key more":
            spec["encryptedData"]["c"] = spec["encryptedData"]["a"]
        case "a truncated value":
            spec["encryptedData"]["a"] = spec["encryptedData"]["a"][:200]
        case "a length beyond the value":
            blob = base64.b64decode(spec["encryptedData"]["a"])
            spec["encryptedData"]["a"] = base64.b64encode(b"\xff\xff" + blob[2:]).decode()
        case "a plain value":
            spec["encryptedData"]["a"] = "aGVsbG8="
        case "a Secret":
            parsed["kind"] = "Secret"
    return yaml.safe_dump(parsed).encode()


@pytest.mark.parametrize(
    "edit",
    [
        "cluster-wide", "namespace-wide in the template", "template data", "another place", "a key more",
        "a truncated value", "a length beyond the value", "a plain value", "a Secret",
    ],
)  # fmt: skip
def test_an_edited_object_is_refused(certificate: sealedsecrets.ControllerCertificate, edit: str) -> None:
    with pytest.raises(CompilerError):
        sealedsecrets.read(edited(certificate, edit), "x", name="pulp-x", namespace="pulp", keys=["a", "b"])
    sealedsecrets.read(edited(certificate, ""), "x", name="pulp-x", namespace="pulp", keys=["a", "b"])


def test_a_certificate_that_is_not_the_controllers_is_refused(key: rsa.RSAPrivateKey) -> None:
    good = controller(key)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    bad = {
        "private key": good + private,
        "2 found": good + good,
        "none found": b"no certificate",
        "not RSA": controller(ec.generate_private_key(ec.SECP256R1())),
        "1024 bits": controller(rsa.generate_private_key(65537, 1024)),  # noqa: S505 - that is the point
        "not now": controller(key, NOW - timedelta(days=10), days=5),
        "is valid from": controller(key, NOW + timedelta(days=1)),
    }
    for message, pem in bad.items():
        with pytest.raises(CompilerError, match=message) as caught:
            sealedsecrets.read_certificate(pem, now=NOW, path="cert.pem")
        assert "BEGIN" not in str(caught.value)
