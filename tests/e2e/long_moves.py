"""Item 4: the installation moves under constant load, two replicas of api, content and web. Run by hand.

    make e2e-long

Each move is what a person would do: edit or renew, ``compiler generate``, ``compiler build``, apply.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import installation
from tests.e2e.installation import API, NAMESPACE, Installation
from tests.e2e.load import Load
from tests.e2e.site import make
from tests.e2e.waiting import until

pytestmark = pytest.mark.e2e

_SPEC = """
storage: {volume: {size: 2Gi, access_mode: ReadWriteMany}}
api: {replicas: 2}
content: {replicas: 2}
web: {replicas: 2}
"""


def edit(root: Path, text: str) -> None:
    """Add keys to the demo's spec."""
    path = root / "overlays/demo/pulp.yaml"
    path.write_text(path.read_text() + text)


@pytest.fixture(scope="module")
def pair() -> Iterator[Installation]:
    """The demo with two replicas of each role that serves."""
    with tempfile.TemporaryDirectory(prefix="moves-") as folder:
        site = make(Path(folder))
        edit(site.root, _SPEC)
        site.compiler("generate")
        running = installation.start(site, Path(folder))
        try:
            yield running
        finally:
            running.runner.down(grace=0)


@pytest.fixture(scope="module")
def files(pair: Installation) -> tuple[str, str, dict[str, str]]:
    """A published small file and a large one: their URLs and sums."""
    return installation.published(pair)


def move(pair: Installation, files: tuple[str, str, dict[str, str]], *commands: tuple[str, ...]) -> Load:
    """Run compiler commands, then generate, build and apply under load; the load, over."""
    admin = ("--identity", str(pair.site.identity))
    for command in commands:
        pair.site.compiler(*command, *admin)
    pair.site.compiler("generate")
    with Load(pair, *files) as load:
        time.sleep(5)
        begun = time.monotonic()
        report = pair.deploy()
        pair.runner.wait(400)
        seconds = time.monotonic() - begun
        time.sleep(5)
    print(f"\n{len(report['updated'])} updated, rolled out in {seconds:.0f} s: {load.report()}", end="")
    print(f", {load.outage():.1f} s between the first and the last" if load.failed else "")
    for line in load.failed[:20]:
        print("  ", line)
    for total, href in load.uploaded.items():
        assert pair.request("GET", href).json()["sha256"] == total, "an acknowledged upload is lost"
    return load


def test_a_settings_change_fails_no_request(pair: Installation, files: tuple[str, str, dict[str, str]]) -> None:
    edit(pair.site.root, "pulp: {settings: {ORPHAN_PROTECTION_TIME: 2880}}\n")
    load = move(pair, files)
    assert load.failed == []
    assert min(load.done[kind] for kind in ("status", "content", "upload", "download")) > 0


def test_an_image_tag_that_needs_no_migration_fails_no_request(
    pair: Installation, files: tuple[str, str, dict[str, str]]
) -> None:
    edit(pair.site.root, 'images: {pulp: {tag: "3.85.34"}, web: {tag: "1.29.5"}}\n')
    assert move(pair, files).failed == []


SERVING = ("api-tls", "content-tls", "web-tls", "web-client", "probe-client")


def test_new_certificates_of_the_serving_roles_fail_no_request(
    pair: Installation, files: tuple[str, str, dict[str, str]]
) -> None:
    commands = [("secrets", "rotate", f"demo/pulp-{name}") for name in SERVING]
    assert move(pair, files, *commands).failed == []


def test_renewal_of_every_certificate_fails_no_request(
    pair: Installation, files: tuple[str, str, dict[str, str]]
) -> None:
    before = told(pair)
    assert move(pair, files, ("secrets", "renew", "demo", "--all")).failed == []
    assert until(lambda: all(now > then for now, then in zip(told(pair), before, strict=True)), 60)
    assert pair.request("GET", API + "status/").status == 200


def told(pair: Installation) -> list[int]:
    """How often PostgreSQL and Redis were told to read their certificates."""
    names = [pair.pod(component)["name"] for component in ("database", "cache")]
    return [pair.runner.logs(name, namespace=NAMESPACE, container="reload").count("was told") for name in names]


@pytest.mark.parametrize("authority", ["upstream", "service"])
def test_a_ca_rollover_fails_no_request_in_any_phase(
    pair: Installation, files: tuple[str, str, dict[str, str]], authority: str
) -> None:
    for phase in ("trust", "issue", "retire"):
        before = told(pair)
        rolled = () if phase == "trust" else ("--rolled-out",)
        command = ("secrets", "ca", "rollover", "demo", "--authority", authority, "--phase", phase, *rolled)
        assert move(pair, files, command).failed == [], phase
        if authority == "service":  # it signs the proxy's certificate too: the client learns of the new one as well
            pair.ca.write_text("".join(pair.site.trust("demo").values()))
            pair.context.load_verify_locations(str(pair.ca))
            # What --rolled-out says: the two that do not restart have read what the phase wrote.
            assert until(lambda known=before: all(now > then for now, then in zip(told(pair), known, strict=True)), 60)
    assert pair.request("GET", API + "status/").status == 200


# PostgreSQL takes the new password when it restarts, and Pulp's pods know either the old or the new one: an outage, by
# design. What fails is counted, what was acknowledged is still there. docs/e2e.md has the figures.
OUTAGE_SECONDS = 120


def test_a_database_password_rotation_comes_back_by_itself(
    pair: Installation, files: tuple[str, str, dict[str, str]]
) -> None:
    load = move(pair, files, ("secrets", "rotate", "demo/pulp-postgres-configuration"))
    assert load.outage() < OUTAGE_SECONDS
    assert pair.request("GET", API + "status/").status == 200
