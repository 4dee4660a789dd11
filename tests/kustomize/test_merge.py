"""Strategic merge on plain data, as the overlay room uses it."""

from __future__ import annotations

from typing import Any

import pytest

from compiler.kustomize import KustomizeError, merge_keys, strategic_merge


def deployment(**container: Any) -> dict[str, Any]:
    """A Deployment with two containers."""
    spec = {"containers": [{"name": "a", "image": "i", **container}, {"name": "b"}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d"},
        "spec": {"template": {"spec": spec}},
    }


def patch(*containers: dict[str, Any]) -> dict[str, Any]:
    """A patch of containers."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "spec": {"template": {"spec": {"containers": list(containers)}}},
    }


def containers(merged: dict[str, Any] | None) -> list[Any]:
    """The containers of a result."""
    assert merged is not None
    found = merged["spec"]["template"]["spec"]["containers"]
    assert isinstance(found, list)
    return found


def test_elements_of_the_patch_come_first() -> None:
    merged = containers(strategic_merge(deployment(), patch({"name": "new"}, {"name": "b", "image": "x"})))
    assert merged == [{"name": "new"}, {"name": "b", "image": "x"}, {"name": "a", "image": "i"}]


def test_an_element_is_deleted_by_its_key() -> None:
    assert containers(strategic_merge(deployment(), patch({"name": "a", "$patch": "delete"}))) == [{"name": "b"}]


def test_a_list_is_replaced_by_a_directive() -> None:
    assert containers(strategic_merge(deployment(), patch({"name": "c"}, {"$patch": "replace"}))) == [{"name": "c"}]


def test_arguments_stay_as_they_are() -> None:
    dest, change = deployment(), patch({"name": "a", "image": None})
    before = (repr(dest), repr(change))
    assert containers(strategic_merge(dest, change))[0] == {"name": "a"}
    assert (repr(dest), repr(change)) == before


def test_a_root_directive_deletes_the_object() -> None:
    assert strategic_merge(deployment(), {"apiVersion": "apps/v1", "kind": "Deployment", "$patch": "delete"}) is None


def test_an_unknown_directive_is_refused() -> None:
    with pytest.raises(KustomizeError, match="unknown patch strategy 'zap'"):
        strategic_merge(deployment(), patch({"name": "a", "$patch": "zap"}))


@pytest.mark.parametrize(
    ("version", "kind", "path", "keys"),
    [
        ("apps/v1", "Deployment", "spec template spec containers", ("name",)),
        ("apps/v1", "Deployment", "spec template spec volumes", ("name",)),
        ("apps/v1", "Deployment", "spec template spec containers ports", ("containerPort", "protocol")),
        ("apps/v1", "Deployment", "spec template spec containers args", None),
        ("apps/v1", "Deployment", "metadata finalizers", ()),
        ("autoscaling/v2", "HorizontalPodAutoscaler", "spec metrics", None),
        ("v1", "Service", "spec ports", ("port", "protocol")),
    ],
)
def test_merge_keys_are_those_of_kubernetes_1_21(
    version: str, kind: str, path: str, keys: tuple[str, ...] | None
) -> None:
    assert merge_keys(version, kind, tuple(path.split())) == keys
