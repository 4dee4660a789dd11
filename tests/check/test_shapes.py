"""Names and labels as the API server wants them."""

from __future__ import annotations

import pytest

from compiler.check import Finding, check_rendering
from tests.check.cases import one
from tests.check.objects import Obj, items, obj, places, rules


def check(*objects: Obj) -> tuple[Finding, ...]:
    return check_rendering("o", items(*objects), kubernetes_version="1.33").findings


@pytest.mark.parametrize(
    ("version", "kind", "name", "fine"),
    [
        ("v1", "ConfigMap", "a.b-c.d1", True),
        ("v1", "ConfigMap", "1a", True),
        ("v1", "ConfigMap", "a_b", False),
        ("v1", "ConfigMap", "a..b", False),
        ("v1", "ConfigMap", "-a", False),
        ("v1", "ConfigMap", "a" * 254, False),
        ("v1", "Service", "1a", False),
        ("v1", "Service", "a.b", False),
        ("v1", "Service", "a" * 64, False),
        ("v1", "Namespace", "a.b", False),
        ("batch/v1", "CronJob", "a" * 53, False),
        ("rbac.authorization.k8s.io/v1", "Role", "system:Reader", True),
        ("rbac.authorization.k8s.io/v1", "Role", "a/b", False),
        ("v1", "ConfigMap", "", False),
    ],
)
def test_names_have_the_form_of_their_kind(version: str, kind: str, name: str, fine: bool) -> None:
    found = [finding.rule for finding in check(obj(version, kind, name)) if finding.rule.startswith("object/")]
    assert found == ([] if fine else ["object/name"])


@pytest.mark.parametrize("label", ["a b", "x" * 64, "-x", "x_"])
def test_labels_that_the_server_refuses_are_found_on_pods_too(label: str) -> None:
    made = one()
    made["spec"]["template"]["metadata"]["labels"]["tier"] = label
    assert places(check(made)) == [("object/label", "spec.template.metadata.labels")]


@pytest.mark.parametrize("key", ["a/b/c", "/b", "A_b/x", "x" * 64, "", "a.b/"])
def test_keys_of_labels_and_annotations_have_one_form(key: str) -> None:
    for field in ("labels", "annotations"):
        made = obj("v1", "ConfigMap", "c")
        made["metadata"][field] = {key: "x"}
        assert places(check(made)) == [("object/label", f"metadata.{field}")]


def test_annotations_may_hold_any_text() -> None:
    made = obj("v1", "ConfigMap", "c")
    made["metadata"]["annotations"] = {"example.com/Note_1": "any text\n" * 50}
    assert not check(made)


def test_a_rendering_without_any_namespace_is_a_base_and_fine() -> None:
    bases = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}} for name in ("a", "b")]
    assert not check(*bases)


def test_objects_of_the_cluster_need_no_namespace() -> None:
    assert not check(obj("v1", "ConfigMap", "c"), {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ns"}})


@pytest.mark.parametrize("hook", ["startupProbe", "readinessProbe", "livenessProbe"])
def test_probes_may_name_a_port_of_their_container(hook: str) -> None:
    ports = [{"name": "http", "containerPort": 80}]
    assert not check(one(ports=ports, **{hook: {"httpGet": {"port": "http"}}}))
    assert not check(one(**{hook: {"httpGet": {"port": 80}}}))
    assert rules(check(one(**{hook: {"tcpSocket": {"port": "http"}}}))) == ["pod/probe-port"]
