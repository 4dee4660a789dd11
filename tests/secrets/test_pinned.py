"""Another certificate of a controller is pinned: until what is sealed is sealed anew, everything that looks says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from compiler.pulp.requirements import Requirements
from compiler.secrets import layout
from tests.secrets.support import World, actions, admin_password
from tests.secrets.test_commands import NOW, begin, production, repository, secrets
from tests.secrets.test_sealedsecrets import controller
from tests.secrets.test_status import rows

__all__ = ["repository"]


@pytest.fixture
def world() -> World:
    world = World(Requirements((admin_password(),)), backend="sealed-secrets")
    world.init({"demo": controller(rsa.generate_private_key(65537, 2048))})
    world.ensure(world.admin)
    return world


def test_it_is_told_and_nothing_is_sealed_anew_by_itself(world: World) -> None:
    assert world.check() == []
    world.init({"demo": controller(rsa.generate_private_key(65537, 2048))})
    outcome = world.ensure(world.admin)
    assert outcome.writes == {}
    assert actions(outcome) == {"controller": "warn", "pulp-admin-password": "keep"}
    row = rows(world)["demo/controller"]
    assert row.condition == "stale"
    assert row.note.startswith("demo/pulp-admin-password is sealed to another certificate than the pinned one")
    (finding,) = world.check()
    assert (finding.path, finding.severity) == (layout.controller_certificate("demo"), "warning")


def test_the_commands_name_reseal_and_it_helps(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    begin(repository)
    production(repository)
    assert secrets("init", "--cert", f"prod={repository.parent / 'controller.pem'}", *NOW) == 0
    assert secrets("ensure", *NOW) == 0
    assert "secrets reseal" not in capsys.readouterr().err
    production_again = repository.parent / "other.pem"
    production_again.write_bytes(controller(rsa.generate_private_key(65537, 2048)))
    assert secrets("init", "--cert", f"prod={production_again}", *NOW) == 0
    said = capsys.readouterr().err
    assert "next: " in said
    assert "compiler secrets reseal prod" in said
    assert secrets("ensure", *NOW) == 0
    assert "warn    prod/controller: " in capsys.readouterr().err
    assert secrets("check", *NOW) == 1
    assert secrets("reseal", "prod", *NOW) == 0
    assert secrets("check", "--deep", *NOW) == 0
    capsys.readouterr()
    assert secrets("ensure", *NOW) == 0
    assert "controller" not in capsys.readouterr().err
