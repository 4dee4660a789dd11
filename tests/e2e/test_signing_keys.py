"""The real gpg and gpgv take the keys that are made here, and what is refused is what gpg exports so."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from compiler.errors import CompilerError
from compiler.pulp.scripts import text
from compiler.secrets import openpgp
from compiler.secrets.plaintext import Plaintext

pytestmark = pytest.mark.e2e
USER = "Acme Packages <packages@example.com>"


class Gpg:
    """gpg with a home of its own."""

    def __init__(self, home: Path) -> None:
        home.mkdir(mode=0o700)
        self.env = {**os.environ, "GNUPGHOME": str(home), "LC_ALL": "C.UTF-8"}

    def run(self, *arguments: str, given: bytes = b"") -> bytes:
        command = ["gpg", "--batch", "--no-tty", *arguments]
        done = subprocess.run(command, input=given, env=self.env, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def fingerprint(self) -> str:
        listed = self.run("--with-colons", "--list-secret-keys").decode().splitlines()
        return next(line.split(":")[9] for line in listed if line.startswith("fpr:"))


@pytest.fixture
def gpg(tmp_path: Path) -> Iterator[Gpg]:
    found = Gpg(tmp_path / "home")
    yield found
    subprocess.run(["gpgconf", "--kill", "all"], env=found.env, check=False)


def made() -> Plaintext:
    return openpgp.create(USER, datetime.now(UTC) - timedelta(hours=1))


def test_gpg_takes_a_key_and_finds_its_own_signature_good(gpg: Gpg) -> None:
    key = made()
    gpg.run("--import", given=key.reveal())
    assert gpg.fingerprint() == openpgp.read(key).fingerprint
    listed = gpg.run("--with-colons", "--check-sigs").decode().splitlines()
    (public,) = [line.split(":") for line in listed if line.startswith("pub:")]
    assert public[2:4] == ["4096", "1"]
    assert (public[6], public[11].upper()) == ("", "SCSC")  # no expiry; it certifies and signs
    assert [line[:6] for line in listed if line.startswith("sig:")] == ["sig:!:"]


def test_gpgv_takes_what_it_signs(gpg: Gpg, tmp_path: Path) -> None:
    key = made()
    gpg.run("--import", given=key.reveal())
    (tmp_path / "public.gpg").write_bytes(gpg.run("--export"))
    (tmp_path / "signed").write_bytes(gpg.run("--clearsign", given=b"content\n"))
    done = subprocess.run(["gpgv", "--keyring", str(tmp_path / "public.gpg"), str(tmp_path / "signed")], check=False)
    assert done.returncode == 0


def test_what_gpg_exports_of_it_is_read_back(gpg: Gpg) -> None:
    key = made()
    gpg.run("--import", given=key.reveal())
    again = openpgp.read(Plaintext(gpg.run("--armor", "--export-secret-keys")))
    assert again == openpgp.read(key)


@pytest.mark.parametrize("algorithm", ["ed25519", "nistp256", "rsa2048", "dsa2048"])
def test_keys_of_gpg_are_taken_with_their_subkeys(gpg: Gpg, algorithm: str) -> None:
    gpg.run("--passphrase", "", "--quick-generate-key", USER, algorithm, "sign", "never")
    gpg.run("--passphrase", "", "--quick-add-key", gpg.fingerprint(), "cv25519", "encr", "never")
    key = Plaintext(gpg.run("--armor", "--export-secret-keys"))
    assert openpgp.read(key) == openpgp.KeyFacts(gpg.fingerprint(), USER)


def test_a_key_with_a_passphrase_and_one_without_its_primary_part_are_refused(gpg: Gpg) -> None:
    gpg.run("--pinentry-mode", "loopback", "--passphrase", "hunter2", "--quick-generate-key", USER, "ed25519", "sign")
    options = ("--pinentry-mode", "loopback", "--passphrase", "hunter2", "--armor")
    gpg.run(*options, "--quick-add-key", gpg.fingerprint(), "ed25519", "sign", "never")
    for command in ("--export-secret-keys", "--export-secret-subkeys"):
        key = gpg.run(*options, command)
        with pytest.raises(CompilerError, match="has a passphrase, or its secret part is elsewhere"):
            openpgp.read(Plaintext(key))


@pytest.mark.parametrize("name", ["sign-detached.sh", "sign-release.sh", "sign-manifest.sh"])
def test_scripts_sign_with_the_key_that_pulp_names(gpg: Gpg, tmp_path: Path, name: str) -> None:
    first, second = made(), made()
    for key in (first, second):
        gpg.run("--import", given=key.reveal())
    script, content = tmp_path / name, tmp_path / "Release"
    script.write_text(text(name))
    content.write_text("Suite: stable\n")
    wanted = openpgp.read(second).fingerprint
    told = {"PULP_SIGNING_KEY_FINGERPRINT": wanted, "REFERENCE": "host/image", "SIG_PATH": str(tmp_path / "sig")}
    done = subprocess.run(
        ["sh", str(script), str(content)], env={**gpg.env, **told}, cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    signatures = {
        "sign-detached.sh": [("Release.asc", "Release")],
        "sign-release.sh": [("InRelease",), ("Release.gpg", "Release")],
        "sign-manifest.sh": [("sig",)],
    }[name]
    for files in signatures:
        said = gpg.run("--status-fd", "1", "--verify", *(str(tmp_path / file) for file in files)).decode()
        assert f"VALIDSIG {wanted}" in said


def test_scripts_refuse_names_that_would_break_their_answer(gpg: Gpg, tmp_path: Path) -> None:
    odd = tmp_path / 'a"b'
    odd.write_text("x")
    done = subprocess.run(
        ["sh", "-c", text("sign-detached.sh"), "sh", str(odd)], env=gpg.env, capture_output=True, check=False
    )
    assert done.returncode == 1
    assert b"quotes or backslashes" in done.stderr
