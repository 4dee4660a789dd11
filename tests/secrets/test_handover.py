"""Certificates go over to cert-manager in three commits, and at each one pods trust whoever signs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from compiler.cli.main import run
from compiler.kustomize import DirTree
from compiler.secrets import lock, pki
from compiler.secrets.access import Access
from compiler.secrets.ensure import ensure
from compiler.workspace import secrets as room
from tests.secrets.support import NOBODY, no_sops
from tests.secrets.support import NOW as MOMENT
from tests.secrets.test_commands import NOW, begin, files, repository, secrets
from tests.secrets.test_references import ISSUED, STORE, all_is_well, known_cas, objects, want

__all__ = ["repository"]  # a fixture

NAMED = f"{ISSUED}, cert_manager: {{issuer: corp, upstream_issuer: corp-clients, kind: ClusterIssuer}}"
AUTHORITIES = ("service", "upstream")


@pytest.fixture
def running(repository: Path) -> Path:
    """An installation whose certificates were issued here."""
    begin(repository)
    assert secrets("ensure", *NOW) == 0
    assert run(["generate"]) == 0
    return repository


def known(root: Path) -> lock.Lock:
    return lock.read(DirTree(root))


def issued_here(root: Path) -> set[str]:
    return {name for name, seal in known(root).secrets.items() if seal.certificate is not None}


def trusted(root: Path) -> dict[str, list[str]]:
    """Subjects that the bundle of the services holds, by key."""
    data = yaml.safe_load((root / "secrets/demo/pulp-ca.configmap.yaml").read_text())["data"]
    end = "-----END CERTIFICATE-----\n"
    return {key: [pki.read((one + end).encode()).subject for one in text.split(end)[:-1]] for key, text in data.items()}


def rollover(phase: str, *words: str) -> list[int]:
    return [
        secrets("ca", "rollover", "demo", "--authority", one, "--phase", phase, "--rolled-out", *words, *NOW)
        for one in AUTHORITIES
    ]


def ca_rows(capsys: pytest.CaptureFixture[str]) -> dict[str, tuple[str, str]]:
    capsys.readouterr()
    secrets("status", "-o", "json", *NOW)
    rows: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["secrets"]
    return {row["id"]: (row["condition"], row["note"]) for row in rows if row["kind"] == "ca"}


def test_a_running_installation_goes_over_in_three_commits(running: Path, capsys: pytest.CaptureFixture[str]) -> None:
    leaves = issued_here(running)
    assert leaves
    want(running, NAMED)
    known_cas(running)
    assert secrets("ensure", *NOW) == 0
    all_is_well(running)
    assert issued_here(running) == leaves  # nothing was handed over
    assert not objects(running, "Certificate")
    both = trusted(running)["ca.crt"]
    assert len(both) == 2
    assert "service of the cluster" in both[1]
    assert "--phase issue" in ca_rows(capsys)["demo/service CA"][1]

    assert rollover("issue") == [0, 0]
    all_is_well(running)
    assert issued_here(running) == set()
    assert {f"demo/{name}" for name in objects(running, "Certificate")} == leaves
    assert trusted(running)["ca.crt"] == both
    assert ca_rows(capsys)["demo/service CA g1"][1] == "trusted, does not issue"
    assert ca_rows(capsys)["demo/service CA g2"][1] == "issues"

    assert rollover("retire") == [0, 0]
    all_is_well(running)
    assert [len(one) for one in trusted(running).values()] == [1] * len(trusted(running))
    assert not [path for path in files(running) if path.startswith("secrets/ca/")]


def test_every_certificate_that_is_handed_over_restarts_its_pods(running: Path) -> None:
    leaves, before = issued_here(running), known(running).secrets
    want(running, NAMED)
    known_cas(running)
    assert rollover("issue") == [0, 0]
    after = known(running).secrets
    assert {name for name in leaves if after[name].generation != before[name].generation + 1} == set()


def test_certificates_stay_here_until_the_issuers_ca_is_trusted(
    running: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The CA that cert-manager makes in the namespace is known only when it runs: its objects come alone."""
    leaves = issued_here(running)
    want(running, ISSUED)
    assert secrets("ensure", *NOW) == 0
    assert "issued here until cert-manager's CA is trusted: compiler secrets ca import" in capsys.readouterr().err
    assert issued_here(running) == leaves
    assert set(objects(running, "Certificate")) == {"pulp-service-ca", "pulp-upstream-ca"}
    assert run(["generate"]) == 0
    assert run(["check"]) == 0
    assert secrets("check", *NOW) == 1
    assert secrets("status", *NOW) == 1
    assert {one: condition for one, (condition, _) in ca_rows(capsys).items() if " g" not in one} == {
        "demo/service CA": "unset",
        "demo/upstream CA": "unset",
    }
    assert rollover("issue") == [2, 2]
    known_cas(running)
    all_is_well(running)
    assert rollover("issue") == [0, 0]
    all_is_well(running)
    assert leaves < {f"demo/{name}" for name in objects(running, "Certificate")}


