"""Registers the signing services that are not there yet. Run inside ``pulpcore-manager shell``.

A service never changes: it is bound to the key and the script that it was made with (pulpcore refuses updates), and
clients verify with its public key. So one that is there under the same name with another key is an error.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from django.apps import apps  # type: ignore[import-not-found]
from django.core.management import call_command  # type: ignore[import-not-found]


def fingerprint(key: str) -> str:
    """The fingerprint of the primary key in a file."""
    command = ["gpg", "--batch", "--with-colons", "--show-keys", key]
    shown = subprocess.run(command, check=True, capture_output=True, text=True)
    lines = [line.split(":") for line in shown.stdout.splitlines()]
    return next(line[9] for line in lines if line[0] == "fpr")


def register(wanted: dict[str, str]) -> str:
    """Register one service; what is wrong, or nothing."""
    name, script, key = wanted["name"], wanted["script"], fingerprint(wanted["key"])
    known = apps.get_model("core", "SigningService").objects.filter(name=name).first()
    if known is None:
        call_command("add-signing-service", name, script, key, **{"class": wanted["class"]})
        return ""
    if not apps.get_model(*wanted["class"].split(":")).objects.filter(name=name).exists():
        return f"{name} is there, but is no {wanted['class']}"
    if known.pubkey_fingerprint != key:
        return f"{name} is there with the key {known.pubkey_fingerprint}: the key {key} needs a name of its own"
    if known.script != script:
        return f"{name} is there with the script {known.script}, and not with {script}"
    print(f"{name} is registered already")
    return ""


services = json.loads(Path("/etc/pulp/signing-setup/services.json").read_text(encoding="utf-8"))
problems = [problem for problem in map(register, services) if problem]
if problems:
    raise SystemExit("; ".join(problems))
