"""The programs that run in the pods, run here: with a real TLS server, a fake Pulp, and a fake pulpcore-manager."""

from __future__ import annotations

import datetime
import http.server
import json
import os
import ssl
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from compiler.pulp.scripts import text

# -- probe.py ---------------------------------------------------------------------------------------------------


def issue(name: str, issuer: tuple[Any, Any] | None = None) -> tuple[Any, Any]:
    """A key and a certificate for ``name``, of ``issuer`` or a CA of its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[1].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(issuer is None, 0 if issuer is None else None), critical=True)
    )
    if issuer:
        usage = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage(usage), critical=False)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer[0].public_key()), critical=False
        )
    else:
        usage_of_ca = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        builder = builder.add_extension(usage_of_ca, critical=True)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    return key, builder.sign(issuer[0] if issuer else key, hashes.SHA256())


def store(folder: Path, pair: tuple[Any, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    key, certificate = pair
    (folder / "tls.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "tls.key").write_bytes(pem)
    return folder


class Quiet(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        ok = self.path == "/livez/" and self.headers["Host"] == "pulp-api-svc"
        self.send_response(200 if ok else 404)
        self.end_headers()

    def log_message(self, *arguments: Any) -> None:
        pass


@contextmanager
def serving(handler: type[http.server.BaseHTTPRequestHandler], context: ssl.SSLContext | None = None) -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.handle_error = lambda *arguments: None  # type: ignore[method-assign]
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """The folder that a pod sees as /etc/pulp, and the context of a server that asks for a client certificate."""
    root = tmp_path_factory.mktemp("etc")
    service, upstream = issue("service CA"), issue("upstream CA")
    own = store(root / "server", issue("pulp-api-svc", service))
    store(root / "secrets" / "probe-client", issue("pulp-probe", upstream))
    store(root / "stranger", issue("pulp-probe", service))
    for part, pair in (("ca", service), ("upstream-ca", upstream)):
        (root / part).mkdir()
        (root / part / "ca.crt").write_bytes(pair[1].public_bytes(serialization.Encoding.PEM))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(root / "upstream-ca" / "ca.crt"))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(own / "tls.crt", own / "tls.key")
    return root, context


def probe(root: Path, port: int, path: str, name: str = "pulp-api-svc") -> subprocess.CompletedProcess[str]:
    program = text("probe.py").replace("/etc/pulp", str(root))
    return subprocess.run(
        [sys.executable, "-IS", "-c", program, name, str(port), path],
        capture_output=True,
        check=False,
        text=True,
        timeout=30,
    )


def test_a_probe_presents_its_certificate_and_looks_at_the_status(tls: tuple[Path, ssl.SSLContext]) -> None:
    root, context = tls
    with serving(Quiet, context) as port:
        alive = probe(root, port, "/livez/")
        assert (alive.returncode, alive.stdout) == (0, "")
        lost = probe(root, port, "/nowhere/")
        assert lost.returncode == 1
        assert "HTTP 404" in lost.stdout
        assert probe(root, port, "/livez/", "another-name").returncode == 1, "the server's name is checked"
    assert probe(root, port, "/livez/").returncode == 1, "nobody listens"


def test_a_certificate_of_the_other_authority_does_not_pass(tls: tuple[Path, ssl.SSLContext], tmp_path: Path) -> None:
    root, context = tls
    (tmp_path / "secrets").mkdir()
    (tmp_path / "ca").symlink_to(root / "ca")
    (tmp_path / "secrets" / "probe-client").symlink_to(root / "stranger")
    with serving(Quiet, context) as port:
        assert probe(tmp_path, port, "/livez/").returncode == 1


# -- gate.sh ----------------------------------------------------------------------------------------------------


def gate(folder: Path, manager: str, seconds: str = "0") -> subprocess.CompletedProcess[str]:
    program = folder / "pulpcore-manager"
    program.write_text(f"#!/bin/sh\n{manager}\n")
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    environment = {"PATH": f"{folder}:{os.environ['PATH']}", "GATE_SECONDS": seconds}
    return subprocess.run(
        ["sh", "-c", text("gate.sh").replace("sleep 5", "sleep 0")],
        env=environment,
        capture_output=True,
        check=False,
        text=True,
        timeout=30,
    )


def test_the_gate_opens_when_nothing_is_pending(tmp_path: Path) -> None:
    assert gate(tmp_path, 'test "$1 $2" = "migrate --check"').returncode == 0


@pytest.mark.parametrize("manager", ["exit 1", "echo traceback >&2; exit 2", "kill -9 $$"])
def test_the_gate_stays_shut_whatever_the_failure(manager: str, tmp_path: Path) -> None:
    done = gate(tmp_path, manager)
    assert done.returncode == 1
    assert "gave up" in done.stderr


def test_the_gate_waits_for_the_migration(tmp_path: Path) -> None:
    counter = tmp_path / "tries"
    done = gate(tmp_path, f'echo x >> {counter}; test "$(wc -l < {counter})" -ge 3', "20")
    assert done.returncode == 0
    assert len(counter.read_text().split()) == 3


@pytest.mark.parametrize("name", ["acl.sh", "database.sh", "gate.sh", "migrate.sh"])
def test_shell_scripts_parse(name: str) -> None:
    assert subprocess.run(["sh", "-n"], input=text(name), text=True, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("name", ["admin.py", "probe.py", "replicate.py"])
def test_python_scripts_need_nothing_newer_than_the_image_has(name: str) -> None:
    import ast

    ast.parse(text(name), feature_version=(3, 9))


# -- replicate.py -----------------------------------------------------------------------------------------------


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
