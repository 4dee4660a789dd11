"""Our certificates on the real PostgreSQL and nginx: through a CA's rollover, with wrong names, with any file mode."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from compiler.pulp.database import hba
from compiler.pulp.model import build_model
from compiler.pulp.requirements import Requirements
from compiler.pulp.site import Site
from compiler.secrets import pki
from compiler.secrets.lock import Lock
from compiler.secrets.rollover import rollover
from tests.pulp.support import spec
from tests.secrets.support import World

pytestmark = pytest.mark.e2e

PHASES = ("steady", "trust", "issue", "retire")
PASSWORD = "only-of-this-test"
WANTED = ("pulp-database-tls", "pulp-database-client", "pulp-web-tls")
BIN = max(Path("/usr/lib/postgresql").iterdir(), key=lambda path: int(path.name)) / "bin"


@dataclass(frozen=True)
class Pod:
    """What the pods of one phase have mounted: the bundle, and certificate and key of each leaf."""

    bundle: bytes
    leaves: dict[str, pki.Pair]


def pod(world: World) -> Pod:
    known: Lock = world.lock()
    leaves = {}
    with world.access(world.admin) as access:
        for name in WANTED:
            values = access.open(world.tree, known, f"demo/{name}", "the test looks")
            leaves[name] = pki.Pair(values["tls.crt"].reveal(), values["tls.key"])
    bundle = yaml.safe_load(world.tree.files["secrets/demo/pulp-ca.configmap.yaml"])["data"]["ca.crt"]
    return Pod(bundle.encode(), leaves)


@pytest.fixture(scope="module")
def pods() -> dict[str, Pod]:
    """The pods of each phase of a rollover, with the Secrets that the demo's spec asks for."""
    needed = build_model(spec()).requirements
    secrets = tuple(one for one in needed.secrets if one.name in WANTED)
    assert len(secrets) == len(WANTED)
    world = World(Requirements(secrets, needed.trust), now=datetime.now(UTC)).init()
    world.ensure(world.admin)
    found = {"steady": pod(world)}
    for phase in ("trust", "issue", "retire"):
        with world.access(world.admin) as access:
            outcome = rollover(world.tree, world.targets[0], "service", phase, access, rolled_out=True)  # type: ignore[arg-type]
        world.tree.apply(outcome.writes)
        found[phase] = pod(world)
    return found


def port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def mount(folder: Path, one: Pod, leaf: str, group: int) -> None:
    """A Secret and the bundle as a pod sees them: root's, readable by the group (mode 0440, ``fsGroup``)."""
    folder.mkdir(exist_ok=True)
    pair = one.leaves[leaf]
    for name, content in (("ca.crt", one.bundle), ("tls.crt", pair.certificate), ("tls.key", pair.key.reveal())):
        path = folder / name
        path.unlink(missing_ok=True)
        path.touch(0o600)
        os.chown(path, 0, group)
        path.write_bytes(content)
        path.chmod(0o440)


