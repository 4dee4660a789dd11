"""Renewed certificates reach the running PostgreSQL and Redis through ``reload.sh``; open connections stay open."""

from __future__ import annotations

import shutil
import socket
import ssl
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from compiler.pulp.scripts import text
from tests.e2e.outside import POSTGRES, Authority
from tests.e2e.waiting import until

pytestmark = pytest.mark.e2e

_SSL_REQUEST = struct.pack("!ii", 8, 80877103)  # PostgreSQL manual, 54.7: Message Formats


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user may enter, with the certificates of a first authority in ``tls``."""
    with tempfile.TemporaryDirectory(prefix="reload-") as name:
        made = Path(name)
        made.chmod(0o755)
        yield made


def issue(folder: Path, owner: str) -> str:
    """Certificate, key and bundle of a new authority, in the place of what was there; the bundle."""
    fresh = folder / "fresh"
    fresh.mkdir()
    authority = Authority(fresh)
    certificate, key = authority.issue("server")
    for source, name in ((certificate, "tls.crt"), (key, "tls.key"), (authority.file, "ca.crt")):
        shutil.chown(source, owner, owner)
        source.chmod(0o400)
        source.replace(folder / name)
    shutil.rmtree(fresh)
    return authority.pem


@contextmanager
def running(user: str, *command: str) -> Iterator[subprocess.Popen[str]]:
    prefix = ("setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--pdeathsig=KILL")
    with subprocess.Popen(
        [*prefix, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as made:
        try:
            yield made
        finally:
            made.kill()


def reloader(folder: Path, server: str) -> list[str]:
    script = text("reload.sh").replace("sleep 10", "sleep 0.2")
    script = script.replace("/run/redis", str(folder)).replace("/var/run/postgresql", str(folder))
    path = f"PATH={POSTGRES}:/usr/bin:/bin"
    return ["env", path, "sh", "-c", script, "sh", server, *(str(folder / n) for n in ("tls.crt", "tls.key", "ca.crt"))]


def connect(port: int, bundle: str, hello: bytes = b"") -> ssl.SSLSocket:
    """A TLS connection to a server whose certificate is of ``bundle``; OSError when it is not, or nobody answers."""
    context = ssl.create_default_context(cadata=bundle)
    plain = socket.create_connection(("127.0.0.1", port), timeout=5)
    try:
        if hello:
            plain.sendall(hello)
            assert plain.recv(1) == b"S"
        return context.wrap_socket(plain, server_hostname="server")
    except OSError:
        plain.close()
        raise


def trusted(port: int, bundle: str, hello: bytes = b"") -> bool:
    try:
        connect(port, bundle, hello).close()
    except OSError:
        return False
    return True


def ping(connection: ssl.SSLSocket) -> bytes:
    connection.sendall(b"PING\r\n")
    return connection.recv(100)


def test_redis(folder: Path) -> None:
    user, port = "www-data", free_port()
    shutil.chown(folder, user)
    first = issue(folder, user)
    (folder / "password").write_text("x\n")
    script = text("acl.sh").replace("/run/redis", str(folder))
    script = script.replace("/etc/pulp/secrets/redis-configuration", str(folder))
    subprocess.run(["setpriv", f"--reuid={user}", "--clear-groups", "sh", "-c", script], check=True)
    options = {
        "port": "0", "tls-port": str(port), "bind": "127.0.0.1", "tls-cert-file": str(folder / "tls.crt"),
        "tls-key-file": str(folder / "tls.key"), "tls-ca-cert-file": str(folder / "ca.crt"), "tls-auth-clients": "no",
        "aclfile": str(folder / "users.acl"), "unixsocket": str(folder / "redis.sock"), "dir": str(folder), "save": "",
    }  # fmt: skip
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    with running(user, "redis-server", *arguments), running(user, *reloader(folder, "redis")) as beside:
        assert until(lambda: trusted(port, first))
        with connect(port, first) as old:
            second = issue(folder, user)
            assert until(lambda: trusted(port, second)), "the new certificate is served"
            assert not trusted(port, first)
            assert ping(old).startswith(b"-NOAUTH"), "the open connection is as it was"
        beside.terminate()
        assert beside.wait(5) == 0


def test_postgresql(folder: Path) -> None:
    user, port = "postgres", free_port()
    shutil.chown(folder, user)
    first = issue(folder, user)
    as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"]
    initdb = [f"{POSTGRES}/initdb", "-D", str(folder / "data"), "-U", user, "--auth=peer", "-N"]
    subprocess.run([*as_user, *initdb], check=True, capture_output=True)
    options = {
        "listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": str(folder), "ssl": "on",
        "ssl_cert_file": str(folder / "tls.crt"), "ssl_key_file": str(folder / "tls.key"),
        "ssl_ca_file": str(folder / "ca.crt"), "fsync": "off",
    }  # fmt: skip
    arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    # The socket's name holds the port, and the client beside it knows no other than the default.
    beside = ["env", f"PGPORT={port}", *reloader(folder, "postgres")]
    with running(user, f"{POSTGRES}/postgres", "-D", str(folder / "data"), *arguments), running(user, *beside):
        assert until(lambda: trusted(port, first, _SSL_REQUEST), 30)
        second = issue(folder, user)
        assert until(lambda: trusted(port, second, _SSL_REQUEST)), "the new certificate is served"
        assert not trusted(port, first, _SSL_REQUEST)
