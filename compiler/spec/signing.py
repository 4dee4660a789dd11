"""Rules for signing: services with their plugins, keys with names that are free, scripts that can run."""

from __future__ import annotations

import re

from compiler.spec.models import Signing, Spec
from compiler.spec.node import Path
from compiler.spec.reader import shorten
from compiler.spec.wrong import Wrong

PLUGINS = {"apt": "deb", "collection": "ansible", "container": "container", "rpm": "rpm"}
"""The plugin behind each kind of service."""

TAKEN = ("signing-scripts", "signing-setup")
"""Names of ours that begin as a key's does."""

_NAME = re.compile(r"signing(-[a-z0-9]+)*\Z")
_USER = re.compile(r"[^\x00-\x1f\x7f<>]+( <[^\s<>@]+@[^\s<>@]+>)?\Z")


def check_signing(spec: Spec, wrong: Wrong) -> None:
    """``signing``."""
    signing = spec.signing
    if signing is None:
        return
    for index, kind in enumerate(signing.services):
        if PLUGINS[kind] not in spec.pulp.plugins:
            wrong.add(
                f"{kind} signatures are made by the plugin {PLUGINS[kind]}, which is not in use",
                ("signing", "services", index),
                hint=f"add {PLUGINS[kind]} to pulp.plugins",
            )
        if kind in signing.services[:index]:
            wrong.add(f"{kind} is named twice", ("signing", "services", index))
    for name, script in signing.scripts.items():
        place: Path = ("signing", "scripts", name)
        if name not in PLUGINS:
            wrong.add("there is no such service", place, hint=f"there are {', '.join(PLUGINS)}")
        elif name not in signing.services:
            wrong.add("this service is not in use", place, hint=f"add {name} to signing.services")
        if not script.startswith("#!"):
            wrong.add("a script begins with its interpreter, like #!/bin/sh", place)
    _keys(signing, wrong)


def _keys(signing: Signing, wrong: Wrong) -> None:
    if not signing.keys:
        wrong.add("at least one key is needed", ("signing", "keys"), hint="`keys: {signing: {}}` has one made")
    for name, key in signing.keys.items():
        if not _NAME.match(name) or len(name) > 40 or name in TAKEN:
            wrong.add(
                f'"{shorten(name)}" cannot be the name of a key',
                ("signing", "keys", name),
                hint="signing, or signing- and lower-case letters and digits, like signing-2027",
            )
        if key.user_id is None:
            continue
        if key.source == "given":
            wrong.add("a given key has a user id of its own", ("signing", "keys", name, "user_id"))
        elif not _USER.match(key.user_id):
            wrong.add(
                "expected a name, or a name and an address in angle brackets",
                ("signing", "keys", name, "user_id"),
                hint="for example `Acme Packages <packages@example.com>`",
            )
