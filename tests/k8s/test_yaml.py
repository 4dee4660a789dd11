"""What we write as YAML must mean the same to every reader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.k8s.yaml import dump, dump_all
from tests.support.oracle import kustomize_build

# Strings that some reader takes for something else (secrets reference, fact 8, and go-yaml's own rules).
ODD = [
    "1e3", "12e4", "08", "0o17", "+.5", "-.5e3", "0x1F", "1_000", "0123", "1:30", "1:30:45.5", "yes", "no", "y", "N",
    "on", "Off", "null", "~", "", "=", "<<", ".inf", "-.INF", ".nan", "2024-01-01", "2001-12-14t21:59:43.10-05:00",
    "true", "TRUE", "0b11", "1.", ".5", "- a", "-", "?", ": x", "x: y", "x #y", "# c", "&a", "*a", "!t", "|", ">",
    "'q'", '"q"', "%d", "@x", "`b`", "{", "}", "[a]", ",", " lead", "trail ", "a\tb", "\ttab", "a\nb", "a\nb\n",
    "a\n\n", "\n", " \n x", "a\n  b\n", "a \nb", "---", "...", "--- x", "é", "☃", "😀", "\u0085", "\u2028", "\ufeff",
    "--flag", "-IS", "-inf", "-.inf", "--x=1", "100m", "1Gi", "1.5Gi", "12E", "1e5m", "10k",
    "C:\\x", "$(X)", "${x}", "host:", "a:b", "http://x:80/", "x" * 300, "word " * 60,
]  # fmt: skip

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.sampled_from(ODD) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(plain)
@settings(max_examples=300, deadline=None)
def test_what_is_written_is_read_back_the_same(value: Any) -> None:
    assert yaml.load(dump(value), Loader=yaml.CSafeLoader) == value


@given(plain)
@settings(max_examples=50, deadline=None)
def test_the_same_value_gives_the_same_bytes(value: Any) -> None:
    assert dump(value) == dump(json.loads(json.dumps(value)))


def test_every_odd_string_stays_a_string_for_the_real_kustomize(tmp_path: Path) -> None:
    # DEL and the C1 controls are left out: the real one refuses them in any form.
    strings = [text for text in ODD if text not in {"\u0085"}]
    document = {
        "apiVersion": "example.com/v1",
        "kind": "Strings",
        "metadata": {"name": "odd"},
        "spec": {f"k{index}": text for index, text in enumerate(strings)},
    }
    (tmp_path / "r.yaml").write_text(dump(document), encoding="utf-8")
    (tmp_path / "kustomization.yaml").write_text("resources: [r.yaml]\n")
    result = kustomize_build(tmp_path)
    assert result.returncode == 0, result.stderr.decode()
    # PyYAML cannot read the bare `=` that Go writes; a value that Go took for a number or a boolean is printed as such.
    assert yaml.load(result.stdout, Loader=yaml.CBaseLoader)["spec"] == document["spec"]


def test_readable_choices_of_style() -> None:
    assert dump({"b": 1, "a": [{"name": "x"}], "text": "one\ntwo\n", "q": "yes"}) == (
        'b: 1\na:\n- name: x\ntext: |\n  one\n  two\nq: "yes"\n'
    )


def test_no_anchors_for_values_that_occur_twice() -> None:
    shared = {"app": "pulp"}
    assert "&" not in dump({"labels": shared, "selector": shared})


@pytest.mark.parametrize("count", [0, 1, 3])
def test_documents_are_joined_and_split_again(count: int) -> None:
    documents = [{"n": index} for index in range(count)]
    assert list(yaml.safe_load_all(dump_all(documents))) == documents
