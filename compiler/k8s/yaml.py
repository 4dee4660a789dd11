"""YAML as machines should write it: every reader, YAML 1.1 or 1.2, Go or Python, gets the same value back.

Strings that any reader might take for something else are double-quoted (``reference``: go-yaml v2/v3 and PyYAML
resolve scalars differently: ``1e3``, ``0o17``, ``08``, ``on``, ``=``), text with line breaks is a literal block where
that is exact, sequences are indented as kubectl does, and key order is the caller's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import yaml

_PLAIN_SAFE = re.compile(r"[A-Za-z_/.][A-Za-z0-9_./@$()+*^:%,=~<>;?!{}\[\]&|'\"# \\-]*\Z")
# Flags and quantities are what manifests are full of, and no reader takes them for anything but text.
_FLAG = re.compile(r"--?[A-Za-z][A-Za-z0-9_./=@-]*\Z")
_QUANTITY = re.compile(r"[0-9]+(\.[0-9]+)?(m|k|[KMGT]i?)\Z")
_NUMBERISH = re.compile(r"[-+]?(\.?[0-9]|\.(inf|nan)|0[xob])|[-+]?\.(inf|nan)\Z|(0x|0o|0b)", re.IGNORECASE)
_WORDS = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null", "~", "=", "<<"])


class _Dumper(yaml.CSafeDumper):
    """The C emitter with our choice of quotes."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _string(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style: str | None = None
    if "\n" in text:
        style = "|"
    elif _FLAG.match(text) or _QUANTITY.match(text):
        style = None
    elif not text or text.lower() in _WORDS or _NUMBERISH.match(text) or not _PLAIN_SAFE.match(text):
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _string)


def dump(obj: Any) -> str:
    """One document as YAML text, keys in the order given, ending in one newline."""
    return str(
        yaml.dump(obj, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=4096)
    )


def dump_all(objects: Iterable[Any]) -> str:
    """Several documents, joined by ``---``."""
    return "---\n".join(dump(obj) for obj in objects)
