"""Identity of objects."""

from __future__ import annotations

from compiler.k8s.objects import Model, ObjectKey, key_of


def test_the_key_leaves_out_the_version_and_fills_in_nothing() -> None:
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "namespace": "n"}}
    older = {**deployment, "apiVersion": "apps/v1beta1"}
    assert key_of(deployment) == key_of(older) == ObjectKey("apps", "Deployment", "n", "a")
    assert key_of({"apiVersion": "v1", "kind": "Service", "metadata": None}) == ObjectKey("", "Service", "", "")


def test_a_key_reads_like_a_person_would_say_it() -> None:
    assert str(ObjectKey("apps", "Deployment", "pulp", "pulp-api")) == "Deployment pulp/pulp-api"
    assert str(ObjectKey("", "Namespace", "", "pulp")) == "Namespace pulp"


def test_a_model_finds_its_objects_by_key() -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}}
    assert Model((service,)).by_key() == {ObjectKey("", "Service", "", "s"): service}
