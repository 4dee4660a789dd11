"""The real openssl accepts every chain that we issue, strictly, for its own purpose and for no other."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from compiler.secrets import pki

pytestmark = pytest.mark.e2e

NAMES = ("pulp-api-svc", "pulp-api-svc.pulp.svc.cluster.local")


def verify(folder: Path, leaf: pki.Pair, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "leaf.crt").write_bytes(leaf.certificate)
    command = ["openssl", "verify", "-x509_strict", "-CAfile", str(folder / "ca.crt"), *arguments]
    return subprocess.run([*command, str(folder / "leaf.crt")], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("purpose", "own", "other"), [("server", "sslserver", "sslclient"), ("client", "sslclient", "sslserver")]
)
def test_openssl_verify_strictly(tmp_path: Path, purpose: str, own: str, other: str) -> None:
    now = datetime.now(UTC)
    ca = pki.create_authority("demo", "service", 1, now)
    (tmp_path / "ca.crt").write_bytes(ca.certificate)
    leaf = pki.issue(ca, purpose=purpose, common_name="pulp", dns_names=NAMES, now=now)  # type: ignore[arg-type]
    accepted = verify(tmp_path, leaf, "-purpose", own, "-verify_hostname", NAMES[1])
    assert accepted.returncode == 0, accepted.stderr
    assert verify(tmp_path, leaf, "-purpose", other).returncode != 0
    assert verify(tmp_path, leaf, "-purpose", own, "-verify_hostname", "elsewhere").returncode != 0


def test_the_authority_is_strictly_valid_by_itself(tmp_path: Path) -> None:
    ca = pki.create_authority("demo", "service", 1, datetime.now(UTC))
    (tmp_path / "ca.crt").write_bytes(ca.certificate)
    done = verify(tmp_path, ca)
    assert done.returncode == 0, done.stderr


def test_two_generations_in_one_bundle_verify_in_either_order(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    old, new = (pki.create_authority("demo", "service", generation, now) for generation in (1, 2))
    for first, second in ((old, new), (new, old)):
        (tmp_path / "ca.crt").write_bytes(first.certificate + second.certificate)
        for ca in (old, new):
            leaf = pki.issue(ca, purpose="server", common_name="pulp", dns_names=NAMES, now=now)
            done = verify(tmp_path, leaf, "-purpose", "sslserver")
            assert done.returncode == 0, done.stderr
