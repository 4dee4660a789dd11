"""Every program that runs in the pods can be read by what runs it."""

from __future__ import annotations

import subprocess

import pytest

from compiler.pulp.scripts import text

SHELL = [
    "acl.sh",
    "database.sh",
    "gate.sh",
    "keyring.sh",
    "migrate.sh",
    "reload.sh",
    "sign-detached.sh",
    "sign-manifest.sh",
    "sign-release.sh",
]


@pytest.mark.parametrize("name", SHELL)
def test_shell_scripts_parse(name: str) -> None:
    assert subprocess.run(["sh", "-n"], input=text(name), text=True, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("name", ["admin.py", "probe.py", "register.py", "replicate.py", "schema.py", "start.py"])
def test_python_scripts_need_nothing_newer_than_the_image_has(name: str) -> None:
    import ast

    ast.parse(text(name), feature_version=(3, 9))