class Postgres:
    """A cluster with one role and the compiled ``pg_hba.conf``, of the user ``postgres``."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, port()
        self.user = pwd.getpwnam("postgres")
        folder.chmod(0o755)
        self.data = folder / "data"
        self.data.mkdir()
        os.chown(self.data, self.user.pw_uid, self.user.pw_gid)
        self.tls = folder / "server"
        self._as(str(BIN / "initdb"), "-D", str(self.data), "-U", "postgres", "--auth=peer", "-N")
        # The compiled file lets PostgreSQL's own user in through the socket.
        (folder / "pg_hba.conf").write_text(hba(Site(spec())))
        (folder / "pg_hba.conf").chmod(0o644)
        passfile = folder / "passfile"
        passfile.write_text(f"*:*:*:*:{PASSWORD}\n")
        passfile.chmod(0o600)
        os.chown(passfile, self.user.pw_uid, self.user.pw_gid)

    def _as(self, *command: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=self.data, user="postgres", group="postgres", extra_groups=[], text=True, errors="replace",
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.data), "LC_ALL": "C", **environment},
            capture_output=True, check=check, timeout=60,
        )  # fmt: skip

    def start(self) -> subprocess.CompletedProcess[str]:
        """Start or restart with what is mounted."""
        options = {
            "port": str(self.port), "listen_addresses": "127.0.0.1", "unix_socket_directories": str(self.data),
            "hba_file": str(self.folder / "pg_hba.conf"), "ssl": "on", "ssl_cert_file": str(self.tls / "tls.crt"),
            "ssl_key_file": str(self.tls / "tls.key"), "ssl_ca_file": str(self.tls / "ca.crt"), "fsync": "off",
        }  # fmt: skip
        arguments = " ".join(f"-c {name}={value}" for name, value in options.items())
        log = str(self.data / "log")
        return self._as(
            str(BIN / "pg_ctl"), "-D", str(self.data), "-m", "fast", "-w", "-l", log, "-o", arguments, "restart",
            check=False,
        )  # fmt: skip

    def prepare(self) -> None:
        statements = f"CREATE ROLE pulp LOGIN PASSWORD '{PASSWORD}'; CREATE DATABASE pulp OWNER pulp"
        for statement in statements.split("; "):
            self._as("psql", "-h", str(self.data), "-p", str(self.port), "-qc", statement, "postgres")

    def connect(self, client: Path | None, host: str = "pulp-database-svc", user: str = "pulp") -> str:
        """What a client as Pulp's settings make it gets: ``1``, or the error."""
        tls = f"sslcert={client}/tls.crt sslkey={client}/tls.key sslrootcert={client}/ca.crt" if client else (
            f"sslrootcert={self.tls}/ca.crt")  # fmt: skip
        address = f"host={host} hostaddr=127.0.0.1 port={self.port} dbname=pulp user={user} sslmode=verify-full"
        done = self._as(
            "psql", "-wAtc", "SELECT 1", f"{address} {tls}", check=False, PGPASSFILE=str(self.folder / "passfile")
        )
        return done.stdout.strip() or done.stderr

    def stop(self) -> None:
        self._as(str(BIN / "pg_ctl"), "-D", str(self.data), "-m", "immediate", "stop", check=False)


@pytest.fixture(scope="module")
def postgres(pods: dict[str, Pod]) -> Iterator[Postgres]:
    assert os.geteuid() == 0, "the end-to-end tests need root"
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    server = Postgres(folder)
    try:
        mount(server.tls, pods["steady"], "pulp-database-tls", server.user.pw_gid)
        done = server.start()
        assert done.returncode == 0, done.stdout
        server.prepare()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


def test_neighbouring_phases_reach_postgresql_and_skips_do_not(pods: dict[str, Pod], postgres: Postgres) -> None:
    works = {}
    for client in PHASES:
        mount(postgres.folder / client, pods[client], "pulp-database-client", postgres.user.pw_gid)
    for server in PHASES:
        mount(postgres.tls, pods[server], "pulp-database-tls", postgres.user.pw_gid)
        assert postgres.start().returncode == 0
        for client in PHASES:
            works[server, client] = postgres.connect(postgres.folder / client) == "1"
    expected = {
        (server, client): abs(PHASES.index(server) - PHASES.index(client)) <= 1
        for server in PHASES
        for client in PHASES
    }
    assert works == expected


def test_neighbouring_phases_reach_nginx_and_skips_do_not(pods: dict[str, Pod], tmp_path: Path) -> None:
    ports = {phase: port() for phase in PHASES}
    servers = []
    for phase in PHASES:
        mount(tmp_path / f"server-{phase}", pods[phase], "pulp-web-tls", 0)
        mount(tmp_path / f"client-{phase}", pods[phase], "pulp-database-client", 0)
        tls = tmp_path / f"server-{phase}"
        servers.append(
            f"server {{ listen 127.0.0.1:{ports[phase]} ssl; ssl_certificate {tls}/tls.crt; "
            f"ssl_certificate_key {tls}/tls.key; ssl_client_certificate {tls}/ca.crt; ssl_verify_client on; "
            "location / { return 200 reached; } }"
        )
    configuration = tmp_path / "nginx.conf"
    temporary = " ".join(
        f"{name}_temp_path {tmp_path}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    configuration.write_text(
        f"user root; daemon off; pid {tmp_path}/pid; error_log stderr; worker_processes 1; events {{}}\n"
        f"http {{ access_log off; {temporary} {' '.join(servers)} }}\n"
    )
    works = {}
    with subprocess.Popen(["nginx", "-c", str(configuration)], stderr=subprocess.DEVNULL) as nginx:
        try:
            _wait_for(ports["retire"])
            for server in PHASES:
                for client in PHASES:
                    works[server, client] = _curl(tmp_path / f"client-{client}", ports[server]) == "reached"
            assert _curl(tmp_path / "client-steady", ports["steady"], "another-name") != "reached"
        finally:
            nginx.terminate()
    expected = {
        (server, client): abs(PHASES.index(server) - PHASES.index(client)) <= 1
        for server in PHASES
        for client in PHASES
    }
    assert works == expected


