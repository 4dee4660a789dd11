"""The gate against a real Django: it opens when ``migrate`` has ended, post_migrate handlers included, not before."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from compiler.pulp.scripts import text
from tests.e2e.podrunner.images import CACHE
from tests.e2e.waiting import until

pytestmark = pytest.mark.e2e

# A site with one migration and a handler of post_migrate that takes until the file `go` is there.
_PROJECT = {
    "app/__init__.py": "",
    "app/apps.py": """
import pathlib, time
from django.apps import AppConfig
from django.db.models.signals import post_migrate
def slow(**_):
    pathlib.Path("begun").touch()
    while not pathlib.Path("go").exists():
        time.sleep(0.05)
class Config(AppConfig):
    name, version = "app", "1"
    def ready(self):
        post_migrate.connect(slow, sender=self)
""",
    "app/models.py": "",  # without models an application gets no post_migrate
    "app/migrations/__init__.py": "",
    "app/migrations/0001_initial.py": """
from django.db import migrations, models
class Migration(migrations.Migration):
    operations = [migrations.CreateModel("Thing", [("id", models.AutoField(primary_key=True))])]
""",
    "project.py": """
SECRET_KEY = "x"
INSTALLED_APPS = ["app.apps.Config"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}}
""",
    "settings.py": "HIDE = False\n",
}


class Site:
    """The project in ``folder``, and the two scripts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, content in _PROJECT.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        manager = folder / "pulpcore-manager"
        manager.write_text(f'#!/bin/sh\nexec {CACHE}/pulp/bin/python -m django "$@"\n')
        manager.chmod(0o755)
        (folder / "schema.py").write_text(text("schema.py").replace("POLL = 2", "POLL = 0.1"))
        self.started: list[subprocess.Popen[str]] = []

    def start(self, name: str, seconds: int = 60) -> subprocess.Popen[str]:
        """Start gate.sh or migrate.sh."""
        script = text(name)
        for folder in ("scripts", "job-scripts"):
            script = script.replace(f"/etc/pulp/{folder}/schema.py", str(self.folder / "schema.py"))
        environment = {
            "PATH": f"{self.folder}:{os.environ['PATH']}", "GATE_SECONDS": str(seconds),
            "DJANGO_SETTINGS_MODULE": "project", "PYTHONPATH": str(self.folder),
            "PULP_SETTINGS": str(self.folder / "settings.py"),
        }  # fmt: skip
        made = subprocess.Popen(
            ["sh", "-c", script], cwd=self.folder, env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        self.started.append(made)
        return made

    def ended(self, made: subprocess.Popen[str]) -> str:
        """What a script said, once it has ended well."""
        output, _ = made.communicate(timeout=60)
        assert made.returncode == 0, output
        return output


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    for process in made.started:
        if process.poll() is None:
            os.killpg(process.pid, 9)
        process.communicate()


def test_the_gate_stays_shut_until_the_last_handler_has_ended(site: Site) -> None:
    gate, job = site.start("gate.sh"), site.start("migrate.sh")
    assert until((site.folder / "begun").exists, 60), "the one migration is applied"
    other = site.start("gate.sh")
    time.sleep(2)
    assert (gate.poll(), other.poll()) == (None, None), "no migration is pending, and still"
    (site.folder / "go").touch()
    assert "Applying app.0001_initial... OK" in site.ended(job)
    for made in (gate, other):
        assert site.ended(made).endswith("the database is ready\n")


def test_a_migration_that_was_killed_in_a_handler_opens_nothing(site: Site) -> None:
    job = site.start("migrate.sh")
    assert until((site.folder / "begun").exists, 60)
    os.killpg(job.pid, 9)
    gate = site.start("gate.sh", 2)
    assert "gave up" in gate.communicate(timeout=60)[0]
    assert gate.returncode == 1
    (site.folder / "go").touch()
    site.ended(site.start("migrate.sh"))
    site.ended(site.start("gate.sh"))


def test_other_settings_wait_for_their_own_job_each_time(site: Site) -> None:
    settings, go, begun = (site.folder / name for name in ("settings.py", "go", "begun"))
    first = settings.read_text()
    go.touch()
    site.ended(site.start("migrate.sh"))
    for content in ("HIDE = True\n", first):  # the second: back to settings that the database knows
        go.unlink()
        begun.unlink(missing_ok=True)
        settings.write_text(content)
        job = site.start("migrate.sh")
        assert until(begun.exists, 60)
        gate = site.start("gate.sh")
        time.sleep(2)
        assert gate.poll() is None
        go.touch()
        site.ended(job)
        site.ended(gate)
