"""``.sops.yaml``, ``.gitattributes`` and ``.sourceignore``: for people, Git and Flux."""

from __future__ import annotations

import subprocess
from pathlib import Path

from compiler.secrets.membership import add
from tests.secrets.support import World, admin_password, person, real_sops, small


def test_sops_run_by_hand_seals_to_the_same_recipients(tmp_path: Path) -> None:
    world = small(admin_password())
    (tmp_path / "secrets/demo").mkdir(parents=True)
    (tmp_path / ".sops.yaml").write_bytes(world.tree.files[".sops.yaml"])
    file = tmp_path / "secrets/demo/extra.sops.yaml"
    file.write_text(
        "apiVersion: v1\ndata:\n  a: cGxhaW50ZXh0LW9mLXNvbWUtbGVuZ3Ro\nkind: Secret\nmetadata:\n  name: extra\n"
    )
    argv = [str(real_sops().path), "encrypt", "-i", "secrets/demo/extra.sops.yaml"]
    subprocess.run(argv, cwd=tmp_path, check=True, env={"HOME": "/nonexistent"})
    sealed = file.read_text()
    assert world.admin.recipient in sealed
    assert world.cluster.recipient in sealed
    assert "mac_only_encrypted: true" in sealed
    assert "cGxhaW50ZXh0LW9mLXNvbWUtbGVuZ3Ro" not in sealed
    other = tmp_path / "secrets/other.sops.yaml"
    other.write_text("data: {a: eA==}\n")
    refused = subprocess.run([*argv[:-1], "secrets/other.sops.yaml"], cwd=tmp_path, env={"HOME": "/nonexistent"},
                             capture_output=True, check=False)  # fmt: skip
    assert refused.returncode != 0


def test_the_rules_follow_the_recipients_and_a_wrong_one_is_found() -> None:
    world = small(admin_password())
    world.ensure(world.admin)
    other = person()
    with world.access(world.admin) as access:
        outcome = add(world.tree, world.targets, "admin", other.recipient, access)
    assert other.recipient.encode() in (outcome.writes[".sops.yaml"] or b"")
    world.tree.apply(outcome.writes)
    assert world.check() == []
    stranger = person().recipient.encode()
    good = world.tree.files[".sops.yaml"]
    world.tree.files[".sops.yaml"] = good.replace(other.recipient.encode(), stranger)
    assert [one.path for one in world.check()] == [".sops.yaml"]
    world.ensure(world.admin)
    assert world.tree.files[".sops.yaml"] == good


def test_files_of_a_person_are_never_overwritten() -> None:
    own = {".sops.yaml": b"# mine\n", "secrets/.gitattributes": b"# mine\n", "secrets/.sourceignore": b"# mine\n"}
    world = World(small(admin_password()).requirements)
    world.tree.files.update(own)
    world.init().ensure(world.admin)
    assert {path: world.tree.files[path] for path in own} == own
    assert world.check() == []


def test_git_and_flux_leave_sealed_files_and_the_vault_alone() -> None:
    files = small(admin_password()).tree.files
    assert b"*.sops.yaml -diff merge=binary" in files["secrets/.gitattributes"]
    assert files["secrets/.sourceignore"].splitlines()[1:] == [b"vault/", b"ca/"]
