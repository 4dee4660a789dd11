"""A generation never falls below one that pods were given: another value under an old number would restart nothing."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from compiler.cli.main import run
from compiler.kustomize import DirTree
from compiler.secrets import generations, lock
from compiler.workspace.lock import read_lock
from tests.secrets.support import person
from tests.secrets.test_commands import NOW, begin, files, repository, secrets
from tests.secrets.test_references import STORE, want

__all__ = ["repository"]  # a fixture

LATER = ["--now", "2026-11-22T04:30:00Z"]


def known(root: Path) -> dict[str, int]:
    return dict(generations(DirTree(root), "demo"))


def shown(root: Path, capsys: pytest.CaptureFixture[str]) -> tuple[set[str], set[str]]:
    """What the pods' annotations say, and the Job that sets the admin's password."""
    capsys.readouterr()
    assert run(["build", "overlays/demo"]) == 0
    text = capsys.readouterr().out
    said = set(re.findall(r"secret-generations: (\S+)", text))
    return said, set(re.findall(r"^  name: (pulp-admin-password-[0-9a-f]{8})$", text, re.MULTILINE))


def settled(root: Path) -> None:
    begin(root)
    assert secrets("ensure", *NOW) == 0
    assert run(["generate"]) == 0


def test_secrets_begun_anew_go_on_above_what_pods_have(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settled(repository)
    assert secrets("rotate", "demo/pulp-secret-key", *NOW) == 0
    assert run(["generate"]) == 0
    before, (said, jobs) = known(repository), shown(repository, capsys)
    shutil.rmtree(repository / "secrets")
    (repository / ".sops.yaml").unlink()
    identity = repository.parent / "another.txt"
    assert secrets("init", "--generate-identity", str(identity), "--cluster", f"demo={person().recipient}", *NOW) == 0
    assert secrets("ensure", "--identity", str(identity), *NOW) == 0
    assert known(repository) == {name: number + 1 for name, number in before.items()}
    assert known(repository)["pulp-secret-key"] == 3
    assert run(["generate"]) == 0
    after, other = shown(repository, capsys)
    assert said.isdisjoint(after)
    assert len(jobs) == len(other) == 1
    assert jobs != other


def test_a_generation_is_not_given_twice_when_secrets_come_back_from_an_older_commit(repository: Path) -> None:
    settled(repository)
    before = files(repository / "secrets")
    assert secrets("rotate", "demo/pulp-secret-key", *NOW) == 0
    assert run(["generate"]) == 0
    for path, content in before.items():
        (repository / "secrets" / path).write_bytes(content)
    assert run(["generate"]) == 0
    assert secrets("rotate", "demo/pulp-secret-key", *NOW) == 0
    assert known(repository)["pulp-secret-key"] == 3


def test_what_generate_forgets_nothing_of(repository: Path) -> None:
    settled(repository)
    shutil.rmtree(repository / "secrets")
    assert run(["generate"]) == 0
    assert run(["generate", "--check"]) == 0
    found = read_lock(DirTree(repository), "overlays/demo")
    assert found is not None
    assert found.generations["pulp-secret-key"] == 1


def test_a_first_value_has_the_generation_one_whether_generate_ran_before_or_not(repository: Path) -> None:
    assert run(["generate"]) == 0
    settled(repository)
    assert set(known(repository).values()) == {1}


@pytest.mark.parametrize("text", ["two", "-1", "[1]", "{a: 1}"])
def test_a_damaged_record_of_generations_is_an_error_with_its_place(
    repository: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    settled(repository)
    path = repository / "overlays/demo/compiler.lock"
    path.write_text(path.read_text().replace("  pulp-secret-key: 1\n", f"  pulp-secret-key: {text}\n"))
    assert run(["generate"]) == 2
    assert "overlays/demo/compiler.lock" in capsys.readouterr().err


def test_values_of_a_store_give_way_to_ours_under_another_generation(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settled(repository)
    want(repository, STORE)
    assert secrets("ensure", *NOW) == 0
    assert run(["generate"]) == 0
    before, (said, jobs) = known(repository), shown(repository, capsys)
    referred = {name for name in before if before[name] == 2}
    assert referred == {
        secret.rpartition("/")[2]
        for secret, seal in lock.read(DirTree(repository)).secrets.items()
        if seal.backend == "external-secrets"
    }
    want(repository, "")
    assert secrets("ensure", *LATER) == 0
    after = known(repository)
    assert {name for name in after if after[name] == 3} == referred
    assert run(["generate"]) == 0
    other, others = shown(repository, capsys)
    assert said != other
    assert jobs.isdisjoint(others)
