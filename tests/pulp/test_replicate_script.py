"""The program of the replication Job, run here against a fake of two Pulps."""

from __future__ import annotations

import http.server
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from compiler.pulp.scripts import text
from tests.pulp.serving import serving


class FakePulp(http.server.BaseHTTPRequestHandler):
    """Enough of two Pulps (below /local/ and /far/) to be configured, prepared and replicated."""

    state: dict[str, Any]

    def log_message(self, *arguments: Any) -> None:
        pass

    def reply(self, body: Any, status: int = 200) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def body(self) -> Any:
        return json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "null")

    def results(self, found: list[Any]) -> None:
        self.reply({"count": len(found), "results": found})

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        match parts.path:
            case "/local/api/v3/upstream-pulps/":
                self.results([entity for entity in self.state["upstreams"] if entity["name"] == query["name"][0]])
            case "/local/api/v3/status/" | "/far/api/v3/status/":
                self.reply({"versions": [{"component": name} for name in ("core", "file")]})
            case "/local/api/v3/remotes/file/file/":
                self.results(self.state["remotes"])
            case "/far/api/v3/distributions/file/file/":
                self.state["asked"] = query.get("q")
                self.results(self.state["distributions"])
            case "/far/publication/":
                self.reply({"manifest": "PULP_MANIFEST"})
            case "/group/":
                polls = self.state["groups"]
                self.reply(polls.pop(0) if len(polls) > 1 else polls[0])
            case "/task/":
                self.reply({"error": {"description": "the centre is gone"}})
            case _:
                self.reply({}, 404)

    def do_POST(self) -> None:
        body = self.body()
        if self.path == "/local/api/v3/upstream-pulps/":
            entity = {**body, "pulp_href": "/up/uuid-1/", **self.state["extra"]}
            self.state["secret"] = entity.pop("password"), entity.pop("username")
            self.state["upstreams"].append(entity)
            self.reply(entity, 201)
        elif self.path == "/local/api/v3/remotes/file/file/":
            self.state["remotes"].append({**body, "pulp_href": f"/remote/{body['name']}/"})
            self.reply({}, 201)
        elif self.path == "/up/uuid-1/replicate/":
            self.reply({"task_group": "/group/"}, 202)
        else:
            self.reply({}, 404)

    def do_PATCH(self) -> None:
        self.state["patches"].append((self.path, self.body()))
        self.reply({})


def task(name: str, state: str) -> dict[str, str]:
    return {"name": f"pulpcore.app.tasks.replica.{name}", "state": state, "pulp_href": "/task/"}


DONE = {"tasks": [task("replicate_distributions", "completed"), task("finalize_replication", "completed")]}


@pytest.fixture
def pulp(tmp_path: Path) -> Iterator[tuple[dict[str, Any], Callable[..., subprocess.CompletedProcess[str]]]]:
    state: dict[str, Any] = {
        "upstreams": [],
        "remotes": [],
        "distributions": [],
        "groups": [DONE],
        "patches": [],
        "extra": {},
    }
    for part, key in (
        ("admin-password", "password"),
        ("replica-upstream", "username"),
        ("replica-upstream", "password"),
    ):
        (tmp_path / "secrets" / part).mkdir(parents=True, exist_ok=True)
        (tmp_path / "secrets" / part / key).write_text("s3cr3t\n")
    (tmp_path / "replica").mkdir()
    with serving(type("Handler", (FakePulp,), {"state": state})) as port:
        config: dict[str, Any] = {
            "deadline": 20,
            "download": "immediate",
            "local": {"api_root": "/local/", "url": f"http://127.0.0.1:{port}"},
            "poll": 0,
            "remotes": {
                kind: {"distributions": f"distributions/{kind}/{kind}/", "remotes": f"remotes/{kind}/{kind}/"}
                for kind in ("container", "file")
            },
            "upstream": {
                "api_root": "/far/",
                "base_url": f"http://127.0.0.1:{port}",
                "ca_cert": None,
                "domain": None,
                "name": "centre",
                "policy": "nodelete",
                "q_select": 'pulp_label_select="pop=ams"',
                "tls_validation": True,
            },
        }

        def run(action: str, generation: int = 1, **changes: Any) -> subprocess.CompletedProcess[str]:
            wanted = {**config, **changes}
            (tmp_path / "replica" / "replica.json").write_text(json.dumps(wanted))
            environment = {"PULP_ROOT": str(tmp_path), "CREDENTIALS_GENERATION": str(generation)}
            done = subprocess.run(
                [sys.executable, "-c", text("replicate.py"), action],
                env=environment,
                capture_output=True,
                check=False,
                text=True,
                timeout=60,
            )
            assert "s3cr3t" not in done.stdout + done.stderr
            assert "Traceback" not in done.stderr
            return done

        yield state, run


