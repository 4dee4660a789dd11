"""Brings the database to what this image and these settings expect, or waits until that is done.

Run inside ``pulpcore-manager shell``; ``SCHEMA=migrate`` is the Job's part, ``SCHEMA=wait`` the gates'.

That no migration is pending is not enough to start on: Pulp's handlers of ``post_migrate`` run after the last one. They
copy settings into the default domain, which every process reads once and keeps, and make roles and access policies. So
``migrate`` leaves a mark when everything has ended, and a gate wants the mark of its own state: the migrations and the
versions of the installed code, and the text of settings.py. The mark is a row in Django's own table of applied
migrations, for an application that does not exist: Django passes over such rows (``MigrationLoader``).
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

from django.apps import apps  # type: ignore[import-not-found]
from django.core.management import call_command  # type: ignore[import-not-found]
from django.db import connection  # type: ignore[import-not-found]
from django.db.migrations.executor import MigrationExecutor  # type: ignore[import-not-found]
from django.db.migrations.loader import MigrationLoader  # type: ignore[import-not-found]
from django.db.migrations.recorder import MigrationRecorder  # type: ignore[import-not-found]
from django.db.utils import Error  # type: ignore[import-not-found]

OWNER = "pulp-gitops-compiler"
POLL = 2


def state() -> str:
    """The digest that stands for what the code and the settings of this pod want."""
    migrations = sorted(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)
    versions = sorted((app.label, str(getattr(app, "version", ""))) for app in apps.get_app_configs())
    settings = Path(os.environ["PULP_SETTINGS"]).read_bytes()
    return hashlib.sha256(repr((migrations, versions)).encode() + settings).hexdigest()


def missing(mark: str) -> str:
    """What is still to be waited for, in words; empty when nothing is."""
    if (OWNER, mark) not in MigrationRecorder(connection).applied_migrations():
        return "the migration Job of this image and these settings has not finished"
    executor = MigrationExecutor(connection)
    # A database that was restored from a backup has the mark of its time.
    return "migrations are pending" if executor.migration_plan(executor.loader.graph.leaf_nodes()) else ""


def patiently(action: Callable[[], str | None], deadline: float) -> None:
    """Call ``action`` until it returns nothing; it says why not yet, or fails because the database does."""
    said = None
    while True:
        try:
            why = action()
        except Error as error:
            why = "the database does not answer: " + (str(error).strip().splitlines() or [type(error).__name__])[-1]
            connection.close()
        if not why:
            return
        if time.time() >= deadline:
            raise SystemExit("gave up: " + why)
        if why != said:
            print("not yet:", why, flush=True)
            said = why
        time.sleep(POLL)


def main() -> None:
    deadline = float(os.environ["DEADLINE"])
    mark = state()
    if os.environ["SCHEMA"] == "wait":
        patiently(lambda: missing(mark), deadline)
        print("the database is ready", flush=True)
        return
    patiently(connection.ensure_connection, deadline)
    recorder = MigrationRecorder(connection)
    # Settings that come back bring back their Job: its gates must not take the mark of the first time.
    recorder.record_unapplied(OWNER, mark)
    call_command("migrate", interactive=False)
    recorder.record_applied(OWNER, mark)
    print("the database is ready", flush=True)


main()
