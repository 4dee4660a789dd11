"""The compiled demo, running: what `compiler build overlays/demo` prints, opened and given to the pod runner."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import os
import re
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.podrunner.client import Host, Runner
from tests.e2e.podrunner.images import CACHE
from tests.e2e.podrunner.network import inside
from tests.e2e.podrunner.objects import Loader
from tests.e2e.podrunner.rules import NODE
from tests.e2e.podrunner.sealed import unseal
from tests.e2e.site import Site
from tests.e2e.waiting import until

HOST, PORT, NAMESPACE = "pulp.localhost", 30443, "pulp-demo"
UPSTREAM = "192.0.2.80"
API = "/pulp/api/v3/"
TASK_SECONDS = 120


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; names of headers in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class Installation:
    """A running demo.

    Args:
        site: the repository that it was built from.
        runner: what runs it.
        client: a host outside of the cluster.
        upstream: another, whose folder ``files`` is served on port 80.
        files: what upstream serves.
        ca: the file with the CA that signed the proxy's certificate.
        password: of the user admin.
        seconds: from apply until everything was ready.
        host: name of the proxy, as in its certificate.
        port: where it listens.
        address: of the host that the client connects to.
    """

    site: Site
    runner: Runner
    client: Host
    upstream: Host
    files: Path
    ca: Path
    password: str = field(repr=False)
    seconds: float = 0.0
    host: str = HOST
    port: int = PORT
    address: str = NODE
    context: ssl.SSLContext = field(init=False)

    def __post_init__(self) -> None:
        self.context = ssl.create_default_context(cafile=str(self.ca))

    def pod(self, component: str) -> dict[str, Any]:
        """The pod of a component (api, content, worker, web, database, cache)."""
        label = "app.kubernetes.io/component"
        found = [
            item
            for item in self.runner.status()["pods"]
            if item["labels"].get(label) == component and item["owner"].split()[0] != "Job"
        ]
        assert len(found) == 1, [item["name"] for item in self.runner.status()["pods"]]
        return dict(found[0])

    def connect(self, address: str, port: int, timeout: float = 60) -> socket.socket:
        """A TCP connection from the client's network namespace."""
        path = self.client.prefix[1].removeprefix("--net=")
        fd = os.open(path, os.O_RDONLY)
        try:
            with inside(fd):
                connection = socket.socket()
        finally:
            os.close(fd)
        connection.settimeout(timeout)
        try:
            connection.connect((address, port))
        except OSError:
            connection.close()
            raise
        return connection

    def request(
        self, method: str, path: str, body: Any = None, *, user: str | None = "admin", **headers: str
    ) -> Answer:
        """One request from the client's host, with the server's certificate verified; ``path`` may be a whole URL."""
        connection = http.client.HTTPSConnection(self.host, self.port, timeout=120)
        connection.sock = self.context.wrap_socket(self.connect(self.address, self.port), server_hostname=self.host)
        if user:
            token = base64.b64encode(f"{user}:{self.password}".encode()).decode()
            headers["Authorization"] = f"Basic {token}"
        if body is not None and not isinstance(body, bytes):
            body, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        try:
            connection.request(method, re.sub(r"^https://[^/]+", "", path), body, headers)
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read())
        finally:
            connection.close()

    def create(self, path: str, **body: Any) -> dict[str, Any]:
        """POST; follow the task, if it answers with one; what was created."""
        answer = self.request("POST", path if path.startswith("/") else API + path, body)
        assert answer.status in (200, 201, 202), (path, answer.status, answer.body.decode())
        made = answer.json()
        if answer.status != 202:
            return dict(made)
        task = self.task(made["task"])
        created = [item for item in task["created_resources"] if item]
        return dict(self.request("GET", created[-1]).json()) if created else task

    def ended(self, href: str) -> dict[str, Any]:
        """A task once it has ended, well or not."""
        state: dict[str, Any] = {}

        def done() -> bool:
            state.update(self.request("GET", href).json())
            return state["state"] in ("completed", "failed", "canceled")

        assert until(done, TASK_SECONDS), state
        return state

    def task(self, href: str) -> dict[str, Any]:
        """A task once it has completed."""
        state = self.ended(href)
        assert state["state"] == "completed", state["error"]
        return state

    def deploy(self) -> dict[str, list[str]]:
        """Build and apply again, as the next commit would be."""
        return self.runner.apply(render(self.site))

    def pulp(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the real ``pulp`` client on the client host."""
        folder = self.files.parent
        hosts, config = folder / "hosts", folder / "cli.toml"
        hosts.write_text(f"127.0.0.1 localhost\n{NODE} {HOST}\n")
        config.write_text(
            f'[cli]\nbase_url = "https://{HOST}:{PORT}"\nusername = "admin"\npassword = "{self.password}"\n'
            "verify_ssl = true\ntimeout = 120\n"
        )
        config.chmod(0o600)
        unshare = ("unshare", "--mount", "sh", "-c", f'mount --bind {hosts} /etc/hosts && exec "$@"', "sh")
        return subprocess.run(
            [*self.client.prefix, *unshare, str(CACHE / "pulp" / "bin" / "pulp"), "--config", str(config), *arguments],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "PULP_CA_BUNDLE": str(self.ca), "LANG": "C.UTF-8"},
        )


def render(site: Site, overlay: str = "demo") -> str:
    """What an overlay's cluster gets: the rendering with its Secrets opened, by sops or as the controller would."""
    text = unseal(site.compiler("build", f"overlays/{overlay}").stdout, site.cluster.read_text())
    documents = [item for item in yaml.load_all(text, Loader=Loader) if item]
    return "---\n".join(
        json.dumps(site.opened(item) if item["kind"] == "SealedSecret" else item) + "\n" for item in documents
    )


def start(site: Site, folder: Path, meanwhile: Callable[[Runner], None] | None = None) -> Installation:
    """Build, open, apply, and wait until everything is ready.

    Args:
        site: the repository.
        folder: for the runner's socket and the client's files.
        meanwhile: what is done to it between apply and the wait.
    """
    ca = folder / "ca.crt"
    ca.write_text("".join(site.trust("demo").values()))
    files = folder / "upstream"
    files.mkdir()
    runner = Runner.start(folder / "state")
    try:
        client = runner.stand_in("client", "192.0.2.1")
        upstream = runner.stand_in("upstream", UPSTREAM, names=["upstream.example.com"])
        runner.start_in("upstream", ["python3", "-m", "http.server", "80", "--directory", str(files)])
        password = site.secrets("demo")["pulp-admin-password"]["password"].decode().rstrip("\n")
        begun = time.monotonic()
        runner.apply(render(site))
        if meanwhile:
            meanwhile(runner)
        runner.wait(480)
    except BaseException:
        runner.down(grace=0)
        raise
    return Installation(site, runner, client, upstream, files, ca, password, time.monotonic() - begun)


def published(pulp: Installation) -> tuple[str, str, dict[str, str]]:
    """Publish a small file and a large one: their URLs and sums."""
    folder = pulp.files / "file"
    folder.mkdir()
    contents = {"small": os.urandom(1000), "large": os.urandom(4_000_000)}
    lines = []
    for name, data in contents.items():
        (folder / name).write_bytes(data)
        lines.append(f"{name},{hashlib.sha256(data).hexdigest()},{len(data)}")
    (folder / "PULP_MANIFEST").write_text("\n".join(lines) + "\n")
    repository = pulp.create("repositories/file/file/", name="load")
    url = "http://upstream.example.com/file/PULP_MANIFEST"
    remote = pulp.create("remotes/file/file/", name="load", url=url, policy="immediate")
    pulp.create(repository["pulp_href"] + "sync/", remote=remote["pulp_href"])
    publication = pulp.create("publications/file/file/", repository=repository["pulp_href"])
    made = pulp.create("distributions/file/file/", name="load", base_path="load", publication=publication["pulp_href"])
    sums = {made["base_url"] + name: hashlib.sha256(data).hexdigest() for name, data in contents.items()}
    return (*sums, sums)


def memory(demo: Installation) -> dict[str, int]:
    """Proportional set size of each running pod, in MiB."""
    script = "cat /proc/[0-9]*/smaps_rollup 2>/dev/null | awk '/^Pss:/ {sum += $2} END {print int(sum / 1024)}'"
    found = {}
    for pod in demo.runner.status()["pods"]:
        if pod["phase"] == "Running":
            _, output = demo.runner.exec(pod["name"], ["sh", "-c", script], namespace=pod["namespace"])
            found[pod["name"].removeprefix("pulp-").split("-")[0]] = int(output)
    return found
