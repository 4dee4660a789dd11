"""Item 3: the demo is closed to whoever should not be there."""

from __future__ import annotations

import json
import os
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.e2e.installation import NAMESPACE, UPSTREAM, Installation
from tests.e2e.podrunner.network import inside

pytestmark = pytest.mark.e2e

PORTS = {"api": 24817, "content": 24816, "database": 5432, "cache": 6379, "web": 8443}
COMPONENTS = (*PORTS, "worker")
ALLOWED = {
    ("web", "api"),
    ("web", "content"),
    *((source, target) for source in ("api", "content", "worker") for target in ("database", "cache")),
}
OUTWARD = {"content", "worker"}  # on-demand downloads and syncs

_KNOCK = """
import json, socket, sys, threading
open_ = []
def knock(name, address, port):
    try:
        socket.create_connection((address, port), 2).close()
        open_.append(name)
    except OSError:
        pass
threads = [threading.Thread(target=knock, args=item) for item in json.loads(sys.argv[1])]
[thread.start() for thread in threads]; [thread.join() for thread in threads]
print(json.dumps(sorted(open_)))
"""


def targets(demo: Installation) -> list[tuple[str, str, int]]:
    return [(name, demo.pod(name)["address"], port) for name, port in PORTS.items()]


def run(demo: Installation, component: str, *argv: str) -> str:
    code, output = demo.runner.exec(demo.pod(component)["name"], argv, namespace=NAMESPACE, timeout=120)
    assert code == 0, output
    return output


def test_every_pair_of_pods_reaches_what_the_policies_allow_and_nothing_else(demo: Installation) -> None:
    everyone = [*targets(demo), ("outside", UPSTREAM, 80)]
    found = {
        (source, target)
        for source in COMPONENTS
        for target in json.loads(run(demo, source, "python3", "-c", _KNOCK, json.dumps(everyone)))
        if source != target
    }
    assert found == ALLOWED | {(source, "outside") for source in OUTWARD}


@pytest.mark.parametrize("namespace", [None, "other"])
def test_a_stranger_reaches_the_proxy_alone(demo: Installation, namespace: str | None) -> None:
    address = None if namespace else "192.0.2.66"
    stranger = demo.runner.stand_in(f"stranger-{namespace}", address, namespace=namespace)
    found = set()
    for name, target, port in targets(demo):
        try:
            knock(stranger.prefix[1].removeprefix("--net="), target, port, 2).close()
            found.add(name)
        except OSError:
            continue
    assert found == {"web"}


def knock(network: str, address: str, port: int, timeout: float = 10) -> socket.socket:
    """A connection from a network namespace by its path."""
    fd = os.open(network, os.O_RDONLY)
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


def leaves(demo: Installation, folder: Path) -> dict[str, tuple[x509.Certificate, Path, Path]]:
    """Every certificate of the demo with the files of itself and its key."""
    found = {}
    for name, data in demo.site.secrets("demo").items():
        if "tls.crt" in data:
            paths = (folder / f"{name}.crt", folder / f"{name}.key")
            for path, key in zip(paths, ("tls.crt", "tls.key"), strict=True):
                path.write_bytes(data[key])
            found[name] = (x509.load_pem_x509_certificate(data["tls.crt"]), *paths)
    return found


def is_client_of(certificate: x509.Certificate, authority: str) -> bool:
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    (issuer,) = certificate.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
    return ExtendedKeyUsageOID.CLIENT_AUTH in usage and authority in str(issuer.value)


@pytest.mark.parametrize(
    ("component", "authority", "greeting", "answer"),
    [
        ("api", "upstream", b"GET /pulp/api/v3/livez/ HTTP/1.0\r\nHost: pulp-api-svc\r\n\r\n", b"HTTP/1"),
        ("content", "upstream", b"GET /pulp/content/ HTTP/1.0\r\nHost: pulp-content-svc\r\n\r\n", b"HTTP/1"),
        ("cache", "service", b"PING\r\n", b"-NOAUTH"),
    ],
)
def test_servers_take_the_clients_of_their_authority_and_no_other_certificate(
    demo: Installation, tmp_path: Path, component: str, authority: str, greeting: bytes, answer: bytes
) -> None:
    known = leaves(demo, tmp_path)
    expected = {name for name, (certificate, _, _) in known.items() if is_client_of(certificate, authority)}
    assert expected
    assert len(expected) < len(known)
    # From the node, which policies let pass: only TLS stands between it and the server.
    network = demo.runner.node[1].removeprefix("--net=")
    address = demo.pod(component)["address"]
    accepted = set()
    for name, pair in {**{name: item[1:] for name, item in known.items()}, "": None}.items():
        context = ssl.create_default_context(cafile=str(demo.ca))
        context.check_hostname = False  # it is the client that is tried here
        if pair:
            context.load_cert_chain(*pair)
        try:
            with context.wrap_socket(knock(network, address, PORTS[component])) as connection:
                connection.sendall(greeting)
                if connection.recv(100).startswith(answer):
                    accepted.add(name)
        except OSError:
            continue
    assert accepted == expected


