"""Secrets commands on a disk that is full, read-only, or read-only in one folder: nothing half, nothing in clear."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from compiler.workspace import journal
from tests.secrets.canary import Search, Site
from tests.secrets.test_commands import files

pytestmark = pytest.mark.e2e

CANARY = b"canary-7f3a9c-on-a-full-disk"
SET = ("secrets", "set", "prod/pulp-postgres-configuration", "--stdin")


def mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A scaffolded site on a file system of its own, of 8 MiB."""
    assert os.geteuid() == 0, "the end-to-end tests need root"
    disk = tmp_path / "disk"
    disk.mkdir()
    mount("-t", "tmpfs", "-o", "size=8m", "none", str(disk))
    made = Site.below(tmp_path)
    made.root = disk / "site"
    try:
        arguments = ("--host", "pulp.example.com", "--delivery", "flux", "--identity", str(made.identity))
        made.run("init", str(made.root), *arguments, before=lambda: os.chdir(tmp_path))
        yield made
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(disk: Path) -> Path:
    """Use up all room."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as stream:
        try:
            while stream.write(b"\0" * 4096):
                pass
        except OSError:
            return filler
    return filler


def writing(site: Site) -> list[tuple[str, ...]]:
    """A command of each sort that writes: a value, many files, the recipients, a CA."""
    from tests.secrets.support import person

    return [SET, ("secrets", "rekey"), ("secrets", "renew", "--all"), ("secrets", "rotate", "demo/pulp-admin-password"),
            ("secrets", "recipients", "add", "admin", person().recipient),
            ("secrets", "ca", "rollover", "demo", "--phase", "trust")]  # fmt: skip


def fails(site: Site, words: str) -> None:
    """Every command fails with the reason, leaves every file as it was, and says no value."""
    before = files(site.root)
    for command in writing(site):
        said = site.run(*command, "--identity", str(site.identity), stdin=CANARY, expect=[3]).said
        assert words.encode() in said, (command, said)
        assert files(site.root) == before, command
        assert Search([CANARY]).in_bytes(said) == []
    assert Search([CANARY]).in_files(site.temporary) == []
    assert [path for path in site.temporary.rglob("*") if path.is_file()] == []


def works(site: Site) -> None:
    """The same commands, with room and rights again."""
    for command in writing(site):
        site.run(*command, "--identity", str(site.identity), stdin=CANARY)
    site.run("secrets", "check", "--deep", "--identity", str(site.identity))
    assert Search([CANARY, *site.values()]).in_files(site.root) == []


def test_a_full_disk_leaves_everything_as_it_was(site: Site) -> None:
    filler = fill(site.root.parent)
    fails(site, "No space left on device")
    filler.unlink()
    works(site)


def test_a_read_only_file_system_leaves_everything_as_it_was(site: Site) -> None:
    mount("-o", "remount,ro", str(site.root.parent))
    fails(site, "Read-only file system")
    site.run("secrets", "check", "--deep", "--identity", str(site.identity))  # reading still works
    mount("-o", "remount,rw", str(site.root.parent))
    works(site)


def test_a_folder_that_became_read_only_is_told_and_what_was_written_elsewhere_is_undone(site: Site) -> None:
    """The vault's folder is a mount of its own, read-only: the journal cannot move files into it."""
    vault = site.root / "secrets/vault"
    mount("--bind", str(vault), str(vault))
    mount("-o", "remount,ro,bind", str(vault))
    before = files(site.root)
    try:
        for command in (SET, ("secrets", "rekey")):
            said = site.run(*command, "--identity", str(site.identity), stdin=CANARY, expect=[3]).said
            assert b"nothing was written" in said
            assert files(site.root) == before
            assert not (site.root / journal.FOLDER).exists()
    finally:
        subprocess.run(["umount", str(vault)], check=True)
    works(site)
