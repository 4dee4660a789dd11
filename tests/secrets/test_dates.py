"""Dates that are still to come: what a clock that was ahead, or --now, leaves behind is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from compiler.errors import CompilerError
from compiler.secrets import layout, lock
from compiler.secrets.page import page
from compiler.secrets.replace import renew, rotate
from tests.secrets.support import NOW, World, copy, person
from tests.secrets.test_commands import begin, repository, secrets
from tests.secrets.test_status import rows

__all__ = ["repository"]


@pytest.fixture
def ahead(ensured: World) -> World:
    """Everything was renewed by somebody whose clock is half a year ahead."""
    world = copy(ensured)
    world.later(days=183)
    with world.access(world.admin) as access:
        world.tree.apply(renew(world.tree, world.targets, access, everything=True).writes)
    world.now = NOW
    return world


def test_certificates_that_are_not_valid_yet_are_told(ahead: World) -> None:
    row = rows(ahead)["demo/pulp-api-tls"]
    assert row.condition == "early"
    assert "not valid before 2027-05-23" in row.note
    found = [one for one in ahead.check() if "demo/pulp-api-tls" in one.message]
    assert [(one.path, one.severity) for one in found] == [(layout.LOCK, "error")]
    assert "not valid yet" in page(tuple(rows(ahead).values()), NOW)


def test_renewing_helps(ahead: World) -> None:
    with ahead.access(ahead.admin) as access:
        outcome = renew(ahead.tree, ahead.targets, access)
    ahead.tree.apply(outcome.writes)
    assert {step.secret for step in outcome.steps} >= {"demo/pulp-api-tls"}
    assert rows(ahead)["demo/pulp-api-tls"].condition == "ok"
    assert ahead.check(ahead.admin) == []


def test_a_ca_that_is_not_valid_yet_is_told(world: World) -> None:
    world.now = NOW - timedelta(days=3)
    row = rows(world)["demo/service CA g1"]
    assert (row.condition, "ca rollover" in row.note) == ("early", True)
    assert any(row.id in one.message and one.severity == "error" for one in world.check())


def test_a_record_of_a_day_to_come_is_told(world: World) -> None:
    world.now = NOW.replace(year=2099)
    with world.access(world.admin) as access:
        outcome = rotate(world.tree, world.targets, "demo/pulp-admin-password", access)
    world.tree.apply(outcome.writes)
    world.now = NOW
    row = rows(world)["demo/pulp-admin-password"]
    assert (row.condition, "2099-11-21, which is to come" in row.note) == ("ahead", True)
    assert [(one.severity, row.id in one.message) for one in world.check()] == [("warning", True)]


def test_clocks_that_differ_by_minutes_are_no_finding(world: World) -> None:
    world.now = NOW - timedelta(minutes=20)
    assert {row.condition for row in rows(world).values()} <= {"ok", "unset"}


@pytest.mark.parametrize("when", ["0001-01-01T00:00:00Z", "9999-12-31T24:00:00Z", "soon"])
@pytest.mark.parametrize("where", ["leaf", "ca", "changed"])
def test_dates_that_none_can_be_are_a_damaged_lock(world: World, when: str, where: str) -> None:
    known = world.lock()
    if where == "ca":
        (one, authority), *others = known.authorities.items()
        entry = replace(authority.generations[1], not_after=when)
        known = replace(known, authorities={**dict(others), one: replace(authority, generations={1: entry})})
    else:
        seal = known.secrets["demo/pulp-api-tls"]
        assert seal.certificate is not None
        certificate = replace(seal.certificate, not_before=when) if where == "leaf" else seal.certificate
        changed = when if where == "changed" else seal.changed
        seal = replace(seal, certificate=certificate, changed=changed)
        known = replace(known, secrets={**known.secrets, "demo/pulp-api-tls": seal})
    world.tree.files[layout.LOCK] = lock.dump(known)
    with pytest.raises(CompilerError, match="the lock is damaged"):
        rows(world)


@pytest.mark.parametrize("when", ["9999-12-31T23:59:59Z", "0001-01-01", "1999-12-31"])
def test_now_wants_a_date_that_certificates_can_have(
    repository: Path, when: str, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(repository)
    capsys.readouterr()
    assert secrets("ensure", "--now", when) == 2
    assert "a year from 2000 to 2999 is wanted" in capsys.readouterr().err


def test_what_is_written_with_a_date_of_ones_own_says_so(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(*arguments: str) -> bool:
        capsys.readouterr()
        assert secrets(*arguments) == 0
        return "warning: --now: what was written is dated 2027-06-01" in capsys.readouterr().err

    begin(repository)
    later = ("--now", "2027-06-01")
    assert said("ensure", *later)
    assert not said("ensure", *later)  # nothing was written
    assert said("rotate", "demo/pulp-admin-password", *later)
    assert said("init", "--ci", person().recipient, *later)
    assert said("ensure", *later)
    assert said("ca", "create", "demo", "--key-file", str(tmp_path / "ca.key"), *later)
    assert not said("rotate", "demo/pulp-admin-password")