_DATABASE = """
import json, sys, psycopg
base = "/etc/pulp/secrets/"
good = {
    "host": "pulp-database-svc", "user": "pulp", "dbname": "pulp", "sslmode": "verify-full",
    "sslrootcert": "/etc/pulp/ca/ca.crt", "sslcert": base + "database-client/tls.crt",
    "sslkey": base + "database-client/tls.key",
    "password": open(base + "postgres-configuration/password").read().rstrip(),
}
redis = {"sslcert": base + "redis-client/tls.crt", "sslkey": base + "redis-client/tls.key"}
tries = {
    "good": {}, "no certificate": {"sslcert": "/none", "sslkey": "/none"}, "other certificate": redis,
    "no TLS": {"sslmode": "disable"}, "wrong password": {"password": "wrong"}, "no password": {"password": ""},
    "other user": {"user": "postgres"}, "other database": {"dbname": "postgres"},
}
result = {}
for name, change in tries.items():
    try:
        psycopg.connect(**{**good, **change}, connect_timeout=10).close()
        result[name] = "accepted"
    except psycopg.OperationalError as error:
        result[name] = "refused"
print(json.dumps(result))
"""


def test_the_database_wants_certificate_password_and_role_together(demo: Installation) -> None:
    result = json.loads(run(demo, "api", "python3", "-c", _DATABASE))
    assert result.pop("good") == "accepted"
    assert set(result.values()) == {"refused"}, result


def writable_mounts(demo: Installation, component: str) -> set[str]:
    """Where the rendering mounts empty folders and claims into a component's container."""
    for item in demo.site.objects("demo"):
        spec: dict[str, Any] = item["spec"] if item["kind"] in ("Deployment", "StatefulSet") else {}
        labels = spec.get("template", {}).get("metadata", {}).get("labels", {})
        if labels.get("app.kubernetes.io/component") == component:
            pod = spec["template"]["spec"]
            free = {volume["name"] for volume in pod["volumes"] if {"emptyDir", "persistentVolumeClaim"} & set(volume)}
            free |= {claim["metadata"]["name"] for claim in spec.get("volumeClaimTemplates") or ()}
            mounts = pod["containers"][0]["volumeMounts"]
            return {mount["mountPath"] for mount in mounts if mount["name"] in free and not mount.get("readOnly")}
    raise AssertionError(component)


@pytest.mark.parametrize("component", COMPONENTS)
def test_nothing_is_writable_that_should_not_be(demo: Installation, component: str) -> None:
    expected = {path.replace("/var/run/", "/run/") for path in writable_mounts(demo, component)}
    script = "while read -r _ path _; do if [ -w $path ] && [ -d $path ]; then echo $path; fi; done < /proc/mounts"
    found = set(run(demo, component, "sh", "-c", script).split())
    assert found - {"/dev/shm"} == expected
    everywhere = run(demo, component, "sh", "-c", "find / -xdev -writable ! -type l 2>/dev/null; true").split()
    assert set(everywhere) <= expected | {"/dev/shm"}, "the root file system is read-only"


@pytest.mark.parametrize("component", COMPONENTS)
def test_processes_have_no_rights_and_no_token(demo: Installation, component: str) -> None:
    lines = dict(
        line.split(":\t", 1) for line in run(demo, component, "cat", "/proc/1/status").splitlines() if ":\t" in line
    )
    assert lines["NoNewPrivs"] == "1"
    assert {int(lines[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
    assert "0" not in lines["Uid"].split()
    assert "0" not in lines["Gid"].split()
    assert run(demo, component, "sh", "-c", "ls /var/run/secrets/kubernetes.io 2>&1 || true").count("No such file") == 1


def test_no_secret_stands_in_an_environment_an_argument_list_or_a_log(demo: Installation) -> None:
    values: dict[bytes, str] = {}
    for name, data in demo.site.secrets("demo").items():
        for key, value in data.items():
            lines = value.splitlines()
            if key.endswith(".crt") or "public" in key:
                continue
            for line in lines if len(lines) == 1 else lines[1:-1]:
                if len(line) >= 16:
                    values[line] = f"{name}/{key}"
    assert len(values) > 10
    leaks = set()
    for process in Path("/proc").glob("[0-9]*"):
        for part in ("environ", "cmdline"):
            try:
                text = (process / part).read_bytes()
            except OSError:
                continue  # it has ended
            leaks |= {(part, values[value]) for value in values if value in text}
    for pod in demo.runner.status()["pods"]:
        text = demo.runner.logs(pod["name"], namespace=pod["namespace"]).encode()
        leaks |= {("log of " + pod["name"], values[value]) for value in values if value in text}
    assert leaks == set()
