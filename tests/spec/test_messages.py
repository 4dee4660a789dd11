"""Errors: place, path, what was expected, what stands there, and what to write instead; all of a file at once."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from pydantic.fields import FieldInfo

from compiler.errors import CompilerError, ErrorGroup
from compiler.spec import load
from compiler.spec.keys import walk
from compiler.spec.messages import PATTERNS
from tests.spec.trees import DEMO, PROD, load_one, repo, tree


def failure(text: str) -> str:
    """What the user reads for an overlay over ``base/pulp``."""
    with pytest.raises(CompilerError) as error:
        load_one(text)
    return str(error.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("api: {replica: 3}", 'api.replica: unknown key\n  hint: did you mean "replicas"?'),
        ("apy: {replicas: 3}", 'apy: unknown key\n  hint: did you mean "api"?'),
        ("exposure: {nodePort: {}}", 'exposure.nodePort: unknown key\n  hint: did you mean "node_port"?'),
        ("bucket: x", 'bucket: unknown key\n  hint: "bucket" is a key of "storage.s3"'),
        ("tls: {zzzzz: 1}", "tls.zzzzz: unknown key\n  hint: keys here are internal"),
        ("apy: null", 'apy: unknown key\n  hint: did you mean "api"?'),
        ('api: {replicas: "3"}', 'api.replicas: expected a whole number, found the string "3"'),
        ("api: {replicas: 2.5}", "api.replicas: expected a whole number, found the number 2.5"),
        ("api: {replicas: true}", "api.replicas: expected a whole number, found true"),
        ("api: {replicas: -1}", "api.replicas: expected a number of at least 0, found the number -1"),
        ("api: [1]", "api: expected a mapping, found a list"),
        ("api: 3", "api: expected a mapping, found the number 3"),
        ("pulp: {plugins: rpm}", 'pulp.plugins: expected a list, found the string "rpm"'),
        ("pulp: {plugins: []}", "pulp.plugins: expected a list of at least 1 item(s), found a list"),
        ("pulp: {plugins: [rpm, fiel]}", 'found the string "fiel"\n  hint: did you mean "file"?'),
        (
            "pulp: {version: 3.85}",
            'pulp.version: expected a string, found the number 3.85\n  hint: write it in quotes: "3.85"',
        ),
        (
            "pulp: {version: latest}",
            "pulp.version: expected a version of pulpcore, like 3.85 or 3.85.2, found the string",
        ),
        (
            "tls: {internal: mutul}",
            'one of mutual, server, off, found the string "mutul"\n  hint: did you mean "mutual"?',
        ),
        ("tls: {internal: off}", None),
        ("exposure: {api: no}", 'exposure.api: expected true or false, found the string "no"\n  hint: write false'),
        ("labels: {a: 1}", 'labels.a: expected a string, found the number 1\n  hint: write it in quotes: "1"'),
        ("api: {disruption_budget: soon}", "expected a whole number or off, found the string"),
        ("api: {disruption_budget: 0}", "expected a number of at least 1 or off, found the number 0"),
        ("cache: {external: null, disabled: false}", "cache.disabled: expected true, found false"),
        ("storage: {s3: {bucket: x, region: 1}}", "storage.s3.bucket: expected a bucket name"),
        ("namespace: Pulp", "namespace.name: expected lower-case letters, digits and dashes"),
        ("namespace: 7", "namespace: expected a string or a mapping, found the number 7"),
        ("namespace: [a]", "namespace: expected a string or a mapping, found a list"),
    ],
)
def test_a_wrong_key_or_value_is_told_with_what_was_expected(line: str, message: str | None) -> None:
    section = line.partition(":")[0]
    text = "".join(part for part in _sections(PROD) if not part.startswith(f"{section}:")) + line + "\n"
    if message is None:
        load_one(text)
        return
    place = f"overlays/one/pulp.yaml:{text.count(chr(10))}:"
    found = failure(text)
    assert message in found
    assert place in found


def _sections(text: str) -> list[str]:
    sections: list[str] = []
    for line in text.splitlines(keepends=True):
        if line.startswith(" "):
            sections[-1] += line
        else:
            sections.append(line)
    return sections


@pytest.mark.parametrize(
    "host", ["https://pulp.example.com", "Pulp.example.com", "pulp.example.com:443", "pulp_x", "-a", "a..b", "a" * 254]
)
def test_an_invalid_host_is_refused(host: str) -> None:
    assert "overlays/one/pulp.yaml:4:1: host: expected a " in failure(
        PROD.replace("host: pulp.example.com", f"host: {host}")
    )


def test_a_host_does_not_end_in_a_line_break() -> None:
    assert "host: expected a host name" in failure(
        PROD.replace("host: pulp.example.com", 'host: "pulp.example.com\\n"')
    )


def test_every_error_of_a_file_is_told_at_once_in_its_order() -> None:
    with pytest.raises(ErrorGroup) as error:
        load_one("extends: ../../base/pulp\nenvironment: prod\nhost: 1\napi:\n  replicas: x\n  foo: 1\nwrong: 1\n")
    lines = [one.origin.line for one in error.value.errors if one.origin is not None]
    assert lines == [2, 3, 5, 6, 7]
    assert error.value.exit_code == 2


def test_an_error_in_a_shared_layer_names_that_layer() -> None:
    files = repo(pop=DEMO + "api: {replicas: many}\n", one="extends: ../pop\n")
    with pytest.raises(CompilerError, match=r"overlays/pop/pulp.yaml:5:7: api.replicas: expected a whole number"):
        load(files, "overlays/one")


def test_a_missing_required_key_is_told_at_its_section() -> None:
    with pytest.raises(CompilerError) as error:
        load(tree({"base/pulp/pulp.yaml": "name: pulp\npulp:\n  plugins: [rpm]\n"}), "base/pulp")
    assert str(error.value) == "base/pulp/pulp.yaml:2:1: pulp.version: this key is required"


def test_an_empty_base_says_what_is_missing() -> None:
    with pytest.raises(CompilerError) as error:
        load(tree({"base/pulp/pulp.yaml": "# nothing\n"}), "base/pulp")
    assert str(error.value) == "base/pulp/pulp.yaml:1:1: pulp: this key is required"


@pytest.mark.parametrize("value", ["x" * 500, "hunter2\\nhunter2"])
def test_long_values_are_never_repeated(value: str) -> None:
    message = failure(PROD + f'tls: {{internal: "{value}"}}\n')
    assert value[:7] not in message
    assert "a string of" in message


def test_a_value_under_a_secret_looking_key_is_never_repeated() -> None:
    message = failure(PROD.replace("db.example.com}", "db.example.com, secret: hunter_2}"))
    assert "database.external.secret: expected a Kubernetes name" in message
    assert "hunter" not in message


def _constraints(info: FieldInfo | Any) -> list[str]:
    found = [item.pattern for item in getattr(info, "metadata", []) if getattr(item, "pattern", None)]
    for part in get_args(getattr(info, "annotation", info)):
        found += [item.pattern for item in getattr(part, "__metadata__", []) if getattr(item, "pattern", None)]
        found += _constraints(part)
    return found


def test_every_pattern_of_the_models_has_words() -> None:
    members = [key.members for _, key in walk() if key.members is not None]
    keys = [*walk(), *(inner for section in members for inner in walk(section))]
    used = {pattern for _, key in keys for pattern in _constraints(key.info)}
    assert used == set(PATTERNS)
