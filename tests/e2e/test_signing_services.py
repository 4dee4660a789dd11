"""Signing in the running demo, with a Secret that somebody else makes in place of one of ours."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from compiler.secrets import openpgp
from compiler.secrets.plaintext import Plaintext
from tests.e2e import installation
from tests.e2e.installation import API, NAMESPACE, Installation
from tests.e2e.podrunner.client import Runner
from tests.e2e.site import Site, make

pytestmark = pytest.mark.e2e

KEY = "signing_service.gpg"
DJANGO = b"a-key-of-somebody-else-0123456789-0123456789-0123456789"
LAYER = """
signing:
  services: [rpm, container]
  keys: {signing: {user_id: "Acme Packages <packages@example.com>"}}
secrets:
  existing:
    secret-key: {name: team, keys: {secret_key: django}}
"""


def compiled(site: Site, change: str) -> None:
    """Append to the demo's layer, make what it needs, and write the overlay."""
    layer = site.root / "overlays" / "demo" / "pulp.yaml"
    layer.write_text(layer.read_text() + change)
    site.compiler("secrets", "ensure", "--prune", "--identity", str(site.identity))
    site.compiler("generate")


def team(runner: Runner) -> None:
    """What the other team applies: its Secret has a key that nobody here reads."""
    data = {"django": DJANGO, "other": b"not for Pulp"}
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "team", "namespace": NAMESPACE},
        "data": {key: base64.b64encode(value).decode() for key, value in data.items()},
    }
    runner.apply(json.dumps(secret), prune=False)


@pytest.fixture(scope="module")
def signed() -> Iterator[Installation]:
    assert os.geteuid() == 0, "the end-to-end tests need root"
    with tempfile.TemporaryDirectory(prefix="signed-") as folder:
        site = make(Path(folder))
        compiled(site, LAYER)
        running = installation.start(site, Path(folder), team)
        try:
            yield running
        finally:
            running.runner.down(grace=0)


def services(pulp: Installation) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in pulp.request("GET", f"{API}signing-services/").json()["results"]}


def files(pulp: Installation, component: str, folder: str) -> str:
    code, output = pulp.runner.exec(pulp.pod(component)["name"], ["find", folder], namespace=NAMESPACE)
    assert code == 0, output
    return str(output)


def test_the_services_are_there_with_the_key_from_the_vault(signed: Installation) -> None:
    made = openpgp.read(Plaintext(signed.site.secrets("demo")["pulp-signing"][KEY]))
    found = {name: one["pubkey_fingerprint"] for name, one in services(signed).items()}
    assert found == dict.fromkeys(("container-signing-service", "rpm-signing-service"), made.fingerprint)
    assert services(signed)["rpm-signing-service"]["script"] == "/var/lib/pulp/scripts/rpm_script.sh"


def test_metadata_is_signed_as_a_client_verifies_it(signed: Installation, tmp_path: Path) -> None:
    service = services(signed)["rpm-signing-service"]
    repository = signed.create(
        "repositories/rpm/rpm/", name="signed", metadata_signing_service=service["pulp_href"], autopublish=False
    )
    publication = signed.create("publications/rpm/rpm/", repository=repository["pulp_href"])
    distribution = signed.create(
        "distributions/rpm/rpm/", name="signed", base_path="signed", publication=publication["pulp_href"]
    )
    for name in ("repomd.xml", "repomd.xml.asc"):
        answer = signed.request("GET", f"{distribution['base_url']}repodata/{name}", user=None)
        assert answer.status == 200, answer.body
        (tmp_path / name).write_bytes(answer.body)
    dearmored = subprocess.run(
        ["gpg", "--dearmor"], input=service["public_key"].encode(), capture_output=True, check=True
    )
    (tmp_path / "key.gpg").write_bytes(dearmored.stdout)
    command = ["gpgv", "--keyring", "./key.gpg", "repomd.xml.asc", "repomd.xml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Acme Packages" in done.stderr


def test_the_key_is_in_the_workers_memory_and_nowhere_else(signed: Installation) -> None:
    assert "private-keys-v1.d" in files(signed, "worker", "/run/gnupg")
    for component in ("api", "content", "worker"):
        assert "signing" not in files(signed, component, "/etc/pulp/secrets")
    code, _ = signed.runner.exec(signed.pod("api")["name"], ["ls", "/run/gnupg"], namespace=NAMESPACE)
    assert code != 0


def test_the_secret_of_somebody_else_is_mounted_under_our_name_and_without_the_rest(signed: Installation) -> None:
    place = "/etc/pulp/secrets/secret-key"
    code, output = signed.runner.exec(signed.pod("api")["name"], ["cat", f"{place}/secret_key"], namespace=NAMESPACE)
    assert (code, output.strip()) == (0, DJANGO.decode())
    assert "other" not in files(signed, "api", place)


def test_a_new_key_gets_services_of_its_own_beside_the_old_ones(signed: Installation) -> None:
    before = services(signed)
    layer = signed.site.root / "overlays" / "demo" / "pulp.yaml"
    layer.write_text(layer.read_text().replace("keys: {signing: {", "keys: {signing-2027: {}, signing: {"))
    compiled(signed.site, "")
    signed.deploy()
    team(signed.runner)
    signed.runner.wait(480)
    after = services(signed)
    assert {name: after[name] for name in before} == before
    assert sorted(after.keys() - before.keys()) == ["container-signing-2027-service", "rpm-signing-2027-service"]
    made = openpgp.read(Plaintext(signed.site.secrets("demo")["pulp-signing-2027"][KEY]))
    assert after["rpm-signing-2027-service"]["pubkey_fingerprint"] == made.fingerprint
