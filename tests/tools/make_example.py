"""Write the example's ``secrets/`` anew, with keys that are thrown away: ``python -m tests.tools.make_example``.

The administrator's and the clusters' identities and the controller's private key exist in this process only, so nobody
can open what it writes. Tests seal with identities of their own.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyrage
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from compiler.secrets import tool
from compiler.secrets.access import Access
from compiler.secrets.ensure import ensure
from compiler.secrets.identities import Identities
from compiler.secrets.plaintext import Plaintext
from compiler.secrets.start import initialize
from compiler.workspace import secrets

ROOT = Path(__file__).resolve().parents[2]


class _Written:
    """The files written so far; whatever the repository has below ``secrets/`` does not exist here."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def read(self, path: str) -> bytes:
        if path not in self.files:
            raise FileNotFoundError(path)
        return self.files[path]

    def is_file(self, path: str) -> bool:
        return path in self.files

    def is_dir(self, path: str) -> bool:
        return any(file.startswith(f"{path}/") for file in self.files)

    def listdir(self, path: str) -> list[str]:
        return sorted({file[len(path) + 1 :].split("/")[0] for file in self.files if file.startswith(f"{path}/")})

    def apply(self, writes: Mapping[str, bytes | None]) -> None:
        self.files.update({path: content for path, content in writes.items() if content is not None})


def controller_certificate(now: datetime) -> bytes:
    """A certificate as a sealed-secrets controller makes one (RSA-4096, ten years); its key is dropped at once."""
    key = rsa.generate_private_key(65537, 4096)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(x509.Name([]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)


def make(root: Path, now: datetime) -> dict[str, bytes | None]:
    """Everything below ``secrets/`` for the overlays of ``root``, and what is there now but no longer wanted."""
    targets = secrets.targets(root)
    administrator = pyrage.x25519.Identity.generate()
    opener = Identities([Plaintext(str(administrator).encode())], "thrown away")
    tree = _Written()
    with Access(lambda: tool.find(None), lambda: opener, now) as access:
        sealed_by_sops = [target.overlay for target in targets if target.backend == "sops"]
        tree.apply(
            initialize(
                tree,
                access,
                administrators=[str(administrator.to_public())],
                clusters={one: [str(pyrage.x25519.Identity.generate().to_public())] for one in sealed_by_sops},
                certificates={
                    target.overlay: controller_certificate(now) for target in targets if target.backend != "sops"
                },
            )
        )
        tree.apply(ensure(tree, targets, access).writes)
    folder = root / "secrets"
    old = [path.relative_to(root).as_posix() for path in folder.rglob("*") if path.is_file()]
    return {**dict.fromkeys(old), **tree.files}


def main() -> int:
    """Write the files."""
    writes = make(ROOT, datetime.now(UTC))
    secrets.write(ROOT, writes)
    print(f"secrets/: {sum(content is not None for content in writes.values())} files")
    return 0


if __name__ == "__main__":
    sys.exit(main())
