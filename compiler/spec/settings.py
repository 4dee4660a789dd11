"""What may stand in ``pulp.settings`` and in ``env``: plain data, no secrets, nothing that the compiler decides itself.

dynaconf runs strings that begin with ``@`` (``@format``, ``@jinja``, ``@read_file``), also those of settings.py, and
lets variables named ``PULP_…`` override the file (``reference/secrets.md`` §4, ``reference/pulp.md`` §4.6).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from compiler.spec.messages import SECRET_LOOKING
from compiler.spec.models import Spec, Workload
from compiler.spec.node import Path
from compiler.spec.reader import shorten
from compiler.spec.wrong import Wrong

OWNED_SETTINGS: dict[str, str] = {
    "ALLOWED_CONTENT_CHECKSUMS": "set pulp.allowed_content_checksums",
    "CACHE_ENABLED": "choose under cache",
    "CONTENT_ORIGIN": "it follows from host and exposure",
    "DATABASES": "choose under database",
    "DB_ENCRYPTION_KEY": "`compiler secrets` keeps that key",
    "DEFAULT_FILE_STORAGE": "choose under storage",
    "ENABLED_PLUGINS": "set pulp.plugins",
    "FILE_UPLOAD_TEMP_DIR": "it is the worker's scratch volume",
    "MEDIA_ROOT": "choose under storage",
    "PRIVATE_KEY_PATH": "`compiler secrets` keeps that key",
    "PUBLIC_KEY_PATH": "`compiler secrets` keeps that key",
    "REDIRECT_TO_OBJECT_STORAGE": "set storage.s3.redirect",
    "SECRET_KEY": "`compiler secrets` keeps that key",
    "STATIC_ROOT": "it is where the image has them",
    "STORAGES": "choose under storage",
    "TOKEN_SERVER": "it follows from host and exposure",
    "TOKEN_SIGNATURE_ALGORITHM": "it follows from the token key",
    "WORKING_DIRECTORY": "it is the worker's scratch volume",
}
"""Settings that other keys of the spec decide, and what to do instead. ``REDIS_*`` and ``DYNACONF*`` belong to them."""

_OWNED_PREFIXES = {"REDIS_": "choose under cache", "DYNACONF": "it is not a setting of Pulp"}
_LEAK = "this looks like a secret, and what stands here is in Git in the clear"
_LEAK_HINT = "keep it out; a Secret of your own can be mounted by a component in the overlay's custom/"
_SETTING = re.compile(r"[A-Z][A-Z0-9_]*\Z")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_URL_PATH = re.compile(r"/([A-Za-z0-9._~-]+/)*\Z")
_PATH_SETTINGS = ("API_ROOT", "CONTENT_PATH_PREFIX")


def check_settings(spec: Spec, wrong: Wrong) -> None:
    """``pulp.settings`` and the ``env`` of every role."""
    for name, value in spec.pulp.settings.items():
        _setting(name, value, wrong)
    for role in ("api", "content", "worker", "web"):
        workload: Workload = getattr(spec, role)
        for name in workload.env:
            _variable(name, (role, "env", name), wrong)
    _checksums(spec, wrong)


def _setting(name: str, value: Any, wrong: Wrong) -> None:
    place: Path = ("pulp", "settings", name)
    top = name.partition("__")[0]
    prefix = next((start for start in _OWNED_PREFIXES if top.startswith(start)), None)
    if not _SETTING.match(name):
        upper = name.upper()
        hint = f'did you mean "{upper}"?' if _SETTING.match(upper) else None
        wrong.add("a setting has an upper-case name", place, hint=hint)
    elif top in OWNED_SETTINGS or prefix is not None:
        hint = OWNED_SETTINGS[top] if top in OWNED_SETTINGS else _OWNED_PREFIXES[prefix or ""]
        wrong.add("this setting is not yours to set here", place, hint=hint)
    elif SECRET_LOOKING.search(name):
        wrong.add(_LEAK, place, hint=_LEAK_HINT)
    for path, text in _strings(value, place):
        if text.startswith("@"):
            wrong.add("a string that begins with @ would be executed by dynaconf", path)
    for path, key in _keys(value, place):
        if SECRET_LOOKING.search(key):
            wrong.add(_LEAK, path, hint=_LEAK_HINT)
    if name in _PATH_SETTINGS and not (isinstance(value, str) and _URL_PATH.match(value)):
        wrong.add("expected a path that begins and ends with a slash, like /pulp/", place)


def _variable(name: str, place: Path, wrong: Wrong) -> None:
    if not _VARIABLE.match(name):
        wrong.add(f'"{shorten(name)}" is not the name of an environment variable', place)
    elif name.upper().startswith("PULP_"):
        wrong.add("PULP_… variables would override settings.py", place, hint="use pulp.settings")
    elif "DYNACONF" in name.upper():
        wrong.add("dynaconf would read this, and settings.py with it", place, hint="use pulp.settings")
    elif SECRET_LOOKING.search(name):
        wrong.add(_LEAK, place, hint=_LEAK_HINT)


def _checksums(spec: Spec, wrong: Wrong) -> None:
    checksums = spec.pulp.allowed_content_checksums
    place: Path = ("pulp", "allowed_content_checksums")
    if checksums is not None and "sha256" not in checksums:
        wrong.add("sha256 must be among the allowed checksums: Pulp itself needs it", place)


def _strings(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, child in value.items():
            yield from _strings(child, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _strings(child, (*path, index))


def _keys(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, dict):
        for key, child in value.items():
            yield (*path, key), key
            yield from _keys(child, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _keys(child, (*path, index))
