"""A CA gives way to its successor without a moment in which two neighbours disagree."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from compiler.errors import CompilerError
from compiler.pulp.requirements import Leaf, Requirements, SecretRequirement, TrustBundle
from compiler.secrets import generations, layout, pki
from compiler.secrets.outcome import Outcome
from compiler.secrets.rollover import Next, rollover
from tests.secrets.support import World, actions, admin_password, api_tls, copy
from tests.secrets.test_pki import handshake

CLIENT = SecretRequirement("pulp-client", "pulp", (Leaf("client", "pulp"),))
BUNDLE = TrustBundle("pulp-ca", "pulp", {"ca.crt": "service"})
PHASES: tuple[Next, ...] = ("trust", "issue", "retire")


@pytest.fixture(scope="module")
def settled() -> World:
    """Everything in place; tests take copies."""
    wanted = Requirements((api_tls(), CLIENT, admin_password()), (BUNDLE,))
    world = World(wanted, now=datetime.now(UTC)).init()
    world.ensure(world.admin)
    return world


@pytest.fixture
def world(settled: World) -> World:
    return copy(settled)


def enter(world: World, phase: Next, *, rolled_out: bool = True, who: bool = True) -> Outcome:
    with world.access(world.admin if who else None) as access:
        outcome = rollover(world.tree, world.targets[0], "service", phase, access, rolled_out=rolled_out)
    world.tree.apply(outcome.writes)
    return outcome


@dataclass(frozen=True)
class Pod:
    """What a pod has mounted in one phase."""

    bundle: bytes
    server: pki.Pair
    client: pki.Pair


def pod(world: World) -> Pod:
    pairs = []
    with world.access(world.admin) as access:
        for name in ("pulp-api-tls", "pulp-client"):
            values = access.open(world.tree, world.lock(), f"demo/{name}", "the test looks")
            pairs.append(pki.Pair(values["tls.crt"].reveal(), values["tls.key"]))
    bundle = yaml.safe_load(world.tree.files["secrets/demo/pulp-ca.configmap.yaml"])["data"]["ca.crt"].encode()
    return Pod(bundle, *pairs)


def works(folder: Path, server: Pod, client: Pod) -> bool:
    try:
        return (
            handshake(
                folder,
                pki.Pair(server.bundle, server.server.key),
                server.server,
                client.client,
                "pulp-api-svc",
                trusted_by_client=client.bundle,
            )
            == "pulp"
        )
    except (ssl.SSLError, ConnectionError, OSError):
        return False


def test_neighbouring_phases_understand_each_other_and_skips_would_not(tmp_path: Path, world: World) -> None:
    pods = [pod(world)]
    for phase in PHASES:
        enter(world, phase)
        assert world.check(world.admin) == [], phase
        assert world.ensure(None, sops=False).writes == {}, phase
        pods.append(pod(world))
    for one, server in enumerate(pods):
        for other, client in enumerate(pods):
            assert works(tmp_path, server, client) is (abs(one - other) <= 1), (one, other)


def test_each_phase_restarts_only_what_it_changes(world: World) -> None:
    enter(world, "trust")
    assert generations(world.tree, "demo") == {
        "pulp-ca": 2, "pulp-api-tls": 1, "pulp-client": 1, "pulp-admin-password": 1,
    }  # fmt: skip
    assert actions(enter(world, "issue"))["pulp-client"] == "renew"
    assert generations(world.tree, "demo") == {
        "pulp-ca": 2, "pulp-api-tls": 2, "pulp-client": 2, "pulp-admin-password": 1,
    }  # fmt: skip
    enter(world, "retire")
    assert generations(world.tree, "demo")["pulp-ca"] == 3
    assert layout.authority_key("demo/service", 1) not in world.tree.files
    assert layout.authority_certificate("demo/service", 1) not in world.tree.files


def test_a_second_rollover_follows_the_first(world: World) -> None:
    for phase in (*PHASES, *PHASES):
        enter(world, phase)
    assert world.lock().authorities["demo/service"].issuer == 3
    assert world.check(world.admin) == []


@pytest.mark.parametrize("done", [0, 1, 2])
def test_no_phase_can_be_skipped_or_repeated(world: World, done: int) -> None:
    for phase in PHASES[:done]:
        enter(world, phase)
    before = dict(world.tree.files)
    for phase in PHASES:
        if phase != PHASES[done]:
            with pytest.raises(CompilerError, match="does not follow"):
                enter(world, phase)
    if done:
        with pytest.raises(CompilerError, match="every pod"):
            enter(world, PHASES[done], rolled_out=False)
    assert world.tree.files == before


def test_a_new_certificate_between_phases_comes_from_the_one_that_issues(world: World) -> None:
    enter(world, "trust")
    world.want(api_tls("new"), CLIENT, admin_password())
    world.ensure(world.admin)
    assert world.lock().secrets["demo/pulp-api-tls"].certificate.ca == 1  # type: ignore[union-attr]
    enter(world, "issue")
    assert world.lock().secrets["demo/pulp-api-tls"].certificate.ca == 2  # type: ignore[union-attr]


def test_the_old_one_stays_while_something_has_its_certificate(world: World) -> None:
    enter(world, "trust")
    world.want(api_tls(), admin_password())
    enter(world, "issue")
    with pytest.raises(CompilerError, match="demo/pulp-client still has a certificate of generation 1"):
        enter(world, "retire")
    world.ensure(world.admin, prune=True)
    enter(world, "retire")
    assert world.check(world.admin) == []


def test_issuing_needs_an_identity_and_trusting_does_not(world: World) -> None:
    enter(world, "trust", who=False)
    with pytest.raises(CompilerError, match="needs an administrator's identity"):
        enter(world, "issue", who=False)


def test_an_unknown_ca_is_told(world: World) -> None:
    with world.access(None) as access, pytest.raises(CompilerError, match="has no upstream CA"):
        rollover(world.tree, world.targets[0], "upstream", "trust", access, rolled_out=False)