def test_configuring_twice_writes_once(pulp: Any) -> None:
    state, run = pulp
    assert run("configure").returncode == 0
    assert state["upstreams"][0]["policy"] == "nodelete"
    assert state["upstreams"][0]["q_select"] == 'pulp_label_select="pop=ams"'
    assert state["secret"] == ("s3cr3t", "s3cr3t")
    again = run("configure")
    assert again.returncode == 0
    assert "nothing to change" in again.stdout
    assert state["patches"] == [], "any change forces a full synchronization"


def test_only_what_differs_is_changed(pulp: Any) -> None:
    state, run = pulp
    run("configure")
    state["upstreams"][0]["policy"] = "all"
    run("configure")
    ((path, body),) = state["patches"]
    assert path == "/up/uuid-1/"
    assert body.keys() == {"policy", "username", "password"}


def test_a_new_generation_of_the_credentials_is_written(pulp: Any) -> None:
    state, run = pulp
    run("configure")
    run("configure", generation=2)
    ((_, body),) = state["patches"]
    assert body == {"username": "s3cr3t", "password": "s3cr3t"}


def test_a_pulp_that_knows_remote_policies_is_told(pulp: Any) -> None:
    state, run = pulp
    state["extra"] = {"remote_policy": None}
    run("configure", download="on_demand")
    assert state["patches"] == [("/up/uuid-1/", {"remote_policy": "on_demand"})]


def test_a_pulp_that_does_not_gets_its_remotes_beforehand(pulp: Any) -> None:
    state, run = pulp
    state["distributions"] = [
        {"name": "a", "publication": "/far/publication/", "repository": None, "base_url": "https://c/content/a/"},
        {"name": "empty", "publication": None, "repository": None, "base_url": "https://c/content/e/"},
    ]
    run("configure", download="on_demand")
    done = run("run", download="on_demand")
    assert done.returncode == 0, done.stderr
    (remote,) = state["remotes"]
    assert remote["policy"] == "on_demand"
    assert remote["url"] == "https://c/content/a/PULP_MANIFEST", "what the replication itself would write"
    assert remote["pulp_labels"] == {"UpstreamPulp": "uuid-1"}
    assert state["asked"] == ['pulp_label_select="pop=ams"']
    assert state["patches"] == []


def test_a_run_waits_for_the_last_task_and_not_for_the_flag(pulp: Any) -> None:
    state, run = pulp
    run("configure")
    running = {"all_tasks_dispatched": True, "tasks": [task("replicate_distributions", "running")]}
    between = {"all_tasks_dispatched": True, "tasks": [task("replicate_distributions", "completed")]}
    last = {**DONE, "all_tasks_dispatched": False}
    state["groups"] = [running, between, last]
    done = run("run")
    assert done.returncode == 0, done.stderr
    assert "replicated: 2 tasks" in done.stdout


@pytest.mark.parametrize(
    "tasks",
    [
        [task("replicate_distributions", "failed")],
        [task("replicate_distributions", "completed"), task("sync", "failed"), task("finalize_replication", "failed")],
        [task("replicate_distributions", "canceled")],
    ],
)
def test_a_task_that_did_not_complete_fails_the_run(tasks: list[dict[str, str]], pulp: Any) -> None:
    state, run = pulp
    run("configure")
    state["groups"] = [{"tasks": tasks}]
    done = run("run")
    assert done.returncode == 1
    assert "the centre is gone" in done.stderr
    assert "did not complete" in done.stderr


def test_a_run_gives_up_at_its_deadline(pulp: Any) -> None:
    state, run = pulp
    run("configure")
    state["groups"] = [{"tasks": [task("replicate_distributions", "running")]}]
    done = run("run", deadline=0)
    assert done.returncode == 1
    assert "gave up" in done.stderr


def test_a_run_before_the_configuration_says_so(pulp: Any) -> None:
    _, run = pulp
    done = run("run")
    assert done.returncode == 1
    assert "not registered yet" in done.stderr
