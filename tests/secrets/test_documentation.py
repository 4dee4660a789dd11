"""What the documentation names exists."""

from __future__ import annotations

import re
from pathlib import Path

import click

from compiler.cli.secrets import command

ROOT = Path(__file__).resolve().parents[2]


def test_each_test_that_the_threat_table_names_exists() -> None:
    text = (ROOT / "docs/threats.md").read_text()
    named = 0
    for row in text.splitlines():
        file = ""
        for mentioned, test in re.findall(r"`(test_\w+\.py)?(?:::(test_\w+))?`", row):
            file = mentioned or file
            if not file:
                continue
            folder = "tests/e2e" if file.startswith("test_secrets_") else "tests/secrets"
            source = (ROOT / folder / file).read_text()
            assert not test or f"def {test}(" in source, (file, test)
            named += bool(test)
    assert named > 30


def test_each_threat_has_a_test() -> None:
    rows = re.findall(r"^\| (\d+) \|.*\| ([^|]*) \|$", (ROOT / "docs/threats.md").read_text(), re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 27))
    assert [number for number, tests in rows if "`test_" not in tests] == []


def test_each_command_and_option_that_the_page_names_exists() -> None:
    text = (ROOT / "docs/secrets.md").read_text()
    for name in re.findall(r"compiler secrets ([a-z]+)", text):
        assert name in command.commands, name
    commands = list(command.commands.values())
    commands += [inner for one in commands if isinstance(one, click.Group) for inner in one.commands.values()]
    known = {option for one in commands for parameter in one.params for option in parameter.opts}
    for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", text):
        assert option in known | {"--fetch-cert"}, option
