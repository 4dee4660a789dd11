"""The database-field key is replaced in phases: at every moment each pod can read what any pod has written."""

from __future__ import annotations

from itertools import pairwise

import pytest
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from compiler.errors import CompilerError
from compiler.pulp.model import build_model
from compiler.secrets import generations, lock, reencrypting
from compiler.secrets.fieldskey import rotate
from compiler.secrets.lock import PHASES, Phase
from compiler.secrets.outcome import Outcome
from compiler.secrets.plaintext import Plaintext
from compiler.secrets.status import status
from tests.pulp.support import spec
from tests.secrets.support import World, admin_password, copy, fields_key, small

SECRET = "demo/pulp-db-fields-encryption"
KEY = "database_fields.symmetric.key"


@pytest.fixture(scope="module")
def settled() -> World:
    """The key in place; tests take copies."""
    world = small(fields_key(), admin_password())
    world.ensure(world.admin)
    return world


@pytest.fixture
def world(settled: World) -> World:
    return copy(settled)


def enter(world: World, phase: Phase, *, rolled_out: bool = True, who: bool = True, secret: str = SECRET) -> Outcome:
    with world.access(world.admin if who else None) as access:
        outcome = rotate(world.tree, world.targets, secret, phase, access, rolled_out=rolled_out)
    world.tree.apply(outcome.writes)
    return outcome


def pod(world: World) -> MultiFernet:
    """What a pod does with the file that it has mounted: write with the first key, read with each."""
    with world.access(world.admin) as access:
        content = access.open(world.tree, world.lock(), SECRET, "the test looks")[KEY].reveal()
    assert content.endswith(b"\n")
    return MultiFernet([Fernet(line) for line in content.splitlines()])


def reads(one: MultiFernet, token: bytes) -> bool:
    try:
        return one.decrypt(token) == b"field"
    except InvalidToken:
        return False


def test_pods_of_neighbouring_phases_read_each_other_and_only_the_last_forgets(world: World) -> None:
    pods = [pod(world)]
    for phase in PHASES:
        enter(world, phase)
        assert world.check(world.admin) == [], phase
        assert world.ensure(None, sops=False).writes == {}, phase
        pods.append(pod(world))
    steady, add, promote, reencrypt, retired = pods
    for one, other in pairwise(pods[:-1]):  # each pair stands side by side during a rollout
        assert reads(one, other.encrypt(b"field"))
        assert reads(other, one.encrypt(b"field"))
    assert not reads(steady, promote.encrypt(b"field"))  # why add cannot be skipped
    assert not reads(retired, add.encrypt(b"field"))  # why neither promote nor the Job can be
    assert reads(retired, reencrypt.rotate(steady.encrypt(b"field")))  # what the Job does to each field


def test_pods_restart_when_the_file_changes_and_the_job_exists_in_one_phase_alone(world: World) -> None:
    counted, jobs = [], []
    for phase in PHASES:
        enter(world, phase)
        known, due = generations(world.tree, "demo"), reencrypting(world.tree, "demo")
        counted.append(known["pulp-db-fields-encryption"])
        made = build_model(spec(), known, due).model.objects
        jobs.append([one["metadata"]["name"] for one in made if "rotate-db-key" in one["metadata"]["name"]])
    assert counted == [2, 3, 3, 4]
    assert [len(names) for names in jobs] == [0, 0, 1, 0]
    assert jobs[2][0].startswith("pulp-rotate-db-key-")


def test_each_rotation_has_a_job_of_its_own(world: World) -> None:
    names = set()
    for phase in (*PHASES, *PHASES):
        enter(world, phase)
        if phase == "reencrypt":
            known, due = generations(world.tree, "demo"), reencrypting(world.tree, "demo")
            made = build_model(spec(), known, due).model.objects
            names |= {one["metadata"]["name"] for one in made if "rotate-db-key" in one["metadata"]["name"]}
    assert len(names) == 2
    assert world.lock().rotations == {}


