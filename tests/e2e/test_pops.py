"""Item 6: a centre and two points of presence, as ``overlays/prod``, ``pop-ams`` and ``pop-sin`` compile them.

The centre has one replica of each role and two workers; the PoPs are as they are. PostgreSQL, Redis, S3 and the Ingress
controllers are stand-ins at the names in the overlays, with certificates of a CA that the specs are given.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import centre, outside
from tests.e2e.centre import Centre
from tests.e2e.installation import API, Answer, Installation
from tests.e2e.outside import Authority
from tests.e2e.site import Site
from tests.e2e.waiting import until

pytestmark = pytest.mark.e2e

POPS = {"ams": "on_demand", "sin": "immediate"}
ACCOUNT, PASSWORD = "replicas", secrets.token_urlsafe(18)
ROLES = ("file.filedistribution_viewer", "file.filepublication_viewer", "file.filerepository_viewer")
_SMALL: dict[str, Any] = {
    "api": {"replicas": 1},
    "content": {"replicas": 1, "autoscale": None},
    # With one, pulpcore 3.85 can leave a task waiting until the next one is dispatched (docs/model.md).
    "worker": {"replicas": 2},
    "web": {"replicas": 1},
}


@dataclass
class Fleet:
    """The centre, the PoPs by name, and the SHA-256 of each file that the centre published, by distribution."""

    centre: Centre
    pops: dict[str, Installation]
    files: dict[str, dict[str, str]]
    account: str = ""

    def publish(self, pop: str, **contents: bytes) -> None:
        """Put files into the repository of a PoP at the centre and publish them under the PoP's label."""
        pulp = self.centre.pulp
        folder = pulp.files / pop
        folder.mkdir(exist_ok=True)
        known = self.files.setdefault(pop, {})
        for name, data in contents.items():
            (folder / name).write_bytes(data)
            known[name] = hashlib.sha256(data).hexdigest()
        lines = [f"{name},{total},{(folder / name).stat().st_size}" for name, total in known.items()]
        (folder / "PULP_MANIFEST").write_text("\n".join(lines) + "\n")
        found = pulp.request("GET", f"{API}repositories/file/file/?name={pop}").json()["results"]
        if found:
            repository = found[0]
        else:
            url = f"http://upstream.example.com/{pop}/PULP_MANIFEST"
            remote = pulp.create("remotes/file/file/", name=pop, url=url)
            repository = pulp.create("repositories/file/file/", name=pop, remote=remote["pulp_href"], autopublish=True)
            label = {"pop": pop}
            href = repository["pulp_href"]
            pulp.create("distributions/file/file/", name=pop, base_path=pop, repository=href, pulp_labels=label)
        pulp.create(repository["pulp_href"] + "sync/")

    def replicate(self, pop: str) -> str:
        """Trigger the CronJob and wait for its end; what it said."""
        runner, space = self.centre.pulp.runner, f"pulp-{pop}"
        job = runner.trigger("pulp-replicate", namespace=space)

        def ended() -> bool:
            states = [state for name, state in runner.status()["workloads"].items() if space in name and job in name]
            return bool(states) and states[0]["condition"] in ("Complete", "Failed")

        assert until(ended, 150), "the replication does not end"
        (pod,) = runner.pods(job, space)
        text = runner.logs(pod["name"], namespace=space)
        assert pod["phase"] == "Succeeded", text
        return text

    def read(self, pop: str, name: str) -> Answer:
        """A file, as a client of the PoP gets it."""
        return self.pops[pop].request("GET", f"/pulp/content/{pop}/{name}", user=None)

    def serves(self, pop: str, *names: str) -> bool:
        """Whether the PoP serves these files as the centre published them."""
        answers = {name: self.read(pop, name) for name in names}
        return all(
            answer.status == 200 and hashlib.sha256(answer.body).hexdigest() == self.files[pop][name]
            for name, answer in answers.items()
        )


