"""Reading: strict YAML, every refusal with a line."""

from __future__ import annotations

import pytest

from compiler.errors import CompilerError, ErrorGroup
from compiler.spec.node import Node, find, plain
from compiler.spec.reader import MAX_DEPTH, read_layer


def read(text: str | bytes) -> Node:
    return read_layer(text if isinstance(text, bytes) else text.encode(), "x/pulp.yaml")


def failure(text: str | bytes) -> CompilerError:
    with pytest.raises(CompilerError) as error:
        read(text)
    return error.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"), ("on", "on"), ("no", "no"), ("true", True), ("False", False), ("~", None), ("", None),
        ("12", 12), ("-3", -3), ("0x1f", 31), ("0o17", 15), ("1.5", 1.5), ("1e3", 1000.0), (".5", 0.5),
        ("2024-01-01", "2024-01-01"), ("12:30:45", "12:30:45"), ("=", "="), ("3.85.1", "3.85.1"), ("0", 0),
        ('"12"', "12"), ("'true'", "true"), ("!!str 12", "12"), ("! 12", "12"),
        ("!!int 12", 12), ("|\n  a\n  b", "a\nb\n"),
        ("[1, a]", [1, "a"]), ("{a: {b: 1}}", {"a": {"b": 1}}), ("1_000", "1_000"),
    ],
)  # fmt: skip
def test_scalars_follow_the_core_schema(text: str, value: object) -> None:
    assert plain(read(f"key: {text}\n")) == ({} if value is None else {"key": value})


def test_every_key_and_value_has_its_place() -> None:
    node = read("# comment\na:\n  bcd:\n    - 1\n    -   two\n")
    found = find(node, ("a", "bcd"))
    assert found is not None
    assert found.key is not None
    assert (found.key.line, found.key.column) == (3, 3)
    second = find(node, ("a", "bcd", 1))
    assert second is not None
    assert (second.place.line, second.place.column) == (5, 9)


def test_an_empty_file_is_an_empty_layer() -> None:
    assert plain(read("")) == {}
    assert plain(read("# only a comment\n")) == {}
    assert plain(read("---\n...\n")) == {}


def test_aliases_are_expanded() -> None:
    assert plain(read("a: &x {b: [1]}\nc: *x\n")) == {"a": {"b": [1]}, "c": {"b": [1]}}


BILLION = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join([f'*{chr(97 + i)}'] * 10)}]\n" for i in range(9)
)


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2\n", "x/pulp.yaml:4:3", 'the key "c" stands here a second time; the first is in'),
        ("a:\n\tb: 1\n", "x/pulp.yaml:2:1", "a tab cannot indent YAML"),
        (b"a: 1\nb: \xff\n", "x/pulp.yaml:2:4", "not UTF-8"),
        ("a: 1".encode("utf-16"), "x/pulp.yaml:1:1", "not UTF-8"),
        ("a: \x07\n", "x/pulp.yaml:1:4", "not allowed in YAML"),
        ("a: 1\n---\nb: 1\n", "x/pulp.yaml:2:1", "one YAML document"),
        ("- a\n", "x/pulp.yaml:1:1", "a mapping of keys to values"),
        ("just text\n", "x/pulp.yaml:1:1", "a mapping of keys to values"),
        ("a: &x 1\nb:\n  <<: *x\n", "x/pulp.yaml:3:3", "merge keys"),
        ("a: *nope\n", "x/pulp.yaml:1:4", 'the anchor "nope" is not defined above'),
        ("a: &x [*x]\n", "x/pulp.yaml:1:8", 'the anchor "x" contains itself'),
        ("[a, b]: 1\n", "x/pulp.yaml:1:1", "a key must be a plain word"),
        ("a: !!python/object:os.system x\n", "x/pulp.yaml:1:4", "is not supported"),
        ("a: !!binary aGk=\n", "x/pulp.yaml:1:4", "is not supported"),
        ("a: !secret x\n", "x/pulp.yaml:1:4", 'the tag "!secret" is not supported'),
        ("a: !!set {x}\n", "x/pulp.yaml:1:4", "is not supported"),
        ("a: !!int x\n", "x/pulp.yaml:1:4", "this value is no int"),
        ("mode: 0777\n", "x/pulp.yaml:1:7", "leading zero"),
        ("a: .inf\n", "x/pulp.yaml:1:4", "infinity"),
        ("a: 1e999\n", "x/pulp.yaml:1:4", "too large"),
        ("a: " + "9" * 5000 + "\n", "x/pulp.yaml:1:4", "a number this long"),
        ("a: 'x\n", "x/pulp.yaml:2:1", "this is not YAML"),
        ("a: b: c\n", "x/pulp.yaml:1:5", "this is not YAML"),
        (BILLION, "x/pulp.yaml:5:20", "once aliases are expanded"),
    ],
)  # fmt: skip
def test_what_is_not_strict_yaml_is_refused_with_its_place(text: str | bytes, place: str, message: str) -> None:
    error = failure(text)
    assert message in str(error)
    assert str(error.origin).startswith(place)


def test_depth_is_bounded() -> None:
    assert "nested deeper" in str(failure("a: " + "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)))
    assert "nested deeper" in str(failure("a: " + "[" * 100_000))


def test_size_is_bounded() -> None:
    assert "1,048,576 bytes" in str(failure(b"# " + b"x" * (1 << 20)))


def test_all_duplicates_of_a_file_are_told_at_once() -> None:
    error = failure("a: 1\na: 2\nb: 0777\nc: {d: 1, d: 2}\n")
    assert isinstance(error, ErrorGroup)
    assert [str(one.origin) for one in error.errors] == ["x/pulp.yaml:2:1", "x/pulp.yaml:3:4", "x/pulp.yaml:4:11"]


def test_no_tag_of_python_is_ever_run(capsys: pytest.CaptureFixture[str]) -> None:
    failure("a: !!python/object/apply:builtins.print [pwned]\n")
    assert "pwned" not in capsys.readouterr().out
