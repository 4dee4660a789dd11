"""A centre as ``overlays/prod`` has it, with stand-ins at the addresses that it names."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.e2e import installation, outside
from tests.e2e.installation import UPSTREAM, Installation
from tests.e2e.outside import Authority, Service
from tests.e2e.podrunner.client import Runner
from tests.e2e.site import Site, make

HOST = "pulp.example.com"
BUCKET, REGION = "pulp-prod", "eu-west-1"
"""As ``overlays/prod`` has them."""

Prepare = Callable[[Site, Authority], None]


@dataclass
class Centre:
    """A running centre and what it needs.

    Args:
        pulp: the installation.
        authority: of everything outside.
        database: its PostgreSQL.
        cache: its Redis.
        ingress: its Ingress controller.
        bucket: its S3.
        folder: for files of tests.
    """

    pulp: Installation
    authority: Authority
    database: Service
    cache: Service
    ingress: Service
    bucket: Service
    folder: Path
    started: list[Service] = field(default_factory=list)

    def deploy(self, overlays: Sequence[str], timeout: float = 400) -> float:
        """Apply these overlays and wait; seconds until everything was ready."""
        begun = time.monotonic()
        self.pulp.runner.apply("---\n".join(installation.render(self.pulp.site, name) for name in overlays))
        self.pulp.runner.wait(timeout)
        return time.monotonic() - begun

    def download(self, url: str) -> bytes:
        """A published file, from the bucket that the centre sends its clients to."""
        answer = self.pulp.request("GET", url, user=None)
        assert answer.status == 302, (answer.status, answer.body)
        location = answer.headers["location"]
        host = str(urlsplit(location).hostname)
        assert host == f"{BUCKET}.s3.{REGION}.amazonaws.com"
        found = replace(self.pulp, host=host, address=self.bucket.host.address).request("GET", location, user=None)
        assert found.status == 200, found.body
        return found.body

    def close(self) -> None:
        """End everything."""
        for service in self.started:
            service.stop()
        self.pulp.runner.down(grace=0)


def start(folder: Path, spec: Mapping[str, Any], prepare: Prepare | None = None) -> Centre:
    """Clone, give secrets, start the stand-ins, then the centre, and wait until it is ready.

    Args:
        folder: for everything; readable by the stand-ins' users.
        spec: what is changed in the clone's ``overlays/prod/pulp.yaml``, besides the CAs.
        prepare: changes of the clone before it is compiled.
    """
    folder.chmod(0o755)
    authority = Authority(folder)
    words = {name: secrets.token_urlsafe(18) for name in ("database", "cache", "s3")}
    site = make(folder)
    external = {"external": {"ca": authority.pem}}
    trusted = {"database": external, "cache": external, "storage": {"s3": {"ca": authority.pem}}}
    outside.merge(site.root / "overlays/prod/pulp.yaml", {**trusted, **spec})
    if prepare:
        prepare(site, authority)
    site.compiler("generate")
    site.give("prod/pulp-postgres-configuration", password=words["database"])
    site.give("prod/pulp-redis-configuration", password=words["cache"])
    site.give("prod/pulp-s3", s3_access_key_id="pulp", s3_secret_access_key=words["s3"])
    site.compiler("secrets", "ensure", "--identity", str(site.identity))
    site.compiler("generate")
    files = folder / "upstream"
    files.mkdir()
    runner = Runner.start(folder / "state")
    started: list[Service] = []
    try:
        client = runner.stand_in("client", "192.0.2.1")
        upstream = runner.stand_in("upstream", UPSTREAM, names=["upstream.example.com"])
        runner.start_in("upstream", ["python3", "-m", "http.server", "80", "--directory", str(files)])
        database = outside.postgres(runner, authority, folder, "db.example.com", words["database"])
        cache = outside.redis(runner, authority, folder, "redis.example.com", words["cache"])
        ingress = outside.ingress(runner, authority, folder, "ingress", {HOST: "pulp"})
        bucket = outside.s3(runner, authority, folder, BUCKET, REGION)
        for service in (database, cache, ingress, bucket):
            service.start()
            started.append(service)
        outside.make_bucket(bucket, authority, BUCKET, REGION)
        password = site.secrets("prod")["pulp-admin-password"]["password"].decode().rstrip("\n")
        where = {"host": HOST, "port": 443, "address": ingress.host.address}
        pulp = Installation(site, runner, client, upstream, files, authority.file, password, **where)
        made = Centre(pulp, authority, database, cache, ingress, bucket, folder, started)
        pulp.seconds = made.deploy(["prod"])
    except BaseException:
        for service in started:
            service.stop()
        runner.down(grace=0)
        raise
    return made