def _curl(client: Path, where: int, name: str = "pulp-web-svc") -> str:
    done = subprocess.run(
        ["curl", "-s", "--cacert", str(client / "ca.crt"), "--cert", str(client / "tls.crt"), "--key",
         str(client / "tls.key"), "--resolve", f"{name}:{where}:127.0.0.1", f"https://{name}:{where}/"],
        capture_output=True, text=True, check=False, timeout=20,
    )  # fmt: skip
    return done.stdout


def _wait_for(where: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", where)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("nginx did not start")


@pytest.fixture
def settled(pods: dict[str, Pod], postgres: Postgres) -> Postgres:
    """The server of the first phase, with its client's files beside it."""
    mount(postgres.tls, pods["steady"], "pulp-database-tls", postgres.user.pw_gid)
    mount(postgres.folder / "client", pods["steady"], "pulp-database-client", postgres.user.pw_gid)
    done = postgres.start()
    assert done.returncode == 0, done.stdout
    return postgres


def test_postgresql_under_another_name_is_refused_by_its_client(settled: Postgres) -> None:
    client = settled.folder / "client"
    for name in ("pulp-database-svc", "pulp-database-svc.site.svc", "pulp-database-svc.site.svc.cluster.local"):
        assert settled.connect(client, name) == "1"
    for name in ("pulp-api-svc", "pulp-database-svc.other.svc", "localhost"):
        assert f'server certificate for "pulp-database-svc" (and 3 other names) does not match host name "{name}"' in (
            settled.connect(client, name)
        )


def test_postgresql_refuses_no_certificate_and_one_of_another_role(settled: Postgres, pods: dict[str, Pod]) -> None:
    assert "connection requires a valid client certificate" in settled.connect(None)
    assert "no pg_hba.conf entry" in settled.connect(settled.folder / "client", user="postgres")
    mount(settled.folder / "other", pods["steady"], "pulp-web-tls", settled.user.pw_gid)
    assert settled.connect(settled.folder / "other") != "1"  # a server's certificate is no client's


def modes() -> list[tuple[str, str, int, bool]]:
    """Owner and group of a key's file, its mode, and whether it is accepted (PostgreSQL manual, 19.9 and 34.19)."""
    return [
        ("root", "postgres", 0o440, True),  # what defaultMode 0440 with fsGroup gives
        ("root", "postgres", 0o640, True),
        ("root", "postgres", 0o444, False),
        ("root", "postgres", 0o644, False),  # what a Secret's volume gives by default
        ("root", "root", 0o440, False),  # without fsGroup nobody can read it
        ("postgres", "postgres", 0o600, True),
        ("postgres", "postgres", 0o400, True),
        ("postgres", "postgres", 0o440, False),
        ("postgres", "postgres", 0o644, False),
    ]


@pytest.mark.parametrize(("owner", "group", "mode", "accepted"), modes())
def test_the_server_reads_its_key_with_our_mode_and_not_with_a_wide_one(
    settled: Postgres, owner: str, group: str, mode: int, accepted: bool
) -> None:
    key = settled.tls / "tls.key"
    shutil.chown(key, owner, group)
    key.chmod(mode)
    assert (settled.start().returncode == 0) is accepted


@pytest.mark.parametrize(("owner", "group", "mode", "accepted"), modes())
def test_the_client_reads_its_key_with_our_mode_and_not_with_a_wide_one(
    settled: Postgres, owner: str, group: str, mode: int, accepted: bool
) -> None:
    key = settled.folder / "client" / "tls.key"
    shutil.chown(key, owner, group)
    key.chmod(mode)
    assert (settled.connect(settled.folder / "client") == "1") is accepted


def test_the_model_mounts_keys_with_the_mode_that_was_tried() -> None:
    seen = 0
    for made in build_model(spec()).model.objects:
        if made["kind"] not in ("Deployment", "StatefulSet", "Job"):
            continue
        template = made["spec"]["template"]["spec"]
        for volume in template["volumes"]:
            if "secret" in volume:
                assert volume["secret"]["defaultMode"] == stat.S_IRUSR | stat.S_IRGRP
                assert template["securityContext"]["fsGroup"] == template["securityContext"]["runAsGroup"]
                seen += 1
    assert seen > 10
