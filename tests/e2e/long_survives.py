"""Item 5: processes are killed, Redis and PostgreSQL go and return, a disk fills, a migration dies half-way. By hand.

    make e2e-long

Everything comes back by itself, without a pod deleted or a command given, and what was acknowledged is still there.
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import installation
from tests.e2e.installation import API, NAMESPACE, Installation
from tests.e2e.load import Load
from tests.e2e.podrunner.client import Runner
from tests.e2e.podrunner.objects import RunnerError
from tests.e2e.site import make
from tests.e2e.waiting import until

pytestmark = pytest.mark.e2e

_SPEC = """
storage: {volume: {size: 2Gi, access_mode: ReadWriteMany}}
api: {replicas: 2}
content: {replicas: 2}
worker: {replicas: 2, scratch: 64Mi}
web: {replicas: 2}
"""
_MINUTES_OF_KILLING = 3
_BACK_SECONDS = 240


@pytest.fixture(scope="module")
def pulp() -> Iterator[Installation]:
    """The demo with two replicas of each role of Pulp, whose migration Job is killed half-way while it comes up."""
    with tempfile.TemporaryDirectory(prefix="survives-") as folder:
        site = make(Path(folder))
        path = site.root / "overlays/demo/pulp.yaml"
        path.write_text(path.read_text() + _SPEC)
        site.compiler("generate")
        running = installation.start(site, Path(folder), meanwhile=kill_the_migration)
        try:
            yield running
        finally:
            running.runner.down(grace=0)


@pytest.fixture(scope="module")
def files(pulp: Installation) -> tuple[str, str, dict[str, str]]:
    """A published small file and a large one: their URLs and sums."""
    return installation.published(pulp)


def kill_the_migration(runner: Runner) -> None:
    """Kill the migration's process as soon as it has applied its first migrations."""

    def migrating() -> bool:
        return any(
            " OK" in runner.logs(pod["name"], namespace=NAMESPACE) for pod in runner.pods("pulp-migrate", NAMESPACE)
        )

    assert until(migrating, 120)
    (pod,) = runner.pods("pulp-migrate", NAMESPACE)
    runner.signal(pod["name"], signal.SIGKILL, namespace=NAMESPACE)


def unharmed(pulp: Installation, load: Load) -> None:
    """Everything gets ready again and no acknowledged upload is lost or altered.

    An upload is two things, the record and the bytes: the one is asked for, the other summed in the volume.
    """
    pulp.runner.wait(_BACK_SECONDS)
    assert load.uploaded
    for total, href in load.uploaded.items():
        assert pulp.request("GET", href).json()["sha256"] == total, "an acknowledged upload is lost"
    found = _sums_on_disk(pulp)
    assert load.uploaded.keys() <= found, "an acknowledged upload has other bytes, or none"
    print(f"\n{load.report()}, {load.outage():.0f} s from the first failure to the last", end="")


def _sums_on_disk(pulp: Installation) -> set[str]:
    pod = next(item for item in pulp.runner.pods("pulp-worker", NAMESPACE) if item["phase"] == "Running")
    script = "find /var/lib/pulp/media/artifact -type f -print0 | xargs -0 sha256sum"
    code, text = pulp.runner.exec(pod["name"], ["sh", "-c", script], namespace=NAMESPACE, timeout=120)
    assert code == 0, text
    return {line.split()[0] for line in text.splitlines()}


def test_a_migration_that_was_killed_is_made_again(pulp: Installation) -> None:
    states = pulp.runner.status()["workloads"]
    (migration,) = (state for name, state in states.items() if "pulp-migrate" in name)
    assert migration["done"]
    assert migration["failed"] + sum(
        item["restarts"] for pod in pulp.runner.pods("pulp-migrate", NAMESPACE) for item in pod["containers"]
    ), "it was killed"
    assert pulp.request("GET", API + "status/").json()["database_connection"]["connected"]


