"""PGP and KMS recipients of clusters: sealed to with the real sops, allow-listed, and never contacted to open."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import yaml

from compiler.errors import CompilerError, WorldError
from compiler.secrets import recipients, sops
from compiler.secrets.plaintext import Plaintext
from compiler.secrets.tool import Sops
from tests.secrets.support import admin_password, person, real_sops, small
from tests.secrets.test_sops import document

ARN = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000"
ADMIN = person()

# A gpg that knows one key: sops calls it to wrap the data key, which is enough to see what is sealed to whom.
GPG = f"""#!{sys.executable}
import sys
open(sys.argv[0] + ".calls", "a").write(" ".join(sys.argv[1:]) + "\\n")
sys.stdin.buffer.read()
print("-----BEGIN PGP MESSAGE-----\\n\\nAAAA\\n-----END PGP MESSAGE-----")
"""
FINGERPRINT = "85D77543B3D624B63CEA9E6DBC17301B491B3F21"


@pytest.fixture
def keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose ``gpg`` is found first by the child."""
    gpg = tmp_path / "gpg"
    gpg.write_text(GPG)
    gpg.chmod(0o755)
    monkeypatch.setattr(os, "defpath", f"{tmp_path}:{os.defpath}")
    monkeypatch.setenv("GNUPGHOME", str(tmp_path / "keyring"))
    return gpg


def test_a_cluster_with_a_pgp_key_gets_its_block_and_administrators_open_with_age(keyring: Path) -> None:
    who = [ADMIN.recipient, f"pgp:{FINGERPRINT}"]
    content = sops.seal(real_sops(), document({"a": b"value"}), who)
    block = yaml.safe_load(content)["sops"]["pgp"]
    assert [one["fp"] for one in block] == [FINGERPRINT]
    calls = Path(f"{keyring}.calls").read_text()
    assert FINGERPRINT in calls
    keyring.unlink()
    assert sops.unseal(real_sops(), content, "x", who, ADMIN.identities()) == {"a": Plaintext(b"value")}
    with pytest.raises(CompilerError, match="none of the identities"):
        sops.unseal(real_sops(), content, "x", who, person().identities())
    assert Path(f"{keyring}.calls").read_text() == calls


def test_a_foreign_recipient_that_nobody_configured_is_refused(keyring: Path) -> None:
    who = [ADMIN.recipient, f"pgp:{FINGERPRINT}"]
    content = sops.seal(real_sops(), document({"a": b"value"}), who)
    with pytest.raises(CompilerError, match="never writes: pgp"):
        sops.read(content, "x", [ADMIN.recipient])
    parsed = yaml.safe_load(content)
    for change, message in (
        ({"pgp": []}, "pgp recipients are not those"),
        ({"pgp": [{**parsed["sops"]["pgp"][0], "fp": "0" * 40}]}, "pgp recipients are not those"),
        ({"pgp": [{**parsed["sops"]["pgp"][0], "extra": "x"}]}, "a pgp block holds more"),
        ({"kms": [{"arn": ARN, "enc": "x", "created_at": "x"}]}, "never writes: kms"),
        ({"pgp": "x"}, "malformed"),
    ):
        edited = yaml.safe_dump({**parsed, "sops": {**parsed["sops"], **change}}).encode()
        with pytest.raises(CompilerError, match=message):
            sops.read(edited, "x", who)
    with pytest.raises(CompilerError, match="kms recipients are not those"):
        sops.read(content, "x", [*who, ARN])


def test_only_a_child_that_seals_for_kms_sees_the_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "sops"
    path.write_text(
        f"#!{sys.executable}\nimport os, sys\n"
        "if sys.argv[1:] == ['--version']: print('sops 3.11.0'); sys.exit(0)\n"
        f"open({str(tmp_path / 'seen')!r}, 'a').write(sys.argv[1] + ' ' + str('AWS_PROFILE' in os.environ) + '\\n')\n"
        "sys.exit(1)\n"
    )
    path.chmod(0o755)
    monkeypatch.setenv("AWS_PROFILE", "x")
    good = sops.seal(real_sops(), document({"a": b"value"}), [ADMIN.recipient])
    with Sops(path, timeout=5) as stub:
        for who in ([ADMIN.recipient], [ADMIN.recipient, ARN]):
            with pytest.raises(WorldError):
                sops.seal(stub, document({"a": b"value"}), who)
        with pytest.raises(WorldError):
            sops.unseal(stub, good, "x", [ADMIN.recipient], ADMIN.identities())
    assert (tmp_path / "seen").read_text().split("\n")[:3] == ["encrypt False", "encrypt True", "decrypt False"]


def test_the_whole_life_of_a_cluster_with_a_pgp_key(keyring: Path) -> None:
    world = small(admin_password())
    content = world.tree.files["secrets/recipients.yaml"]
    world.tree.files["secrets/recipients.yaml"] = recipients.extend(
        content, {"cluster-demo": [f"pgp:{FINGERPRINT}"]}, {}
    )
    world.ensure(world.admin)
    sealed = yaml.safe_load(world.tree.files["secrets/demo/pulp-admin-password.sops.yaml"])
    assert [one["fp"] for one in sealed["sops"]["pgp"]] == [FINGERPRINT]
    assert FINGERPRINT.encode() in world.tree.files[".sops.yaml"]
    assert world.check(world.admin) == []
    assert world.ensure(sops=False).writes == {}