def _prepare(site: Site, authority: Authority) -> None:
    outside.merge(site.root / "overlays/pop/pulp.yaml", {"replica": {"upstream": {"ca": authority.pem}}})
    for pop in POPS:
        site.give(f"pop-{pop}/pulp-replica-upstream", username=ACCOUNT, password=PASSWORD)


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """The centre with content for each PoP and an account for them; then the PoPs beside it."""
    assert os.geteuid() == 0, "the end-to-end tests need root"
    with tempfile.TemporaryDirectory(prefix="pops-") as name:
        folder = Path(name)
        found = centre.start(folder, _SMALL, _prepare)
        try:
            yield _fleet(found)
        finally:
            found.close()


def _fleet(found: Centre) -> Fleet:
    pulp = found.pulp
    fleet = Fleet(found, {}, {})
    for pop in POPS:
        fleet.publish(pop, first=os.urandom(2_000_000), second=os.urandom(1000))
    account = pulp.create("users/", username=ACCOUNT, password=PASSWORD)
    fleet.account = account["pulp_href"]
    for role in ROLES:
        pulp.create(fleet.account + "roles/", role=role, content_object=None)
    hosts = {f"{pop}.pulp.example.com": f"pulp-{pop}" for pop in POPS}
    door = outside.ingress(pulp.runner, found.authority, found.folder, "ingress-pops", hosts)
    found.started.append(door)
    door.start()
    for pop, host in zip(POPS, hosts, strict=True):
        fleet.pops[pop] = Installation(
            pulp.site, pulp.runner, pulp.client, pulp.upstream, pulp.files, pulp.ca, "",
            host=host, port=443, address=door.host.address,
        )  # fmt: skip
    seconds = found.deploy(["prod", *(f"pop-{pop}" for pop in POPS)])
    print(f"\ncentre ready after {pulp.seconds:.0f} s, both PoPs {seconds:.0f} s later")
    return fleet


def test_the_jobs_registered_the_centre(fleet: Fleet) -> None:
    for pop in POPS:
        (pod,) = fleet.centre.pulp.runner.pods("pulp-replica-config", f"pulp-{pop}")
        said = fleet.centre.pulp.runner.logs(pod["name"], namespace=f"pulp-{pop}")
        assert f"registered the centre https://{centre.HOST}" in said


def test_a_replication_ends_well_and_its_content_is_served(fleet: Fleet) -> None:
    for pop, policy in POPS.items():
        said = fleet.replicate(pop)
        assert ("prepared the file remote" in said) is (policy == "on_demand")
        assert fleet.serves(pop, "first")  # the second is left unfetched, for later
        other = next(name for name in POPS if name != pop)
        path = f"/pulp/content/{other}/first"
        assert fleet.pops[pop].request("GET", path, user=None).status == 404, "labels choose what a PoP gets"


def test_the_api_of_a_pop_is_closed(fleet: Fleet) -> None:
    for pop in fleet.pops.values():
        for path in (API + "status/", API, "/pulp/api/v3/users/"):
            assert pop.request("GET", path, user=None).status == 404


def test_a_pop_serves_on_while_its_centre_is_away_and_catches_up(fleet: Fleet) -> None:
    fleet.centre.ingress.stop()
    try:
        assert fleet.serves("sin", "first", "second"), "immediate: everything is here"
        assert fleet.serves("ams", "first"), "on demand: what was fetched is here"
        assert fleet.read("ams", "second").status == 404, "on demand: what was not is away with the centre"
    finally:
        fleet.centre.ingress.start()
    assert until(lambda: fleet.serves("ams", "second"), 90), "without a replication, once the centre is back"
    for pop in POPS:
        fleet.publish(pop, third=os.urandom(5000))
        fleet.replicate(pop)
        assert fleet.serves(pop, "first", "second", "third")


def test_an_account_that_lost_its_roles_empties_no_pop(fleet: Fleet) -> None:
    pulp = fleet.centre.pulp
    for role in pulp.request("GET", fleet.account + "roles/").json()["results"]:
        assert pulp.request("DELETE", role["pulp_href"]).status == 204
    for pop in POPS:
        fleet.replicate(pop)
        assert fleet.serves(pop, "first", "second", "third")
