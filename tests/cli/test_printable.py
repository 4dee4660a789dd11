"""What others wrote (names of files, values) neither drives a terminal nor begins a line that looks like our own."""

from __future__ import annotations

import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.cli.main import run
from compiler.printable import message, printable
from compiler.secrets import adopt
from compiler.secrets.plaintext import Plaintext
from tests.secrets.test_commands import NOW, begin, repository, secrets

__all__ = ["repository"]

ODD = "x\n::error file=a::b\x1b[2J\u202e"
SHOWN = "x\\n::error file=a::b\\x1b[2J\\u202e"


@given(st.text())
def test_nothing_invisible_is_left(text: str) -> None:
    for one in printable(text):
        assert one == " " or unicodedata.category(one) not in ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")
    assert printable(printable(text)) == printable(text)


@given(st.lists(st.sampled_from(["::error::x", " ::x", "##[error]", "hint: y", "", "\x1b[1m"])))
def test_no_line_of_a_message_but_the_first_is_a_command_to_a_pipeline(lines: list[str]) -> None:
    shown = message("\n".join(["error: a", *lines]))
    assert not [line for line in shown.split("\n") if line.lstrip().startswith(("::", "##["))]
    assert "\x1b" not in shown
    assert message("error: a\n  hint: b\tc") == "error: a\n  hint: b\tc"


def test_an_error_about_a_file_with_such_a_name(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / ODD).mkdir()
    (repository / ODD / "kustomization.yaml").write_text("resources: [gone.yaml]\n")
    for command in (["check", ODD], ["build", ODD], ["check", f"gone{ODD}"], ["secrets", "guard", f"gone{ODD}"]):
        assert run(command) >= 2
        said = capsys.readouterr().err
        assert "\x1b" not in said
        assert "\u202e" not in said
        assert not [line for line in said.split("\n") if line.lstrip().startswith("::")], said


def test_a_finding_about_an_object_with_such_a_name(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "own").mkdir()
    (repository / "own/kustomization.yaml").write_text("resources: [a.yaml]\n")
    (repository / "own/a.yaml").write_text(
        'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "x\\n::error file=a::b\\e[2J\\u202e"}\n'
    )
    for output in ("text", "github"):
        assert run(["check", "own", "-o", output]) == 1
        said = capsys.readouterr().out
        assert "\x1b" not in said
        assert "object/name" in said
        assert not [line for line in said.split("\n") if line.startswith("::error file=a")]


def test_a_file_with_such_a_name_below_secrets(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    begin(repository)
    assert secrets("ensure", *NOW) == 0
    (repository / "secrets" / ODD).write_text("x")
    capsys.readouterr()
    assert secrets("check", *NOW) == 1
    assert capsys.readouterr().out == f"error: secrets/{SHOWN}: no part of the lock accounts for this file\n"


VALUES = {
    "password": Plaintext(b"\x1b]0;title\x07hunter2"),
    "tls.crt": Plaintext(b"one\npassword: imitated\n\x1b[2J"),
    "user": Plaintext(b"\xff\tme"),
}
LISTED = """\
password: \\x1b]0;title\\x07hunter2
tls.crt: 3 lines, the last without its end
  | one
  | password: imitated
  | \\x1b[2J
user: \\xff\tme
"""


def test_values_are_shown_with_escapes_and_longer_ones_behind_bars(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(repository)
    monkeypatch.setattr(adopt, "open_vault", lambda *_: VALUES)
    show = ["show", "demo/pulp-admin-password", "--force", *NOW]
    capsys.readouterr()
    assert secrets(*show) == 0
    assert capsys.readouterr().out == LISTED
    assert secrets(*show, "--key", "tls.crt") == 0
    assert capsys.readouterr().out == "one\npassword: imitated\n\x1b[2J"  # a pipe gets what the value is
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert secrets(*show, "--key", "tls.crt") == 0
    assert capsys.readouterr().out == "one\npassword: imitated\n\\x1b[2J\n"