@pytest.mark.parametrize("done", range(4))
def test_no_phase_can_be_skipped_repeated_or_entered_unsaid(world: World, done: int) -> None:
    for phase in PHASES[:done]:
        enter(world, phase)
    before = dict(world.tree.files)
    for phase in PHASES:
        if phase != PHASES[done]:
            with pytest.raises(CompilerError, match="does not follow") as caught:
                enter(world, phase)
            assert caught.value.hint is not None
            assert PHASES[done] in caught.value.hint
    if done:
        with pytest.raises(CompilerError, match="may begin only when"):
            enter(world, PHASES[done], rolled_out=False)
    assert world.tree.files == before


def test_the_key_itself_needs_an_identity_and_the_jobs_phase_does_not(world: World) -> None:
    with pytest.raises(CompilerError, match="needs an administrator's identity"):
        enter(world, "add", who=False)
    enter(world, "add")
    enter(world, "promote")
    enter(world, "reencrypt", who=False)


def test_status_says_that_a_key_is_on_its_way(world: World) -> None:
    enter(world, "add")
    with world.access(None, sops=False) as access:
        row = next(row for row in status(world.tree, world.targets, access) if row.id == SECRET)
    assert row.condition == "ok"
    assert row.note == "a new key is on its way: phase add since 2026-11-21, promote is next"


def test_other_secrets_have_no_phases(world: World) -> None:
    with pytest.raises(CompilerError, match="holds no database-field key"):
        enter(world, "add", secret="demo/pulp-admin-password")


def adopted(world: World, content: bytes) -> World:
    """The world with a key file of a person's own making in its vault."""
    with world.access(world.admin) as access:
        from compiler.secrets import recipients
        from compiler.secrets.sealing import Sealing

        sealing = Sealing(world.tree, access, recipients.read(world.tree), world.lock())
        sealing.vault(SECRET, {KEY: Plaintext(content)})
        world.tree.apply(sealing.finish())
    return world


def test_a_file_that_came_with_several_keys_and_comments_keeps_the_keys(world: World) -> None:
    old, older = Fernet.generate_key(), Fernet.generate_key()
    world = adopted(world, b"# from the operator\n" + old + b"\r\n\n" + older + b"\n")
    enter(world, "add")
    assert reads(pod(world), Fernet(older).encrypt(b"field"))
    enter(world, "promote")
    assert not reads(MultiFernet([Fernet(old), Fernet(older)]), pod(world).encrypt(b"field"))
    enter(world, "reencrypt")
    enter(world, "retire")
    assert not reads(pod(world), Fernet(old).encrypt(b"field"))


@pytest.mark.parametrize("content", [b"not a key\n", b"c2hvcnQ=\n"])
def test_a_vault_that_holds_no_key_stops_and_is_not_quoted(world: World, content: bytes) -> None:
    world = adopted(world, content)
    before = dict(world.tree.files)
    with pytest.raises(CompilerError, match="is no Fernet key") as caught:
        enter(world, "add")
    assert content.decode().strip() not in str(caught.value)
    assert world.tree.files == before


def test_a_vault_that_lost_the_new_key_stops(world: World) -> None:
    enter(world, "add")
    world = adopted(world, Fernet.generate_key() + b"\n")
    with pytest.raises(CompilerError, match="expects the old and the new one"):
        enter(world, "promote")


@pytest.mark.parametrize("entry", [{"phase": "retire", "since": "2026-11-21T04:30:00Z"}, {"phase": "add"}, 7])
def test_a_damaged_record_of_a_rotation_is_told(world: World, entry: object) -> None:
    import json

    document = json.loads(world.tree.files["secrets/seals.lock.json"])
    document["rotations"] = {SECRET: entry}
    world.tree.files["secrets/seals.lock.json"] = json.dumps(document).encode()
    with pytest.raises(CompilerError, match="the lock is damaged"):
        lock.read(world.tree)
