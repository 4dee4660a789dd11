"""The probe that runs in the pods, run here against a real TLS server."""

from __future__ import annotations

import datetime
import http.server
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from compiler.pulp.scripts import text
from tests.pulp.serving import serving


def issue(name: str, issuer: tuple[Any, Any] | None = None) -> tuple[Any, Any]:
    """A key and a certificate for ``name``, of ``issuer`` or a CA of its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[1].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(issuer is None, 0 if issuer is None else None), critical=True)
    )
    if issuer:
        usage = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage(usage), critical=False)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer[0].public_key()), critical=False
        )
    else:
        usage_of_ca = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        builder = builder.add_extension(usage_of_ca, critical=True)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    return key, builder.sign(issuer[0] if issuer else key, hashes.SHA256())


def store(folder: Path, pair: tuple[Any, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    key, certificate = pair
    (folder / "tls.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "tls.key").write_bytes(pem)
    return folder


class Quiet(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        ok = self.path == "/livez/" and self.headers["Host"] == "pulp-api-svc"
        self.send_response(200 if ok else 404)
        self.end_headers()

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """The folder that a pod sees as /etc/pulp, and the context of a server that asks for a client certificate."""
    root = tmp_path_factory.mktemp("etc")
    service, upstream = issue("service CA"), issue("upstream CA")
    own = store(root / "server", issue("pulp-api-svc", service))
    store(root / "secrets" / "probe-client", issue("pulp-probe", upstream))
    store(root / "stranger", issue("pulp-probe", service))
    for part, pair in (("ca", service), ("upstream-ca", upstream)):
        (root / part).mkdir()
        (root / part / "ca.crt").write_bytes(pair[1].public_bytes(serialization.Encoding.PEM))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(root / "upstream-ca" / "ca.crt"))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(own / "tls.crt", own / "tls.key")
    return root, context


def probe(root: Path, port: int, path: str, name: str = "pulp-api-svc") -> subprocess.CompletedProcess[str]:
    program = text("probe.py").replace("/etc/pulp", str(root))
    return subprocess.run(
        [sys.executable, "-IS", "-c", program, name, str(port), path],
        capture_output=True,
        check=False,
        text=True,
        timeout=30,
    )


def test_a_probe_presents_its_certificate_and_looks_at_the_status(tls: tuple[Path, ssl.SSLContext]) -> None:
    root, context = tls
    with serving(Quiet, context) as port:
        alive = probe(root, port, "/livez/")
        assert (alive.returncode, alive.stdout) == (0, "")
        lost = probe(root, port, "/nowhere/")
        assert lost.returncode == 1
        assert "HTTP 404" in lost.stdout
        assert probe(root, port, "/livez/", "another-name").returncode == 1, "the server's name is checked"
    assert probe(root, port, "/livez/").returncode == 1, "nobody listens"


def test_a_certificate_of_the_other_authority_does_not_pass(tls: tuple[Path, ssl.SSLContext], tmp_path: Path) -> None:
    root, context = tls
    (tmp_path / "secrets").mkdir()
    (tmp_path / "ca").symlink_to(root / "ca")
    (tmp_path / "secrets" / "probe-client").symlink_to(root / "stranger")
    with serving(Quiet, context) as port:
        assert probe(tmp_path, port, "/livez/").returncode == 1
