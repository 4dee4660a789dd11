"""Recipients for overlays that do not exist, and keys that open more than their group may."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.errors import CompilerError
from compiler.secrets import layout, membership, recipients
from compiler.secrets.start import initialize
from tests.secrets.support import World, person, small
from tests.secrets.support import admin_password as wanted
from tests.secrets.test_commands import NOW, begin, files, repository, secrets
from tests.secrets.test_status import rows

__all__ = ["repository"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("init", "--cluster", "dmo=RECIPIENT"),
        ("recipients", "add", "cluster-dmo", "RECIPIENT"),
        ("init", "--cert", "dmo=.compiler.yaml"),
    ],
)
def test_an_overlay_that_does_not_exist_gets_no_recipient(
    repository: Path, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    begin(repository)
    before = files(repository)
    capsys.readouterr()
    assert secrets(*(one.replace("RECIPIENT", person().recipient) for one in arguments), *NOW) == 2
    said = capsys.readouterr().err
    assert "'dmo' is no overlay that has secrets" in said
    assert "did you mean demo?" in said
    assert files(repository) == before


@pytest.fixture
def world() -> World:
    world = small(wanted())
    world.ensure()
    return world


def add(world: World, group: str, recipient: str) -> None:
    with world.access(world.admin) as access:
        outcome = membership.add(world.tree, world.targets, group, recipient, access)
    world.tree.apply(outcome.writes)


@pytest.mark.parametrize("group", ["cluster-demo", "ci"])
def test_an_administrators_key_opens_everything_and_is_no_clusters_or_pipelines(world: World, group: str) -> None:
    with pytest.raises(CompilerError, match="is an administrator's: it opens everything"):
        add(world, group, world.admin.recipient)
    with world.access(None) as access, pytest.raises(CompilerError, match="is an administrator's"):
        initialize(world.tree, access, ci=[world.admin.recipient])
    with world.access(None) as access, pytest.raises(CompilerError, match="is an administrator's"):
        initialize(world.tree, access, administrators=[world.cluster.recipient])


def test_a_pipelines_key_is_no_clusters(world: World) -> None:
    pipeline = person()
    add(world, "ci", pipeline.recipient)
    with pytest.raises(CompilerError, match="is a pipeline's: it opens the vault"):
        add(world, "cluster-demo", pipeline.recipient)


def test_what_was_written_by_hand_is_found(world: World) -> None:
    assert world.check() == []
    nobody, text = person().recipient, world.tree.files[layout.RECIPIENTS]
    groups = {"cluster-gone": [nobody], "cluster-demo": [world.admin.recipient]}
    world.tree.files[layout.RECIPIENTS] = recipients.extend(text, groups, {"lost": "0" * 64})
    found = {one.message: one.severity for one in world.check() if one.path == layout.RECIPIENTS}
    assert sorted(found.values()) == ["error", "warning", "warning"]
    (first,) = (message for message in found if "cluster-gone" in message)
    assert first.endswith(f"compiler secrets recipients remove {nobody} --group cluster-gone")
    assert rows(world)[layout.RECIPIENTS].condition in ("wrong", "stale")
