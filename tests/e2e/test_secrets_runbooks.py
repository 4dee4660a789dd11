"""Each page of ``docs/runbooks/`` does what it says: its commands are run as written, in a repository of their own."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from compiler.kustomize import DirTree
from compiler.secrets import generations, lock
from tests.secrets.support import Person, person, real_sops
from tests.secrets.test_authority import root_ca
from tests.secrets.test_commands import BASE, DEMO, PROD
from tests.secrets.test_sealedsecrets import controller

pytestmark = pytest.mark.e2e  # for its length, and for age-keygen

PAGES = Path(__file__).resolve().parents[2] / "docs/runbooks"


def blocks(page: str) -> list[str]:
    """The blocks of shell on a page."""
    found = re.findall(r"^```sh\n(.*?)^```$", (PAGES / page).read_text(), re.MULTILINE | re.DOTALL)
    assert found
    return found


@dataclass
class Site:
    """A repository with secrets in it, the shell that commands are run in, and the people around it."""

    folder: Path
    admin: Person
    second: Person
    cluster: Person
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        return self.folder / "repository"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": f"{Path(sys.executable).parent}:{real_sops().path.parent}:/usr/bin:/bin:/usr/sbin",
            "HOME": str(self.folder / "home"),
            "PYTHONPATH": str(PAGES.parents[1]),  # the compiler of this checkout
            "GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@example.com",
            "GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@example.com",
            **self.variables,
        }  # fmt: skip

    def run(self, script: str) -> str:
        """Run lines of shell; the first command that fails ends them."""
        done = subprocess.run(
            ["sh", "-eux"], input=script, cwd=self.root, env=self.environment, text=True,
            capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout + done.stderr

    def page(self, name: str) -> str:
        """Run every block of a page, in order, in one shell; then everything must hold and be committed."""
        said = self.run("\n".join(blocks(name)))
        assert self.run("git status --porcelain") == "+ git status --porcelain\n"
        self.run("compiler generate --check; compiler check overlays/demo; compiler secrets guard")
        assert not list((self.folder / "safe").glob("fields.key"))
        return said

    def lock(self) -> lock.Lock:
        return lock.read(DirTree(self.root))

    def generations(self, overlay: str = "demo") -> dict[str, int]:
        return dict(generations(DirTree(self.root), overlay))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The repository that each page begins with: demo with sops, prod with sealed-secrets, two administrators."""
    folder = tmp_path_factory.mktemp("runbooks")
    site = Site(folder, person(), person(), person())
    files = {
        ".compiler.yaml": "version: 0.1.0\n",
        "base/pulp/pulp.yaml": BASE.replace("[file]", "[file, container]"),
        "overlays/demo/pulp.yaml": DEMO.replace("node_port: {}", "node_port: {port: 30443}"),
        "overlays/prod/pulp.yaml": PROD,
    }
    for path, content in files.items():
        (site.root / path).parent.mkdir(parents=True, exist_ok=True)
        (site.root / path).write_text(content)
    configuration = folder / "home/.config/compiler"
    configuration.mkdir(parents=True)
    (configuration / "identity.txt").write_text(site.admin.identity + "\n")
    (configuration / "identity.txt").chmod(0o600)
    (folder / "cluster.agekey").write_text(site.cluster.identity + "\n")
    (folder / "safe").mkdir()
    for name in ("first", "second"):
        start = datetime.now(UTC) - timedelta(days=1)
        (folder / f"{name}.pem").write_bytes(controller(rsa.generate_private_key(65537, 2048), start))
    site.run(
        f"""
        git init -q -b main
        compiler secrets init --age-recipient {site.admin.recipient} --age-recipient {site.second.recipient} \
          --cluster demo={site.cluster.recipient} --cert prod={folder}/first.pem
        compiler secrets ensure
        for id in prod/pulp-postgres-configuration prod/pulp-redis-configuration; do
          printf 'given' | compiler secrets set $id --stdin
        done
        for key in s3-access-key-id s3-secret-access-key; do
          printf 'given' | compiler secrets set prod/pulp-s3 --key $key --stdin
        done
        compiler generate
        git add -A
        git commit -qm begin
        """
    )
    return site


@pytest.fixture
def site(template: Site, tmp_path: Path) -> Site:
    folder = tmp_path / "site"
    shutil.copytree(template.folder, folder)
    safe = folder / "safe"
    variables = {"SAFE_PLACE": str(safe), "CONTROLLER_CERTIFICATE": str(folder / "second.pem")}
    return Site(folder, template.admin, template.second, template.cluster, variables)


