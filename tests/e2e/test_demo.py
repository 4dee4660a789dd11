"""Items 1 and 2: the demo comes up from nothing and does its job, on the real Pulp, PostgreSQL, Redis and nginx."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.installation import API, HOST, NAMESPACE, PORT, Installation, memory

pytestmark = pytest.mark.e2e


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_every_pod_gets_ready_from_nothing(demo: Installation, record_property: Callable[[str, object], None]) -> None:
    status = demo.runner.status()
    assert not status["problems"]
    assert not status["not modelled"]
    restarts = {item["name"]: item["restarts"] for pod in status["pods"] for item in pod["containers"]}
    assert set(restarts.values()) == {0}, "order comes from the gates, not from crashing until it works"
    record_property("demo", f"ready after {demo.seconds:.0f} s; MiB per pod: {memory(demo)}")


def test_status_through_the_proxy_shows_everything_connected(demo: Installation) -> None:
    answer = demo.request("GET", API + "status/", user=None)
    assert answer.status == 200
    status = answer.json()
    assert status["database_connection"]["connected"]
    assert status["redis_connection"]["connected"]
    assert len(status["online_workers"]) == 1
    assert status["online_api_apps"]
    assert status["online_content_apps"]
    assert {item["component"] for item in status["versions"]} >= {"core", "file", "rpm", "container"}
    assert status["content_settings"]["content_origin"] == f"https://{HOST}:{PORT}"


def test_the_admin_password_is_the_sealed_one_and_nothing_else(demo: Installation) -> None:
    assert demo.request("GET", API + "users/").status == 200
    assert demo.request("GET", API + "users/", user=None).status in (401, 403)


def test_file_repository_is_synced_published_distributed_and_downloaded(demo: Installation) -> None:
    contents = {f"{name}.bin": os.urandom(size) for name, size in (("small", 10), ("large", 3_000_000))}
    folder = demo.files / "file"
    folder.mkdir()
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    lines = [f"{name},{sha256(data)},{len(data)}" for name, data in contents.items()]
    (folder / "PULP_MANIFEST").write_text("\n".join(lines) + "\n")
    for policy in ("immediate", "on_demand"):
        repository = demo.create("repositories/file/file/", name=policy)
        url = "http://upstream.example.com/file/PULP_MANIFEST"
        remote = demo.create("remotes/file/file/", name=policy, url=url, policy=policy)
        demo.create(repository["pulp_href"] + "sync/", remote=remote["pulp_href"])
        publication = demo.create("publications/file/file/", repository=repository["pulp_href"])
        distribution = demo.create(
            "distributions/file/file/", name=policy, base_path=policy, publication=publication["pulp_href"]
        )
        assert distribution["base_url"] == f"https://{HOST}:{PORT}/pulp/content/{policy}/"
        for name, data in contents.items():
            answer = demo.request("GET", distribution["base_url"] + name, user=None)
            assert answer.status == 200
            assert sha256(answer.body) == sha256(data)


def test_upload_is_kept(demo: Installation) -> None:
    data = os.urandom(6_000_000)
    boundary = "boundary"
    body = b"".join(
        [
            f'--{boundary}\r\nContent-Disposition: form-data; name="relative_path"\r\n\r\nupload.bin\r\n'.encode(),
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'.encode(),
            data,
            f"\r\n--{boundary}--\r\n".encode(),
        ]
    )
    kind = f"multipart/form-data; boundary={boundary}"
    answer = demo.request("POST", API + "content/file/files/", body, **{"Content-Type": kind})
    assert answer.status == 202, answer.body
    task = demo.task(answer.json()["task"])
    content = demo.request("GET", task["created_resources"][0]).json()
    assert content["sha256"] == sha256(data)


@pytest.fixture(scope="module")
def rpm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small RPM and its repository metadata, made by the real rpmbuild and createrepo_c."""
    folder = tmp_path_factory.mktemp("rpm")
    spec = folder / "hello.spec"
    spec.write_text(
        "Name: hello\nVersion: 1\nRelease: 1\nSummary: hello\nLicense: MIT\nBuildArch: noarch\n"
        "%description\nhello\n%install\nmkdir -p %{buildroot}/srv\n"
        "echo hello > %{buildroot}/srv/hello\n%files\n/srv/hello\n"
    )
    output = ["--define", f"_topdir {folder}/build", "--define", f"_rpmdir {folder}/packages"]
    subprocess.run(["rpmbuild", "-bb", *output, str(spec)], check=True, capture_output=True)
    subprocess.run(["createrepo_c", str(folder / "packages")], check=True, capture_output=True)
    return folder / "packages"


def test_rpm_repository_is_synced_published_distributed_and_downloaded(demo: Installation, rpm: Path) -> None:
    shutil.copytree(rpm, demo.files / "rpm")
    (package,) = rpm.rglob("*.rpm")
    repository = demo.create("repositories/rpm/rpm/", name="rpm")
    remote = demo.create("remotes/rpm/rpm/", name="rpm", url="http://upstream.example.com/rpm/", policy="on_demand")
    demo.create(repository["pulp_href"] + "sync/", remote=remote["pulp_href"])
    publication = demo.create("publications/rpm/rpm/", repository=repository["pulp_href"])
    distribution = demo.create(
        "distributions/rpm/rpm/", name="rpm", base_path="rpm", publication=publication["pulp_href"]
    )
    metadata = demo.request("GET", distribution["base_url"] + "repodata/repomd.xml", user=None)
    assert metadata.status == 200
    assert b'type="primary"' in metadata.body
    answer = demo.request("GET", f"{distribution['base_url']}Packages/h/{package.name}", user=None)
    assert answer.status == 200
    assert sha256(answer.body) == sha256(package.read_bytes())


def test_the_real_client_works(demo: Installation) -> None:
    status = demo.pulp("status")
    assert status.returncode == 0, status.stderr
    assert json.loads(status.stdout)["redis_connection"]["connected"]
    made = demo.pulp("file", "repository", "create", "--name", "by-client")
    assert made.returncode == 0, made.stderr
    found = demo.pulp("file", "repository", "list")
    assert "by-client" in [item["name"] for item in json.loads(found.stdout)]


def test_container_registry_answers_and_hands_out_tokens(demo: Installation) -> None:
    answer = demo.request("GET", "/v2/", user=None)
    assert answer.status == 401
    assert f"https://{HOST}:{PORT}/token/" in answer.headers["www-authenticate"]
    token = demo.request("GET", f"/token/?service={HOST}:{PORT}&scope=repository:x:pull")
    assert token.status == 200, token.body
    assert token.json()["token"].count(".") == 2


def test_nothing_restarted_meanwhile(demo: Installation) -> None:
    pods = [pod for pod in demo.runner.status()["pods"] if pod["namespace"] == NAMESPACE]
    assert {item["name"]: item["restarts"] for pod in pods for item in pod["containers"] if item["restarts"]} == {}
