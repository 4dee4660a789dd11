"""Item 7: ``overlays/prod`` as it is, with every replica; PostgreSQL, Redis, S3 and Ingress outside. By hand.

make e2e-long
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import centre, installation
from tests.e2e.centre import Centre
from tests.e2e.installation import API, memory
from tests.e2e.waiting import until

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def prod() -> Iterator[Centre]:
    """Production, running."""
    with tempfile.TemporaryDirectory(prefix="prod-") as name:
        found = centre.start(Path(name), {})
        try:
            yield found
        finally:
            found.close()


def test_production_comes_up_with_its_replicas_and_without_a_restart(prod: Centre) -> None:
    status = prod.pulp.runner.status()
    assert not status["problems"]
    labels = [pod["labels"] for pod in status["pods"] if pod["owner"].split()[0] == "Deployment"]
    numbers = dict.fromkeys(("api", "content", "worker", "web"), 0)
    for label in labels:
        numbers[label["app.kubernetes.io/component"]] += 1
    assert numbers == {"api": 3, "content": 3, "worker": 4, "web": 2}
    assert {item["restarts"] for pod in status["pods"] for item in pod["containers"]} == {0}
    print(f"\nprod: ready after {prod.pulp.seconds:.0f} s; MiB per pod: {memory(prod.pulp)}")


def test_production_is_connected_over_verified_tls_and_does_its_job(prod: Centre) -> None:
    status = prod.pulp.request("GET", API + "status/", user=None).json()
    assert status["database_connection"]["connected"]
    assert status["redis_connection"]["connected"]
    assert len(status["online_workers"]) == 4
    small, large, sums = installation.published(prod.pulp)
    for url in (small, large):
        assert url.startswith(f"https://{centre.HOST}/")
        assert hashlib.sha256(prod.download(url)).hexdigest() == sums[url]


def test_artifacts_are_in_the_bucket_and_on_no_claim(prod: Centre) -> None:
    assert not [item for item in prod.pulp.site.objects("prod") if item["kind"] == "PersistentVolumeClaim"]
    assert '"PUT /artifact/' in prod.bucket.log.read_text(), "written by a worker, with our CA"


@pytest.mark.parametrize("name", ["database", "cache"])
def test_an_outage_of_a_service_outside_ends_with_it(prod: Centre, name: str) -> None:
    service = getattr(prod, name)
    service.stop()
    service.start()
    assert until(lambda: prod.pulp.request("GET", API + "status/").status == 200, 120)
    prod.pulp.runner.wait(120)
    prod.pulp.create("repositories/file/file/", name=f"after-{name}-{os.urandom(4).hex()}")