@pytest.fixture
def scaffolded(tmp_path: Path) -> Site:
    """A repository as `compiler init` writes it."""
    site = Site(tmp_path, person(), person(), person())
    site.variables["S"] = str(site.root)
    (tmp_path / "home").mkdir()
    subprocess.run(
        ["sh", "-eux"], input=INIT, cwd=tmp_path, env=site.environment, text=True, capture_output=True, check=True
    )  # fmt: skip
    return site


INIT = """
compiler init "$S" --name pulp --host pulp.example.com --delivery flux --repo https://git.example.com/acme/pulp.git
cd "$S"
for key in s3-access-key-id s3-secret-access-key; do
  printf 'given' | compiler secrets set prod/pulp-s3 --key $key --stdin
done
for id in postgres redis; do printf 'given' | compiler secrets set prod/pulp-$id-configuration --stdin; done
compiler generate
git add -A
git commit -qm begin
"""


def test_a_second_administrator_joins(site: Site) -> None:
    site.variables["THEIR_HOME"] = str(site.folder / "theirs")
    before = site.generations()
    site.page("second-administrator.md")
    assert all(len(entry.recipients) == 3 for entry in site.lock().vault.values())
    assert site.generations() == before


def test_a_person_leaves(site: Site) -> None:
    site.variables["LEFT"] = site.second.recipient
    before = site.generations()
    site.page("person-leaves.md")
    assert "demo/service CA" in (site.folder / "to-replace.txt").read_text().splitlines()
    known = site.lock()
    assert not [entry for entry in known.vault.values() if site.second.recipient in entry.recipients]
    after = site.generations()
    assert {name for name in before if after[name] == before[name]} <= {
        "pulp-ca", "pulp-upstream-ca", "pulp-db-fields-encryption", "pulp-postgres-configuration"
    }  # fmt: skip


def test_an_identity_is_lost(site: Site) -> None:
    site.variables |= {
        "LOST": site.second.recipient, "NEW": person().recipient,
        "CLUSTER_KEY": str(site.folder / "cluster.agekey"), "CLUSTER_RECIPIENT": site.cluster.recipient,
    }  # fmt: skip
    path = "secrets/demo/pulp-db-fields-encryption.sops.yaml"
    opening = ["sops", "decrypt", "--extract", '["data"]["database_fields.symmetric.key"]', path]
    environment = {**site.environment, "SOPS_AGE_KEY_FILE": site.variables["CLUSTER_KEY"]}

    def key() -> bytes:
        return subprocess.run(opening, cwd=site.root, env=environment, check=True, capture_output=True).stdout

    before, numbers, done = key(), site.generations(), jobs(site)
    site.page("identity-lost.md")
    assert key() == before
    assert site.generations() == {name: number + 1 for name, number in numbers.items()}  # so every pod restarts
    assert len(jobs(site)) == 1
    assert jobs(site).isdisjoint(done)
    assert len(site.lock().vault["demo/pulp-admin-password"].recipients) == 1


def test_a_key_leaks(site: Site) -> None:
    site.variables |= {"LEAKED": site.cluster.recipient, "NEW": person().recipient}
    before = site.generations()
    site.page("key-leaks.md")
    after = site.generations()
    kept = {name for name in before if after[name] == before[name]}
    assert kept == {"pulp-ca", "pulp-upstream-ca", "pulp-db-fields-encryption"}
    assert not [entry for entry in site.lock().secrets.values() if site.cluster.recipient in entry.recipients]


def test_a_ca_expires(site: Site) -> None:
    site.page("ca-expires.md")
    assert site.lock().authorities["demo/service"].trusted == (2,)


def test_a_cluster_is_new(site: Site) -> None:
    site.run("git rm -rqf secrets; rm -rf secrets; git commit -qm 'no secrets yet'")
    site.run(f"compiler secrets init --age-recipient {site.admin.recipient}; git add -A; git commit -qm begin")
    site.page("cluster-new.md")
    known = site.lock()
    assert {entry.backend for entry in known.secrets.values()} == {"sops", "sealed-secrets"}


def test_a_cluster_is_lost(site: Site) -> None:
    site.variables |= {"OLD": site.cluster.recipient, "NEW": person().recipient}
    before = site.generations(), site.generations("prod")
    site.page("cluster-lost.md")
    assert (site.generations(), site.generations("prod")) == before
    used = {who for entry in site.lock().secrets.values() for who in entry.recipients}
    assert site.variables["NEW"] in used
    assert site.variables["OLD"] not in used


