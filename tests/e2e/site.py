"""A clone of this repository with secrets of its own, as a user would have it: compiled, sealed, and opened again.

The tests that need a running service or a real file take their material from here. Nothing of it is written into the
repository under test.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID
from pyrage import x25519

ROOT = Path(__file__).resolve().parents[2]
SOPS = Path(sys.executable).parent / "sops"


@dataclass(frozen=True)
class Site:
    """A compiled repository and the keys to what it sealed: the administrator's, the clusters' and the controller's."""

    root: Path
    identity: Path
    cluster: Path
    controller: rsa.RSAPrivateKey

    def compiler(
        self, *arguments: str, check: bool = True, given: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the command in the repository, with ``given`` on its standard input."""
        result = subprocess.run(
            [sys.executable, "-m", "compiler", *arguments],
            cwd=self.root,
            input=given,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        if check and result.returncode:
            raise AssertionError(f"compiler {' '.join(arguments)}: exit {result.returncode}\n{result.stderr}")
        return result

    def give(self, secret: str, **values: str) -> None:
        """Give a secret's values as a person does; a ``_`` in a key's name stands for ``-``."""
        for key, value in values.items():
            where = ("--key", key.replace("_", "-"), "--stdin", "--identity", str(self.identity))
            self.compiler("secrets", "set", secret, *where, given=value)

    def objects(self, overlay: str) -> list[dict[str, Any]]:
        """The rendering of an overlay, as plain objects."""
        text = self.compiler("build", f"overlays/{overlay}").stdout
        return [document for document in yaml.load_all(text, Loader=yaml.CSafeLoader) if document]

    def secrets(self, overlay: str) -> dict[str, dict[str, bytes]]:
        """Every Secret that the overlay's cluster would hold, by name, opened as the cluster would open it."""
        opened: dict[str, dict[str, bytes]] = {}
        for path in sorted((self.root / "secrets" / overlay).glob("*.yaml")):
            document = yaml.safe_load(path.read_text())
            if document["kind"] == "SealedSecret":
                opened[document["metadata"]["name"]] = self._unseal(document)
            elif document["kind"] == "Secret":
                plain = subprocess.run(
                    [str(SOPS), "decrypt", "--output-type", "json", str(path)],
                    capture_output=True,
                    check=True,
                    env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "SOPS_AGE_KEY_FILE": str(self.cluster)},
                ).stdout
                data = json.loads(plain)["data"]
                opened[document["metadata"]["name"]] = {key: base64.b64decode(value) for key, value in data.items()}
        return opened

    def trust(self, overlay: str) -> dict[str, str]:
        """The CA bundles of the overlay, by the name of their ConfigMap."""
        found: dict[str, str] = {}
        for path in sorted((self.root / "secrets" / overlay).glob("*.yaml")):
            document = yaml.safe_load(path.read_text())
            if document["kind"] == "ConfigMap":
                found[document["metadata"]["name"]] = document["data"]["ca.crt"]
        return found

    def opened(self, document: dict[str, Any]) -> dict[str, Any]:
        """The Secret that the controller would make of a SealedSecret."""
        template = document["spec"]["template"]
        data = {key: base64.b64encode(value).decode() for key, value in self._unseal(document).items()}
        return {"apiVersion": "v1", "kind": "Secret", **template, "data": data}

    def _unseal(self, document: dict[str, Any]) -> dict[str, bytes]:
        # The controller's format: length, wrapped session key, AES-256-GCM with a zero nonce; label namespace/name.
        label = f"{document['metadata']['namespace']}/{document['metadata']['name']}".encode()
        oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), label)
        plain = {}
        for key, value in document["spec"]["encryptedData"].items():
            blob = base64.b64decode(value)
            size = int.from_bytes(blob[:2])
            session = self.controller.decrypt(blob[2 : 2 + size], oaep)
            plain[key] = AESGCM(session).decrypt(bytes(12), blob[2 + size :], None)
        return plain


def make(folder: Path) -> Site:
    """Clone the repository into ``folder`` and give it secrets that only the returned keys open."""
    root = folder / "site"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(root)], check=True)
    shutil.rmtree(root / "secrets", ignore_errors=True)
    controller = rsa.generate_private_key(65537, 4096)
    certificate = folder / "controller.pem"
    certificate.write_bytes(_self_signed(controller))
    cluster = x25519.Identity.generate()
    site = Site(root, folder / "identity.txt", folder / "cluster.txt", controller)
    site.cluster.touch(0o600)
    site.cluster.write_text(f"{cluster}\n")
    identity = ("--identity", str(site.identity))
    site.compiler("secrets", "init", "--generate-identity", str(site.identity), "--cert", f"prod={certificate}")
    clusters = [f"--cluster={name}={cluster.to_public()}" for name in ("demo", "pop-ams", "pop-sin")]
    site.compiler("secrets", "init", *clusters, *identity)
    site.compiler("secrets", "ensure", *identity)
    site.compiler("generate")
    return site


def _self_signed(key: rsa.RSAPrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sealed-secrets")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)
