"""Promises of the spec over generated layers."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.errors import CompilerError, ErrorGroup
from compiler.spec import load
from compiler.spec.keys import walk
from compiler.spec.layers import normalise
from compiler.spec.merge import merge
from compiler.spec.node import Mark, Node, from_plain, parse_path, plain, render
from compiler.spec.reader import read_layer
from tests.spec.trees import BASE, PROD, repo, tree

MARK = Mark("x/pulp.yaml", 1, 1)

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.sampled_from(["a", "b"]))
KEYS = st.sampled_from(["a", "b", "c"])
FREE = st.dictionaries(
    KEYS,
    st.recursive(
        SCALARS | st.lists(st.integers(0, 3), max_size=2),
        lambda inner: st.dictionaries(KEYS, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=3,
)

LAYERS = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["pulp", "other", None]),
        "namespace": st.sampled_from(["n", {"name": "m"}, {"create": True}, None]),
        "labels": st.dictionaries(KEYS, st.sampled_from(["x", "y", None]), max_size=2),
        "pulp": st.fixed_dictionaries(
            {},
            optional={
                "version": st.sampled_from(["3.85", "3.90"]),
                "plugins": st.sampled_from([["file"], ["rpm", "deb"]]),
                "settings": st.dictionaries(st.sampled_from(["A", "B"]), SCALARS, max_size=2),
            },
        ),
        "database": st.sampled_from(
            [{"embedded": {}}, {"embedded": {"size": "1Gi"}}, {"external": {"host": "d"}}, None]
        ),
        "cache": st.sampled_from(
            [{"embedded": {"memory": "1Gi"}}, {"external": {"host": "r"}}, {"disabled": True}, {"disabled": None}]
        ),
        "storage": st.sampled_from(
            [{"volume": {"size": "1Gi"}}, {"claim": {"name": "c"}}, {"s3": {"bucket": "b-b"}}, {"s3": {"region": "r"}}]
        ),
        "api": st.fixed_dictionaries({}, optional={"replicas": st.sampled_from([1, 2, None])}),
    },
)  # fmt: skip


def layer(data: dict[str, Any]) -> Node:
    return normalise(from_plain(data, MARK)).node


@settings(max_examples=150, deadline=None)
@given(FREE, FREE, FREE)
def test_merging_is_associative(one: dict[str, Any], two: dict[str, Any], three: dict[str, Any]) -> None:
    a, b, c = (from_plain(data, MARK) for data in (one, two, three))
    assert merge(merge(a, b), c) == merge(a, merge(b, c))


@settings(max_examples=150, deadline=None)
@given(LAYERS, LAYERS, LAYERS)
def test_merging_layers_with_choices_is_associative(one: Any, two: Any, three: Any) -> None:
    a, b, c = layer(one), layer(two), layer(three)
    assert merge(merge(a, b), c) == merge(a, merge(b, c))


@settings(max_examples=100, deadline=None)
@given(LAYERS, LAYERS)
def test_at_most_one_of_a_group_survives_a_merge(one: Any, two: Any) -> None:
    merged = plain(merge(layer(one), layer(two)))
    for section, members in (("database", 2), ("cache", 3), ("storage", 3)):
        assert len(merged.get(section, {})) <= 1, (section, members)


@settings(max_examples=100, deadline=None)
@given(LAYERS)
def test_a_layer_over_itself_says_the_same(data: Any) -> None:
    node = layer(data)
    assert plain(merge(node, node)) == plain(node)


def shuffled(data: Any, random: Any) -> Any:
    if isinstance(data, dict):
        items = list(data.items())
        random.shuffle(items)
        return {key: shuffled(value, random) for key, value in items}
    return data


@settings(max_examples=60, deadline=None)
@given(LAYERS, st.randoms(use_true_random=False))
def test_the_order_of_keys_means_nothing(data: Any, random: Any) -> None:
    texts = [yaml.safe_dump({"extends": "../base", **shuffled(data, random)}, sort_keys=False) for _ in range(2)]
    outcomes = []
    for text in texts:
        try:
            outcomes.append(load(tree({"base/pulp.yaml": BASE, "x/pulp.yaml": text}), "x").spec)
        except CompilerError as error:
            errors = getattr(error, "errors", (error,))
            outcomes.append(sorted(one.message for one in errors))
    assert outcomes[0] == outcomes[1]


PATHS = [path for path, _ in walk()]
VALUES = st.one_of(
    SCALARS,
    st.just([]),
    st.just({}),
    st.just(["x"]),
    st.just({"k": "v"}),
    st.just(2.5),
    st.text(max_size=70),
    st.just("x" * 500),
)


@settings(max_examples=250, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(PATHS), VALUES), min_size=1, max_size=3),
    st.sampled_from(["", "unknown", "ap i"]),
)
def test_whatever_a_layer_says_it_loads_or_every_error_has_a_line(changes: Any, extra: str) -> None:
    data: dict[str, Any] = yaml.safe_load(PROD)
    for path, value in changes:
        place = data
        for step in path[:-1]:
            if not isinstance(place.get(step), dict):
                place[step] = {}
            place = place[step]
        place[path[-1]] = value
    if extra:
        data[extra] = 1
    text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
    try:
        effective = load(repo(one=text), "overlays/one")
    except CompilerError as error:
        errors = error.errors if isinstance(error, ErrorGroup) else (error,)
        for one in errors:
            assert one.origin is not None
            assert one.origin.line is not None
            assert one.exit_code == 2
            assert "x" * 100 not in str(one)
    else:
        assert effective.spec.pulp.version


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_are_a_layer_or_an_error_with_a_place(content: bytes) -> None:
    try:
        read_layer(content, "x/pulp.yaml")
    except CompilerError as error:
        errors = error.errors if isinstance(error, ErrorGroup) else (error,)
        assert all(one.origin is not None and one.origin.path == "x/pulp.yaml" and one.origin.line for one in errors)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text("ab/.-_ é0", min_size=1, max_size=5) | st.integers(0, 99), min_size=1, max_size=4))
def test_a_path_survives_being_written(steps: list[str | int]) -> None:
    assert parse_path(render(tuple(steps))) == tuple(steps)


# YAML 1.1, which libyaml reads, folds U+2028 and U+2029 and refuses controls and a BOM; JSON allows them.
TEXT = st.characters(exclude_categories=["Cc", "Cs", "Cn", "Zl", "Zp"], exclude_characters="\ufeff")

JSONISH = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(TEXT, max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(TEXT, max_size=5), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text(TEXT, min_size=1, max_size=5), JSONISH, max_size=3))
def test_json_reads_as_itself(data: dict[str, Any]) -> None:
    import json

    node = read_layer(json.dumps(data, ensure_ascii=False).encode(), "x")
    assert _values(node) == data


def _values(node: Node) -> Any:
    """Like ``plain``, with nulls."""
    if isinstance(node.value, dict):
        return {key: _values(child) for key, child in node.value.items()}
    if isinstance(node.value, tuple):
        return [_values(child) for child in node.value]
    return node.value