def test_every_process_is_killed_at_random_under_load(
    pulp: Installation, files: tuple[str, str, dict[str, str]]
) -> None:
    seed = random.randrange(1 << 32)
    print(f"\nseed {seed}", end="")
    chance, killed = random.Random(seed), set()
    end = time.monotonic() + 60 * _MINUTES_OF_KILLING
    with Load(pulp, *files) as load:
        while time.monotonic() < end:
            victims = [
                (pod, item["name"])
                for pod in pulp.runner.pods("pulp-", NAMESPACE)
                for item in pod["containers"]
                if pod["phase"] == "Running" and item["state"] == "running"
            ]
            # Those whose component has not been hit yet come first, so that every one is.
            fresh = [item for item in victims if _component(item[0]) not in killed] or victims
            pod, container = chance.choice(fresh)
            killed.add(_component(pod))
            try:
                pulp.runner.signal(pod["name"], signal.SIGKILL, namespace=NAMESPACE, container=container)
            except RunnerError as error:  # it ended since the list was made
                print(f"\n  {pod['name']}: {error}", end="")
            time.sleep(chance.uniform(5, 15))
        pulp.runner.wait(_BACK_SECONDS)
        time.sleep(3)
    assert killed >= {"api", "content", "worker", "web", "database", "cache"}
    unharmed(pulp, load)


def _component(pod: dict[str, dict[str, str]]) -> str:
    return pod["labels"].get("app.kubernetes.io/component", "")


@pytest.mark.parametrize("component", ["cache", "database"])
def test_it_goes_and_returns(pulp: Installation, files: tuple[str, str, dict[str, str]], component: str) -> None:
    with Load(pulp, *files) as load:
        time.sleep(3)
        pulp.runner.delete_pod(pulp.pod(component)["name"], namespace=NAMESPACE)
        time.sleep(2)
        pulp.runner.wait(_BACK_SECONDS)
        assert until(lambda: pulp.request("GET", API + "status/").status == 200, _BACK_SECONDS)
        settled = len(load.failed)
        time.sleep(10)
        assert len(load.failed) == settled, load.failed[settled:]
    unharmed(pulp, load)
    status = pulp.request("GET", API + "status/").json()
    assert status["database_connection"]["connected"]
    assert status["redis_connection"]["connected"]
    pulp.create("repositories/file/file/", name=f"after-{component}-{os.urandom(4).hex()}")
    assert hashlib.sha256(pulp.request("GET", files[0]).body).hexdigest() == files[2][files[0]]


def _workers(pulp: Installation) -> list[str]:
    return [pod["name"] for pod in pulp.runner.pods("pulp-worker", NAMESPACE) if pod["phase"] == "Running"]


def _sync(pulp: Installation, name: str, size: int) -> dict[str, Any]:
    """Synchronize a repository with one file of ``size`` bytes; the task, ended."""
    folder = pulp.files / name
    folder.mkdir()
    data = os.urandom(size)
    (folder / "f").write_bytes(data)
    (folder / "PULP_MANIFEST").write_text(f"f,{hashlib.sha256(data).hexdigest()},{size}\n")
    url = f"http://upstream.example.com/{name}/PULP_MANIFEST"
    remote = pulp.create("remotes/file/file/", name=name, url=url, policy="immediate")
    repository = pulp.create("repositories/file/file/", name=name)
    answer = pulp.request("POST", repository["pulp_href"] + "sync/", {"remote": remote["pulp_href"]})
    assert answer.status == 202, answer.body
    return pulp.ended(answer.json()["task"])


def test_a_task_that_fills_its_workers_disk_fails_and_the_next_one_works(pulp: Installation) -> None:
    assert _sync(pulp, "too-large", 80 * 2**20)["state"] == "failed"
    pulp.runner.wait(_BACK_SECONDS)
    used = []
    for name in _workers(pulp):
        code, text = pulp.runner.exec(name, ["df", "--output=used", "/var/lib/pulp/tmp"], namespace=NAMESPACE)
        assert code == 0, text
        used.append(int(text.split()[-1]))
    assert max(used) < 1024, "KiB: a failed task leaves nothing behind"
    assert _sync(pulp, "small-enough", 2**20)["state"] == "completed"


def test_a_worker_whose_disk_is_full_is_replaced(pulp: Installation, files: tuple[str, str, dict[str, str]]) -> None:
    old = set(_workers(pulp))
    with Load(pulp, *files) as load:
        for name in old:
            fill = ["dd", "if=/dev/zero", "of=/var/lib/pulp/tmp/full", "bs=1M"]
            assert "No space" in pulp.runner.exec(name, fill, namespace=NAMESPACE)[1]
        assert until(lambda: not old & set(_workers(pulp)), 60), "evicted"
        pulp.runner.wait(_BACK_SECONDS)
        assert _sync(pulp, "after-eviction", 2**20)["state"] == "completed"
    assert load.failed == [], "workers are no part of serving"
    unharmed(pulp, load)
