"""Replacements inside text: exact, or refused by name; the exact ones stand in ``cases/replacement-in-yaml-text``."""

from __future__ import annotations

import json
from typing import Any

import pytest

from compiler.kustomize import KustomizeError, MemoryTree, build


def replaced(text: str, path: str, *, create: bool = False, source: Any = "NEW") -> str:
    """The text of a ConfigMap's field after a replacement at a path in it."""
    files = {
        "r.yaml": json.dumps(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"text": text}}
        ),
        "s.yaml": json.dumps({"kind": "Source", "metadata": {"name": "s"}, "value": source}),
        "kustomization.yaml": json.dumps(
            {
                "resources": ["r.yaml", "s.yaml"],
                "replacements": [
                    {
                        "source": {"kind": "Source", "fieldPath": "value"},
                        "targets": [
                            {
                                "select": {"kind": "ConfigMap"},
                                "fieldPaths": [f"data.text.{path}"],
                                "options": {"create": create},
                            }
                        ],
                    }
                ],
            }
        ),
    }
    rendering = build(MemoryTree({f"top/{name}": content for name, content in files.items()}), "top")
    return str(next(one.data for one in rendering.objects if one.data["kind"] == "ConfigMap")["data"]["text"])


def test_comments_and_quotes_stay() -> None:
    assert replaced("# head\nk:   'a'   # line\n\nz: 1\n\n# end\n", "k") == "# head\nk: 'NEW' # line\nz: 1\n\n# end"


def test_a_number_that_becomes_a_word_keeps_its_tag() -> None:
    assert replaced("k: 1\n", "k") == "k: !!int NEW"


@pytest.mark.parametrize(
    ("text", "path", "said"),
    [
        ("a: 1\n  # below\nk: 1\n", "k", "a comment apart from what it is about"),
        ("k: 1\n# foot\n\nz: 1\n", "k", "a comment apart from what it is about"),
        ("k: 1\n# end\n", "k", "a comment apart from what it is about"),
        ("# c\nk: {a: 1}\n", "k", "with comments"),
        ("a: | # c\n  x\nk: 1\n", "k", "beside a block's mark"),
        ("a: &x 1\nb: *x\nk: 1\n", "k", "anchors"),
        ("a: !!str 1\nk: 1\n", "k", "tags"),
        ("a: >\n  x\nk: 1\n", "k", "folded block"),
        ("# c\n---\nk: 1\n", "k", "comments and ---"),
    ],
)
def test_what_the_nodes_do_not_hold_is_refused_by_name(text: str, path: str, said: str) -> None:
    with pytest.raises(KustomizeError, match=said) as caught:
        replaced(text, path)
    assert caught.value.unsupported
    assert caught.value.hint


def test_a_map_is_copied_into_json_but_not_into_yaml() -> None:
    assert replaced('{"k": {"a": 1}}', "k", source={"b": 2}) == '{"k":{"b":2}}'
    with pytest.raises(KustomizeError, match="copying a map or list"):
        replaced("k: {a: 1}\n", "k", source={"b": 2})