def test_moving_to_another_backend(site: Site) -> None:
    before = site.generations()
    for name in ("ISSUER_CA", "UPSTREAM_ISSUER_CA"):
        start = datetime.now(UTC) - timedelta(days=1)
        site.variables[name] = str(site.folder / f"{name}.crt")
        Path(site.variables[name]).write_bytes(root_ca(name=name, start=start, end=start + timedelta(days=3650))[0])
    site.page("move-backend.md")
    assert site.generations() == before
    assert "secrets/demo/pulp-web-tls.sealed.yaml" in site.run("git show --stat=200 HEAD~3")
    handed = [
        site.run(f"git show --name-only HEAD~{back}").count("prod/pulp-api-tls.certificate") for back in (2, 1, 0)
    ]
    assert handed == [0, 1, 0]
    assert site.lock().authorities["prod/service"].trusted == (2,)
    site.run("compiler secrets check --deep; compiler secrets status prod")


def test_the_database_field_key_is_replaced(site: Site) -> None:
    site.page("database-field-key.md")
    assert site.generations()["pulp-db-fields-encryption"] == 4
    assert site.lock().rotations == {}


def jobs(site: Site) -> set[str]:
    rendering = site.run("compiler build overlays/demo")
    return set(re.findall(r"^  name: (pulp-admin-password-[0-9a-f]{8})$", rendering, re.MULTILINE))


def test_passwords_are_replaced(scaffolded: Site, tmp_path: Path) -> None:
    site = scaffolded
    (tmp_path / "password").write_text("another one\n")
    site.variables["NEW_PASSWORD_FILE"] = str(tmp_path / "password")
    before = jobs(site)
    site.page("passwords.md")
    assert len(before) == len(jobs(site)) == 1
    assert jobs(site) != before  # the Job that sets it is another one
    settings = (site.root / "overlays/prod/files/pulp-settings/settings.py").read_text()
    assert '"USER": "pulp_b"' in settings
    assert '"NAME": "pulp"' in settings
    assert site.generations("prod")["pulp-postgres-configuration"] == 2


@pytest.mark.parametrize("database", ["{host: db.example.com}", "{host: db.example.com, user: other}"])
def test_no_password_goes_out_without_its_role(site: Site, tmp_path: Path, database: str) -> None:
    spec = site.root / "overlays/prod/pulp.yaml"
    spec.write_text(spec.read_text().replace("{host: db.example.com}", database))
    site.run("compiler generate; git add -A; git commit -qm roles --allow-empty")
    (tmp_path / "password").write_text("another one\n")
    site.variables["NEW_PASSWORD_FILE"] = str(tmp_path / "password")
    (block,) = (one for one in blocks("passwords.md") if "overlays/prod" in one)
    with pytest.raises(AssertionError):
        site.run(block)
    assert site.run("git status --porcelain; git log -1 --format=%s").startswith("roles\n")  # nothing changed
    assert site.generations("prod")["pulp-postgres-configuration"] == 1


def test_a_signing_key_is_made_and_followed_by_the_next(site: Site) -> None:
    before = site.generations()
    site.page("signing-keys.md")
    after = site.generations()
    assert set(after) - set(before) == {"pulp-signing-2027"}
    assert {name: after[name] for name in before} == before
    assert {"demo/pulp-signing", "demo/pulp-signing-2027"} <= set(site.lock().vault)  # a key is never lost
    setup = "overlays/demo/files/pulp-signing-setup/services.json"
    added = [site.run(f"git show HEAD~{back}:{setup}").count('"name"') for back in (2, 1, 0)]
    assert added == [1, 2, 1]


def test_somebody_else_makes_a_secret(site: Site) -> None:
    before = jobs(site)
    site.page("existing-secret.md")
    assert jobs(site) != before  # the Job sets the other team's password
    assert "pulp-admin-password" not in site.generations()
    assert "demo/pulp-admin-password" in site.lock().vault
    rendering = site.run("compiler build overlays/demo")
    assert "secretName: team-pulp" in rendering
    site.run("compiler secrets check --deep")


@pytest.mark.parametrize("page", [path.name for path in sorted(PAGES.glob("*.md")) if path.name != "README.md"])
def test_each_page_is_listed_and_tried(page: str) -> None:
    assert f"]({page})" in (PAGES / "README.md").read_text()
    tried: Callable[[str], object] = Path(__file__).read_text().count
    assert tried(f'.page("{page}")') == 1
