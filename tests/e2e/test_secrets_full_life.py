"""The whole life of a repository's secrets, as its administrators live it: at every commit everything must hold."""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from compiler.cli.main import run
from tests.secrets.support import Person, person
from tests.secrets.test_sealedsecrets import controller

pytestmark = pytest.mark.e2e  # for its length, over a minute; it needs neither root nor a server

GIVEN = {
    "prod/pulp-postgres-configuration": ("password",),
    "prod/pulp-redis-configuration": ("password",),
    "prod/pulp-s3": ("s3-access-key-id", "s3-secret-access-key"),
}


@dataclass
class Site:
    """A repository on disk, its clock, and whose identity its commands use."""

    root: Path
    identity: Path
    now: datetime
    patch: pytest.MonkeyPatch
    messages: list[str] = field(default_factory=list)

    def secrets(self, *arguments: str, stdin: bytes | None = None) -> int:
        """A secrets command, at the present and with the identity."""
        if stdin is not None:
            self.patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        moment = self.now.strftime("%Y-%m-%dT%H:%M:%SZ")
        return run(["secrets", *arguments, "--now", moment, "--identity", str(self.identity)])

    def git(self, *arguments: str) -> str:
        command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
        done = subprocess.run([*command, *arguments], cwd=self.root, check=True, capture_output=True, text=True)
        return done.stdout

    def commit(self, message: str) -> None:
        """Generate and commit; what is committed must be what the specs mean, valid, and sealed as it should be."""
        assert run(["generate"]) == 0, message
        assert run(["generate", "--check"]) == 0, message
        assert run(["check"]) == 0, message
        assert self.secrets("check", "--deep") == 0, message
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        assert run(["secrets", "guard"]) == 0, message
        self.messages.append(message)

    def untouched(self) -> bool:
        return self.git("status", "--porcelain") == ""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A scaffolded repository with its given values set, cloned afresh, and committed."""
    for name in ("COMPILER_IDENTITY", "COMPILER_SOPS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    identity = tmp_path / "keys" / "first.txt"
    first = tmp_path / "first"
    arguments = ["--host", "pulp.example.com", "--delivery", "flux", "--identity", str(identity)]
    assert run(["init", str(first), *arguments, "--repo", "https://git.example.com/acme/site.git"]) == 0
    made = Site(first, identity, datetime.now(UTC).replace(microsecond=0), monkeypatch)
    monkeypatch.chdir(first)
    for secret, keys in GIVEN.items():
        for key in keys:
            assert made.secrets("set", secret, "--key", key, "--stdin", stdin=f"{secret} {key}\n".encode()) == 0
    made.commit("scaffold")
    made.root = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(first), str(made.root)], check=True, capture_output=True)
    monkeypatch.chdir(made.root)
    return made


def test_a_full_life(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert site.secrets("ensure") == 0  # a second ensure, in a fresh clone, changes nothing
    assert run(["generate"]) == 0
    assert site.untouched()
    assert site.secrets("status") == 0

    _a_year_passes(site, capsys)
    _the_ca_gives_way(site)
    second = _people_change(site, tmp_path, capsys)
    _the_fields_key_changes(site)
    _the_backend_moves_and_comes_back(site, tmp_path)

    assert len(site.messages) == 14
    last = tmp_path / "last"
    subprocess.run(["git", "clone", "-q", str(site.root), str(last)], check=True, capture_output=True)
    site.patch.chdir(last)
    site.root = last
    assert site.secrets("check", "--deep") == 0
    assert site.secrets("ensure") == 0
    assert site.untouched()
    canaries = {second.identity.encode(), *(f"{secret} {key}".encode() for secret in GIVEN for key in GIVEN[secret])}
    history = subprocess.run(
        ["git", "cat-file", "--batch", "--batch-all-objects"], cwd=last, check=True, capture_output=True
    ).stdout
    assert not [canary for canary in canaries if canary in history]
    assert run(["secrets", "guard", "--history"]) == 0


def _a_year_passes(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.now += timedelta(days=250)
    capsys.readouterr()
    assert site.secrets("status") == 1  # warned in time
    assert "its certificate is due" in capsys.readouterr().out
    site.now += timedelta(days=115)
    assert site.secrets("check") == 1
    assert site.secrets("renew") == 0
    assert site.secrets("status") == 0
    site.commit("renew")


def _the_ca_gives_way(site: Site) -> None:
    assert site.secrets("ca", "rollover", "demo", "--phase", "issue") == 2  # nothing can be skipped
    assert site.untouched()
    for phase in ("trust", "issue", "retire"):
        said = ["--rolled-out"] if phase != "trust" else []
        assert site.secrets("ca", "rollover", "demo", "--phase", phase, *said) == 0
        site.commit(f"CA: {phase}")


def _people_change(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Person:
    first, second = site.identity, person()
    assert site.secrets("recipients", "add", "admin", second.recipient) == 0
    site.commit("a second administrator")
    site.identity = tmp_path / "keys" / "second.txt"
    site.identity.write_text(second.identity + "\n")
    site.identity.chmod(0o600)
    old = next(line.split()[-1] for line in first.read_text().splitlines() if line.startswith("# public key"))
    capsys.readouterr()
    assert site.secrets("recipients", "remove", old) == 1  # and says what to replace
    exposed = capsys.readouterr().out.split("\n")
    assert "demo/pulp-admin-password" in exposed
    assert "prod/service CA" in exposed
    site.commit("the first administrator leaves")
    assert run(["secrets", "check", "--deep", "--identity", str(first)]) == 2  # who left opens nothing new
    assert site.secrets("rotate", "demo/pulp-admin-password") == 0
    assert site.secrets("rekey") == 0
    site.commit("rekey")
    return second


def _the_fields_key_changes(site: Site) -> None:
    for phase in ("add", "promote", "reencrypt", "retire"):
        said = ["--rolled-out"] if phase != "add" else []
        assert site.secrets("rotate", "demo/pulp-db-fields-encryption", "--phase", phase, *said) == 0
        site.commit(f"database-field key: {phase}")
        jobs = list((site.root / "overlays/demo").glob("**/*rotate-db-key*"))
        assert bool(jobs) is (phase == "reencrypt")


def _the_backend_moves_and_comes_back(site: Site, tmp_path: Path) -> None:
    spec = site.root / "overlays/demo/pulp.yaml"
    before = spec.read_text()
    certificate = tmp_path / "controller.pem"
    certificate.write_bytes(controller(rsa.generate_private_key(65537, 2048), site.now - timedelta(days=1)))
    spec.write_text(before + "secrets: {backend: sealed-secrets}\n")
    assert site.secrets("init", "--cert", f"demo={certificate}") == 0
    assert site.secrets("ensure") == 0
    assert not list((site.root / "secrets/demo").glob("*.sops.yaml"))
    site.commit("to sealed-secrets")
    spec.write_text(before)
    assert site.secrets("ensure") == 0
    assert not list((site.root / "secrets/demo").glob("*.sealed.yaml"))
    site.commit("back to sops")
    # What is sealed again is what it was: no pod restarts because of a move.
    assert site.secrets("status") == 0
    changed = site.git("diff", "--name-only", "HEAD~2", "--", "overlays", "base").split()
    assert changed == []
