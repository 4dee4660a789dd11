"""Which object is which: by key, or by the stem of a name that ends in a hash."""

from __future__ import annotations

from typing import Any

import pytest

from compiler.k8s.objects import ObjectKey
from compiler.review import compare_objects
from compiler.review.identity import pair, stem

HASHES = "5k9mb2t6hf", "cg7t4d2m8k"


def config(name: str, text: str, namespace: str = "pulp") -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"settings.py": text}}


def deployment(config_name: str) -> dict[str, Any]:
    volumes = [{"name": "settings", "configMap": {"name": config_name}}]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "pulp-api", "namespace": "pulp"},
        "spec": {"template": {"spec": {"volumes": volumes}}},
    }


def test_a_new_hash_is_a_change_of_content_not_a_removal_and_an_addition() -> None:
    old, new = (f"pulp-settings-{value}" for value in HASHES)
    settings, api = compare_objects(
        [config(old, "A = 1\n"), deployment(old)], [config(new, "A = 2\n"), deployment(new)]
    )
    assert (settings.kind, settings.key.name, settings.names) == ("renamed", "pulp-settings", (old, new))
    assert [field.path for field in settings.fields] == [("data", "settings.py")]
    assert [field.follows for field in api.fields] == ["ConfigMap pulp-settings"]


def test_two_generated_maps_of_one_stem_are_not_guessed_at() -> None:
    before = [config(f"x-{HASHES[0]}", "a")]
    after = [config(f"x-{HASHES[1]}", "b"), config("x-fffffff222", "c")]
    assert sorted(change.kind for change in compare_objects(before, after)) == ["added", "added", "removed"]


def test_a_map_that_gets_a_hash_is_the_same_map() -> None:
    (change,) = compare_objects([config("x", "a")], [config(f"x-{HASHES[0]}", "a")])
    assert change.kind == "renamed"


@pytest.mark.parametrize(
    ("kind", "name", "cut"),
    [
        ("ConfigMap", f"pulp-settings-{HASHES[0]}", "pulp-settings"),
        ("ConfigMap", "pulp-settings-production", "pulp-settings-production"),
        ("Service", f"pulp-{HASHES[0]}", f"pulp-{HASHES[0]}"),
    ],
)
def test_only_hashes_are_cut(kind: str, name: str, cut: str) -> None:
    assert stem(ObjectKey("", kind, "", name)) == cut


@pytest.mark.parametrize(("name", "cut"), [("pulp-migrate-1a2b3c4d", "pulp-migrate"), ("pulp-decade", "pulp-decade")])
def test_a_job_has_a_hexadecimal_hash(name: str, cut: str) -> None:
    assert stem(ObjectKey("batch", "Job", "", name)) == cut


def test_the_version_of_an_api_is_no_identity() -> None:
    def ingress(version: str) -> dict[str, Any]:
        return {"apiVersion": f"networking.k8s.io/{version}", "kind": "Ingress", "metadata": {"name": "pulp"}}

    (change,) = compare_objects([ingress("v1beta1")], [ingress("v1")])
    assert [field.path for field in change.fields] == [("apiVersion",)]


def test_the_namespace_of_the_overlay_is_left_out_of_the_key_and_another_is_not() -> None:
    objects = [config("a", ""), config("b", ""), config("c", "", "monitoring")]
    assert [str(one.key) for one in pair(objects, objects)] == ["ConfigMap a", "ConfigMap b", "ConfigMap monitoring/c"]


def test_no_object_is_lost_when_a_key_is_there_twice() -> None:
    (change,) = compare_objects([config("a", "1"), config("a", "2")], [config("a", "1")])
    assert change.kind == "removed"
