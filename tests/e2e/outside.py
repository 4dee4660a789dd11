"""What production finds outside of its namespace, on hosts that are no pods: PostgreSQL, Redis, S3, Ingress controller.

Every one has the name that the overlays give it and a certificate of one authority, whose CA goes into the specs.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.e2e.podrunner.client import Host, Runner
from tests.e2e.podrunner.images import CACHE
from tests.e2e.waiting import until

POSTGRES = "/usr/lib/postgresql/15/bin"
DNS = "10.96.0.10"


class Authority:
    """A CA that the tests alone know.

    Args:
        folder: where it keeps its certificate and what it issues.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "outside")])
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        made = _builder(self._name, self._name, self._key.public_key()).add_extension(constraints, critical=True)
        self._own = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), False).sign(
            self._key, hashes.SHA256()
        )
        self.pem = self._own.public_bytes(serialization.Encoding.PEM).decode()
        self.file = folder / "outside-ca.crt"
        self.file.write_text(self.pem)

    def issue(self, *names: str) -> tuple[Path, Path]:
        """A server's certificate and key for host names, as files that anyone may read."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        made = (
            _builder(subject, self._name, key.public_key())
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
            .add_extension(identifier, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        certificate, private = self.folder / f"{names[0]}.crt", self.folder / f"{names[0]}.key"
        certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return certificate, private


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
    )


class Service:
    """A program on a host of its own that can stop and start again.

    Args:
        host: where it runs.
        command: its command line; it stays in the foreground.
        user: who it runs as.
        port: it is up when this one accepts.
        log: its output.
    """

    def __init__(self, host: Host, command: Sequence[str], user: str, port: int, log: Path) -> None:
        self.host, self.command, self.user, self.port, self.log = host, command, user, port, log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it accepts connections."""
        drop = ("setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--init-groups", "--pdeathsig=KILL")
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self.host.prefix, *drop, *self.command], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        assert until(self._accepts, 120), self.log.read_text()

    def stop(self) -> None:
        """Stop it at once and wait for its end."""
        if self._process:
            self._process.send_signal(2 if "postgres" in self.command[0] else 15)  # INT: PostgreSQL's fast shutdown
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def _accepts(self) -> bool:
        assert self._process
        assert self._process.poll() is None, self.log.read_text()
        probe = f"exec 3<>/dev/tcp/{self.host.address}/{self.port}"
        return not subprocess.run([*self.host.prefix, "bash", "-c", probe], capture_output=True, check=False).returncode


def postgres(runner: Runner, authority: Authority, folder: Path, name: str, password: str) -> Service:
    """PostgreSQL on host ``name`` with TLS and nothing else: database pulp of role pulp, password by SCRAM."""
    data = folder / "postgres"
    data.mkdir()
    certificate, key = (Path(shutil.copy(item, data)) for item in authority.issue(name))
    key.chmod(0o600)
    for item in (data, certificate, key):
        shutil.chown(item, "postgres", "postgres")
    cluster = data / "data"
    as_postgres = ("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups")
    subprocess.run(
        [*as_postgres, f"{POSTGRES}/initdb", "-D", str(cluster), "-U", "postgres", "--auth=peer", "-N", "-E", "UTF8"],
        check=True,
        capture_output=True,
    )
    (cluster / "pg_hba.conf").write_text("hostssl pulp pulp all scram-sha-256\n")
    statements = f"CREATE ROLE pulp LOGIN PASSWORD '{password}';\nCREATE DATABASE pulp OWNER pulp;\n"
    subprocess.run(
        [*as_postgres, f"{POSTGRES}/postgres", "--single", "-D", str(cluster), "postgres"],
        input=statements.encode(),
        check=True,
        capture_output=True,
    )
    host = runner.stand_in("database", "192.0.2.32", names=[name])
    settings = {
        "listen_addresses": host.address, "unix_socket_directories": "", "fsync": "off", "ssl": "on",
        "ssl_cert_file": str(certificate), "ssl_key_file": str(key), "max_connections": "200",
    }  # fmt: skip
    options = [part for item in settings.items() for part in ("-c", "=".join(item))]
    command = [f"{POSTGRES}/postgres", "-D", str(cluster), *options]
    return Service(host, command, "postgres", 5432, folder / "postgres.log")