def test_the_phases_want_to_hear_that_every_pod_trusts_the_issuer(running: Path) -> None:
    want(running, NAMED)
    known_cas(running)
    before = files(running)
    assert secrets("ca", "rollover", "demo", "--phase", "issue", *NOW) == 2
    assert secrets("ca", "rollover", "demo", "--phase", "retire", "--rolled-out", *NOW) == 2
    assert files(running) == before


def test_a_certificate_is_still_renewed_here_on_the_way(running: Path) -> None:
    want(running, NAMED)
    known_cas(running)
    assert secrets("renew", "--all", *NOW) == 0
    assert {seal.certificate.ca for seal in known(running).secrets.values() if seal.certificate} == {1}


def test_the_successor_of_our_own_ca_is_ours(running: Path) -> None:
    """The rollover of a CA of ours goes on as ever, whatever the spec will say of cert-manager."""
    assert secrets("ca", "rollover", "demo", "--phase", "trust", *NOW) == 0
    want(running, NAMED)
    leaves = issued_here(running)
    assert secrets("ca", "rollover", "demo", "--phase", "issue", "--rolled-out", *NOW) == 0
    assert issued_here(running) == leaves


def test_a_store_beside_certificates_that_are_still_issued_here_keeps_what_opens_them(running: Path) -> None:
    want(running, f"{STORE}, {ISSUED}", 'delivery: {flux: {repo: "https://git.example.com/acme/pulp.git"}}\n')
    assert secrets("ensure", *NOW) == 0
    assert run(["generate"]) == 0
    flux = running / "overlays/demo/delivery/flux.yaml"
    assert issued_here(running)
    assert "provider: sops" in flux.read_text()
    known_cas(running)
    assert rollover("issue") == [0, 0]
    assert run(["generate"]) == 0
    assert "provider: sops" not in flux.read_text()


def test_a_ca_of_ours_that_signs_nothing_any_more_is_not_taken_for_the_issuer(
    running: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What an older version left behind: every certificate is cert-manager's, and only our CA is trusted."""
    want(running, NAMED)
    hand_over_all_at_once(running)
    assert run(["generate"]) == 0
    assert secrets("ensure", *NOW) == 0
    assert secrets("status", *NOW) == 1
    assert ca_rows(capsys)["demo/service CA"][0] == "unset"
    assert secrets("check", *NOW) == 1
    known_cas(running)
    all_is_well(running)
    assert len(trusted(running)["ca.crt"]) == 2
    assert known(running).authorities["demo/service"].issuer == 2
    assert rollover("retire") == [0, 0]
    all_is_well(running)


def hand_over_all_at_once(root: Path) -> None:
    (target,) = room.targets(root)
    with Access(no_sops, lambda: NOBODY, MOMENT) as access:
        room.write(root, ensure(DirTree(root), [replace(target, here=frozenset())], access).writes)
