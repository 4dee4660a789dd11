"""Field by field: what is reported is exactly what differs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from compiler.review.display import path_text
from compiler.review.fields import compare_fields, same
from compiler.review.model import FieldChange
from tests.review.apply import apply
from tests.review.strategies import VALUES, objects


def differences(before: Any, after: Any) -> list[tuple[str, str]]:
    return [(change.kind, path_text(change.path)) for change in compare_fields(before, after)]


@given(objects())
def test_an_object_does_not_differ_from_itself(obj: dict[str, Any]) -> None:
    assert list(compare_fields(obj, obj)) == []


@settings(max_examples=300, deadline=None)
@given(VALUES, VALUES)
def test_applying_what_is_reported_to_before_gives_after(before: Any, after: Any) -> None:
    changes = list(compare_fields({"spec": before}, {"spec": after}))
    assert same(apply({"spec": before}, changes), {"spec": after})


@settings(max_examples=200, deadline=None)
@given(VALUES, VALUES)
def test_nothing_is_reported_only_when_nothing_differs(before: Any, after: Any) -> None:
    assert bool(list(compare_fields(before, after))) != same(before, after)


@pytest.mark.parametrize(("one", "other"), [(1, True), (1, 1.0), (0.0, -0.0), ("1", 1), (None, ""), ([], {})])
def test_values_that_print_differently_are_different(one: Any, other: Any) -> None:
    assert differences({"x": one}, {"x": other}) == [("changed", "x")]


def pod(**container: Any) -> dict[str, Any]:
    return {"containers": [{"name": "gate", "image": "a"}, {"name": "api", "image": "b", **container}]}


def test_containers_are_matched_by_name() -> None:
    after = pod()
    after["containers"].reverse()
    after["containers"][0]["image"] = "c"
    assert differences(pod(), after) == [("changed", "containers[name=api].image"), ("order", "containers")]


def test_environment_is_matched_by_name_and_mounts_by_path() -> None:
    before = pod(env=[{"name": "A", "value": "1"}], volumeMounts=[{"name": "v", "mountPath": "/a"}])
    after = pod(
        env=[{"name": "B", "value": "2"}, {"name": "A", "value": "2"}], volumeMounts=[{"name": "w", "mountPath": "/a"}]
    )
    assert differences(before, after) == [
        ("changed", "containers[name=api].env[name=A].value"),
        ("added", "containers[name=api].env[name=B]"),
        ("changed", "containers[name=api].volumeMounts[mountPath=/a].name"),
    ]


def test_ports_are_matched_by_name_else_by_number_and_protocol() -> None:
    named = [{"name": "http", "port": 80}], [{"name": "http", "port": 8080}]
    assert differences({"ports": named[0]}, {"ports": named[1]}) == [("changed", "ports[name=http].port")]
    numbered = [{"port": 53, "protocol": "UDP"}], [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]
    assert differences({"ports": numbered[0]}, {"ports": numbered[1]}) == [("added", "ports[port=53,protocol=TCP]")]


def test_an_argument_put_in_between_is_one_addition() -> None:
    assert differences({"args": ["a", "b", "c"]}, {"args": ["a", "x", "b", "c"]}) == [("added", "args[1]")]


def test_rules_without_keys_are_matched_by_content() -> None:
    dns = {"ports": [{"port": 53}]}
    database = {"to": [{"ip": "10.0.0.1"}], "ports": [{"port": 5432}]}
    moved = {"to": [{"ip": "10.0.0.2"}], "ports": [{"port": 5432}]}
    assert differences({"egress": [dns, database]}, {"egress": [dns, moved]}) == [("changed", "egress[1].to[0].ip")]
    assert differences({"egress": [dns, database]}, {"egress": [database, dns]}) == [("order", "egress")]


def test_items_with_the_same_key_twice_are_compared_by_content() -> None:
    twice = [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]
    assert differences({"env": twice}, {"env": twice[:1]}) == [("removed", "env[1]")]


def test_a_very_long_list_is_shown_whole() -> None:
    before, after = list(range(1000)), list(range(2000, 3000))
    assert list(compare_fields({"x": before}, {"x": after})) == [FieldChange(("x",), "changed", before, after)]


def test_a_path_with_odd_keys_is_unambiguous() -> None:
    assert path_text(("data", "settings.py")) == 'data["settings.py"]'
    assert path_text(("a", 'x"\n', 3)) == 'a["x"\\n"][3]'
