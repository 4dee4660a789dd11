"""Pod security, images, resources, tokens."""

from __future__ import annotations

from typing import Any

import pytest

from compiler.check import Finding, check_rendering
from tests.check.cases import one, resources, security
from tests.check.objects import Obj, container, deployment, items, obj, places, pod_spec, rules

FIRST = "spec.template.spec.containers[0].securityContext"


def check(*objects: Obj) -> tuple[Finding, ...]:
    return check_rendering("o", items(*objects), kubernetes_version="1.33").findings


@pytest.mark.parametrize(
    ("extra", "rule", "field"),
    [
        ({"capabilities": {"drop": ["ALL"], "add": ["SYS_ADMIN"]}}, "security/privileged", "capabilities.add"),
        ({"capabilities": {"drop": ["ALL"], "add": ["CHOWN"]}}, "security/restricted", "capabilities.add"),
        ({"capabilities": {"drop": ["CHOWN"]}}, "security/restricted", "capabilities.drop"),
        ({"capabilities": None}, "security/restricted", "capabilities.drop"),
        ({"runAsNonRoot": False}, "security/restricted", "runAsNonRoot"),
        ({"runAsUser": 0}, "security/restricted", "runAsUser"),
        ({"seccompProfile": {"type": "Unconfined"}}, "security/restricted", "seccompProfile.type"),
        ({"allowPrivilegeEscalation": None}, "security/restricted", "allowPrivilegeEscalation"),
    ],
)
def test_what_the_restricted_standard_forbids_is_found(extra: Obj, rule: str, field: str) -> None:
    assert places(check(security(**extra))) == [(rule, f"{FIRST}.{field}")]


def test_the_one_capability_that_may_be_added_is_left_alone() -> None:
    assert not check(security(capabilities={"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}))


def test_what_the_pod_says_holds_for_its_containers_and_they_may_say_otherwise() -> None:
    own = container()
    own["securityContext"] |= {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert not check(deployment(pod=pod_spec(own, securityContext={})))
    assert rules(check(deployment(pod=pod_spec(securityContext={})))) == ["security/restricted"] * 2


def test_init_containers_are_held_to_the_same_standard() -> None:
    findings = check(deployment(pod=pod_spec(initContainers=[container(name="gate", securityContext={})])))
    assert {finding.field.split("[")[0] for finding in findings} == {"spec.template.spec.initContainers"}


@pytest.mark.parametrize(
    ("pod", "rule"),
    [
        ({"hostPID": True}, "security/host"),
        ({"hostIPC": True}, "security/host"),
        ({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}, "security/host"),
        ({"volumes": [{"name": "v", "nfs": {"server": "a", "path": "/"}}]}, "security/restricted"),
    ],
)
def test_ties_to_the_node_are_found(pod: Obj, rule: str) -> None:
    mounts = [{"name": volume["name"], "mountPath": "/v"} for volume in pod.get("volumes", ())]
    assert rules(check(deployment(pod=pod_spec(container(volumeMounts=mounts), **pod)))) == [rule]


def test_a_port_of_the_node_is_found() -> None:
    assert rules(check(one(ports=[{"containerPort": 80, "hostPort": 80}]))) == ["security/host"]


DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize("image", ["app:1", "host:5000/app:1", f"app@{DIGEST}", f"host:5000/a/app:1@{DIGEST}"])
def test_images_by_tag_or_digest_are_left_alone(image: str) -> None:
    assert not check(one(image=image))


@pytest.mark.parametrize("image", ["app", "app:latest", "host:5000/app", "host:5000/a/app:latest"])
def test_images_that_change_by_themselves_are_found(image: str) -> None:
    assert rules(check(one(image=image))) == ["image/tag"]


def test_limits_count_as_requests() -> None:
    assert not check(resources(limits={"cpu": "1", "memory": "1Gi"}))


@pytest.mark.parametrize(("request_", "limit", "fine"), [("1Gi", "1Gi", True), ("1000m", 1, True), ("1G", "1Gi", True),
                                                         ("1Gi", "1G", False), ("1001m", "1", False)])  # fmt: skip
def test_quantities_are_compared_by_what_they_mean(request_: Any, limit: Any, fine: bool) -> None:
    findings = check(resources(requests={"cpu": request_, "memory": 1}, limits={"cpu": limit, "memory": 1}))
    assert rules(findings) == ([] if fine else ["resources/limit-below-request"])


def test_a_token_is_fine_where_a_binding_gives_it_a_use() -> None:
    pod = pod_spec(automountServiceAccountToken=True, serviceAccountName="app")
    account = obj("v1", "ServiceAccount", "app")
    assert rules(check(account, deployment(pod=pod))) == ["security/token"]
    role = obj("rbac.authorization.k8s.io/v1", "Role", "r", rules=[])
    binding = obj(
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
        "r",
        roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
        subjects=[{"kind": "ServiceAccount", "name": "app"}],
    )
    assert not check(account, role, binding, deployment(pod=pod))


def test_the_accounts_own_switch_counts() -> None:
    pod = pod_spec(automountServiceAccountToken=None, serviceAccountName="app")
    account = obj("v1", "ServiceAccount", "app", automountServiceAccountToken=False)
    assert not check(account, deployment(pod=pod))