def redis(runner: Runner, authority: Authority, folder: Path, name: str, password: str) -> Service:
    """Redis on host ``name`` with TLS, a password of the default user and no client certificates."""
    certificate, key = authority.issue(name)
    config = folder / "redis.conf"
    host = runner.stand_in("cache", "192.0.2.63", names=[name])
    config.write_text(
        f"bind {host.address}\nport 0\ntls-port 6379\ntls-cert-file {certificate}\ntls-key-file {key}\n"
        f'tls-auth-clients no\nrequirepass {password}\nsave ""\n'
    )
    return Service(host, ["redis-server", str(config)], "www-data", 6379, folder / "redis.log")


def s3(runner: Runner, authority: Authority, folder: Path, bucket: str, region: str) -> Service:
    """An S3 server (moto; it keeps objects in memory and checks no key) at the addresses that AWS gives a bucket."""
    names = [f"{bucket}.s3.{region}.amazonaws.com", f"{bucket}.s3.amazonaws.com", f"s3.{region}.amazonaws.com"]
    certificate, key = authority.issue(*names)
    host = runner.stand_in("s3", "192.0.2.83", names=names)
    command = [
        str(CACHE / "s3/bin/moto_server"),
        "-H",
        host.address,
        "-p",
        "443",
        "-c",
        str(certificate),
        "-k",
        str(key),
    ]
    return Service(host, command, "root", 443, folder / "s3.log")


def make_bucket(service: Service, authority: Authority, bucket: str, region: str) -> None:
    """The bucket, on a server that runs."""
    name = f"s3.{region}.amazonaws.com"
    body = f"<CreateBucketConfiguration><LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"
    where = ["--resolve", f"{name}:443:{service.host.address}", "--cacert", str(authority.file)]
    send = ["-X", "PUT", "-H", "Content-Type: application/xml", "--data-binary", body]
    curl = ["curl", "--silent", "--show-error", "--fail-with-body", *send, *where, f"https://{name}/{bucket}"]
    made = subprocess.run([*service.host.prefix, *curl], check=False, capture_output=True, text=True)
    assert made.returncode == 0, made.stdout + made.stderr


def ingress(runner: Runner, authority: Authority, folder: Path, name: str, hosts: Mapping[str, str]) -> Service:
    """An Ingress controller as ``ingress-nginx`` is configured by our Ingress objects: TLS here, HTTPS to web.

    Args:
        runner: it gets a pod's address in the namespace ``ingress-nginx``.
        authority: of its certificate.
        folder: for its files.
        name: of the stand-in.
        hosts: host name to the namespace of its ``pulp-web-svc``.
    """
    certificate, key = authority.issue(*hosts)
    space = "ingress-nginx"
    label = {"kubernetes.io/metadata.name": space}
    host = runner.stand_in(name, None, names=list(hosts), namespace=space, namespace_labels=label)
    temporary = folder / f"{name}-tmp"
    temporary.mkdir()
    servers = "".join(
        f"""
    server {{
        listen {host.address}:443 ssl;
        server_name {public};
        client_max_body_size 0;
        location / {{
            set $backend pulp-web-svc.{namespace}.svc.cluster.local;
            proxy_pass https://$backend:24880;
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto https;
            proxy_request_buffering off;
            proxy_read_timeout 300s;
        }}
    }}"""
        for public, namespace in hosts.items()
    )
    places = "".join(
        f"    {kind}_temp_path {temporary};\n" for kind in ("client_body", "proxy", "fastcgi", "scgi", "uwsgi")
    )
    config = folder / f"{name}.conf"
    config.write_text(
        f"daemon off;\nuser root;\npid {temporary}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n{places}"
        f"    access_log off;\n    resolver {DNS} valid=2s ipv6=off;\n"
        f"    ssl_certificate {certificate};\n    ssl_certificate_key {key};\n{servers}\n}}\n"
    )
    return Service(host, ["nginx", "-c", str(config)], "root", 443, folder / f"{name}.log")


def merge(path: Path, values: Mapping[str, object]) -> None:
    """Change keys of a spec; ``None`` removes one, a mapping goes into the mapping that is there."""

    def into(old: dict[str, object], new: Mapping[str, object]) -> None:
        for key, value in new.items():
            below = old.get(key)
            if value is None:
                old.pop(key, None)
            elif isinstance(value, Mapping) and isinstance(below, dict):
                into(below, value)
            else:
                old[key] = value

    spec = yaml.safe_load(path.read_text())
    into(spec, values)
    path.write_text(yaml.safe_dump(spec, sort_keys=False))
