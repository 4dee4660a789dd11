"""A repository in memory with administrators, clusters and a clock of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

import pyrage

from compiler.pulp.requirements import (
    DjangoKey,
    FernetKey,
    Given,
    Leaf,
    Password,
    Requirements,
    SecretRequirement,
    TokenPair,
    TrustBundle,
)
from compiler.secrets import lock, tool
from compiler.secrets.access import Access
from compiler.secrets.check import Finding, check
from compiler.secrets.ensure import ensure
from compiler.secrets.given import set_values
from compiler.secrets.identities import Identities
from compiler.secrets.outcome import Outcome
from compiler.secrets.plaintext import Plaintext, Values
from compiler.secrets.start import initialize
from compiler.secrets.targets import Target
from compiler.secrets.tool import Sops

NOW = datetime(2026, 11, 21, 4, 30, tzinfo=UTC)
NOBODY = Identities([], "none")
DB_KEY = "demo/pulp-db-fields-encryption"


class MemoryTree:
    """Files in memory."""

    def __init__(self, files: Mapping[str, bytes] = {}) -> None:
        self.files = dict(files)

    def read(self, path: str) -> bytes:
        if path not in self.files:
            raise FileNotFoundError(path)
        return self.files[path]

    def is_file(self, path: str) -> bool:
        return path in self.files

    def is_dir(self, path: str) -> bool:
        return path == "" or any(file.startswith(f"{path}/") for file in self.files)

    def listdir(self, path: str) -> list[str]:
        prefix = f"{path}/" if path else ""
        return sorted({file[len(prefix) :].split("/")[0] for file in self.files if file.startswith(prefix)})

    def apply(self, writes: Mapping[str, bytes | None]) -> None:
        for path, content in writes.items():
            if content is None:
                del self.files[path]
            else:
                self.files[path] = content


@dataclass(frozen=True)
class Person:
    """Somebody with an age identity."""

    identity: str
    recipient: str

    def identities(self) -> Identities:
        return Identities([Plaintext(self.identity.encode())], "a test identity")


def person() -> Person:
    """A new one."""
    identity = pyrage.x25519.Identity.generate()
    return Person(str(identity), str(identity.to_public()))


@lru_cache(maxsize=1)
def real_sops() -> Sops:
    """The real sops, asked for its version once."""
    return tool.find(None)


def no_sops() -> Sops:
    """Where sops must not be needed."""
    raise AssertionError("sops was looked for")


def admin_password() -> SecretRequirement:
    return SecretRequirement("pulp-admin-password", "pulp", (Password("password"),), consumers=("Job/pulp-admin",))


def fields_key() -> SecretRequirement:
    return SecretRequirement("pulp-db-fields-encryption", "pulp", (FernetKey("database_fields.symmetric.key"),))


def api_tls(*names: str) -> SecretRequirement:
    leaf = Leaf("server", "pulp-api-svc", names or ("pulp-api-svc", "pulp-api-svc.pulp.svc"))
    return SecretRequirement("pulp-api-tls", "pulp", (leaf,), type="kubernetes.io/tls", labels={"app": "pulp"})


def s3() -> SecretRequirement:
    return SecretRequirement("pulp-s3", "pulp", (Given({"s3-access-key-id": "id", "s3-secret-access-key": "key"}),))


def everything() -> Requirements:
    """One Secret of each kind, and the bundle."""
    return Requirements(
        (
            admin_password(),
            SecretRequirement("pulp-secret-key", "pulp", (DjangoKey("secret_key"),)),
            fields_key(),
            SecretRequirement("pulp-container-auth", "pulp", (TokenPair("private.pem", "public.pem"),)),
            api_tls(),
            SecretRequirement("pulp-web-client", "pulp", (Leaf("client", "pulp-web", (), "upstream"),)),
            SecretRequirement("pulp-db-password", "pulp", (Given({"password": "of the database"}),)),
            s3(),
        ),
        (TrustBundle("pulp-ca", "pulp", {"ca.crt": "service", "upstream-ca.crt": "upstream"}),),
    )


@dataclass
class World:
    """A repository with one overlay, its administrator and its cluster."""

    requirements: Requirements
    backend: str = "sops"
    overlay: str = "demo"
    admin: Person = field(default_factory=person)
    cluster: Person = field(default_factory=person)
    now: datetime = NOW
    tree: MemoryTree = field(default_factory=MemoryTree)
    sops: Path | None = None

    @property
    def targets(self) -> tuple[Target, ...]:
        return (Target(self.overlay, self.requirements, self.backend),)  # type: ignore[arg-type]

    def access(self, who: Person | None, *, sops: bool = True) -> Access:
        identities = who.identities() if who else NOBODY
        find = (lambda: Sops(self.sops) if self.sops else real_sops()) if sops else no_sops
        return Access(find, lambda: identities, self.now)

    def init(self, certificates: Mapping[str, bytes] = {}) -> World:
        with self.access(None) as access:
            writes = initialize(
                self.tree,
                access,
                administrators=[self.admin.recipient],
                clusters={self.overlay: [self.cluster.recipient]},
                certificates=certificates,
            )
        self.tree.apply(writes)
        return self

    def ensure(self, who: Person | None = None, *, sops: bool = True, prune: bool = False) -> Outcome:
        with self.access(who, sops=sops) as access:
            outcome = ensure(self.tree, self.targets, access, prune=prune)
        self.tree.apply(outcome.writes)
        return outcome

    def give(self, name: str, values: Mapping[str, bytes], who: Person | None = None) -> Outcome:
        wrapped = {key: Plaintext(value) for key, value in values.items()}
        with self.access(who) as access:
            outcome = set_values(self.tree, self.targets, f"{self.overlay}/{name}", wrapped, access)
        self.tree.apply(outcome.writes)
        return outcome

    def check(self, who: Person | None = None) -> list[Finding]:
        with self.access(who, sops=who is not None) as access:
            return check(self.tree, self.targets, access, open_everything=who is not None)

    def lock(self) -> lock.Lock:
        return lock.read(self.tree)

    def want(self, *secrets: SecretRequirement) -> None:
        """Want these Secrets from now on, and the bundle as before."""
        self.requirements = replace(self.requirements, secrets=secrets)

    def later(self, **duration: float) -> None:
        self.now += timedelta(**duration)


def values(world: World, secret: str) -> Values:
    """What the vault holds, opened by the administrator."""
    with world.access(world.admin) as access:
        return access.open(world.tree, world.lock(), secret, "the test looks")


def copy(world: World) -> World:
    """The same world with a tree of its own, to be changed."""
    return replace(world, tree=MemoryTree(world.tree.files))


def small(*secrets: SecretRequirement) -> World:
    """A world that wants only ``secrets``."""
    return World(Requirements(secrets)).init()


def actions(outcome: Outcome) -> dict[str, str]:
    """Action by Secret name."""
    return {step.secret.rpartition("/")[2]: step.action for step in outcome.steps}


def sealed_files(world: World, folders: Sequence[str] = ("vault", "ca", "demo")) -> list[str]:
    """Every sealed file of the world."""
    return sorted(
        path
        for path in world.tree.files
        if path.endswith(".sops.yaml") and path.split("/")[1:2] in [[one] for one in folders]
    )
