"""Objects against the schemas of Kubernetes."""

from __future__ import annotations

import time
from typing import Any

import pytest

from compiler.check.finding import Finding
from compiler.check.schema import check_schemas, load_tables
from compiler.check.schema.tables import supported_versions
from compiler.errors import CompilerError
from compiler.k8s.versions import SUPPORTED_KUBERNETES
from tests.check.objects import container, deployment, items, obj, places, pod_spec


def check(*objects: dict[str, Any], version: str = "1.33") -> list[Finding]:
    return check_schemas(items(*objects), version)[0]


def in_container(**extra: Any) -> list[Finding]:
    return check(deployment(pod=pod_spec(container(**extra))))


PLACE = "spec.template.spec.containers[0]"


def test_there_are_tables_for_every_supported_version() -> None:
    assert supported_versions() == SUPPORTED_KUBERNETES
    assert all(load_tables(version).kinds["apps/v1/Deployment"] for version in SUPPORTED_KUBERNETES)


def test_an_unsupported_version_is_an_error_that_names_the_supported_ones() -> None:
    with pytest.raises(CompilerError, match=r"1\.12") as caught:
        check(version="1.12")
    assert "1.33" in (caught.value.hint or "")


@pytest.mark.parametrize("version", SUPPORTED_KUBERNETES)
def test_correct_objects_have_no_finding_in_any_version(version: str) -> None:
    assert not check(deployment(), obj("v1", "ConfigMap", "c", data={"a": "b"}), version=version)


def test_an_unknown_field_is_found_with_the_nearest_one() -> None:
    (finding,) = check(deployment(replcas=3))
    assert (finding.rule, finding.field) == ("schema/unknown-field", "spec.replcas")
    assert 'did you mean "replicas"' in finding.message
    assert finding.origin is not None
    assert finding.origin.line == 1


def test_a_field_in_the_wrong_case_is_found_with_the_right_one() -> None:
    (finding,) = in_container(imagepullpolicy="Always")
    assert 'did you mean "imagePullPolicy"' in finding.message


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("3", 'expected an integer, found string "3"'),
        (True, "expected an integer, found boolean true"),
        (1.5, "expected an integer, found number 1.5"),
        ([], "expected an integer, found a list"),
    ],
)
def test_a_wrong_type_is_found_with_what_was_expected(value: Any, message: str) -> None:
    (finding,) = check(deployment(replicas=value))
    assert (finding.rule, finding.field, finding.message) == ("schema/type", "spec.replicas", message)


def test_an_unquoted_value_of_a_variable_is_found_with_what_to_do() -> None:
    (finding,) = in_container(env=[{"name": "A", "value": True}])
    assert (finding.field, finding.message) == (
        f"{PLACE}.env[0].value",
        "expected a string, found boolean true; quote it",
    )


def test_a_missing_required_field_is_found() -> None:
    broken = deployment()
    del broken["spec"]["selector"]
    assert places(check(broken)) == [("schema/required", "spec.selector")]


def test_an_integer_out_of_range_is_found() -> None:
    assert places(check(deployment(replicas=2**31))) == [("schema/value", "spec.replicas")]


def test_null_means_absent_where_a_field_is_optional() -> None:
    assert not check(deployment(replicas=None))
    assert places(check(deployment(selector=None))) == [("schema/required", "spec.selector")]


@pytest.mark.parametrize("quantity", ["500m", "1", 1, 0.5, "1.5Gi", "1e3", "+2", ".5", "10E"])
def test_quantities_are_accepted(quantity: Any) -> None:
    assert not in_container(resources={"limits": {"memory": quantity}})


@pytest.mark.parametrize("quantity", ["1 Gi", "1GB", "lots", "1gi", "", "1.2.3", "m"])
def test_what_is_no_quantity_is_found(quantity: str) -> None:
    findings = in_container(resources={"limits": {"memory": quantity}})
    assert places(findings) == [("schema/format", f"{PLACE}.resources.limits.memory")]


def test_int_or_string_takes_both_and_nothing_else() -> None:
    def probe(port: Any) -> list[Finding]:
        return in_container(livenessProbe={"tcpSocket": {"port": port}})

    assert not probe(80)
    assert not probe("http")
    assert places(probe([])) == [("schema/type", f"{PLACE}.livenessProbe.tcpSocket.port")]


def test_a_value_outside_an_enumeration_is_found() -> None:
    (finding,) = in_container(ports=[{"containerPort": 80, "protocol": "Tcp"}])
    assert finding.rule == "schema/value"
    assert 'did you mean "TCP"' in finding.message


def test_two_items_with_one_key_are_found() -> None:
    findings = in_container(ports=[{"containerPort": 80}, {"containerPort": 80, "protocol": "TCP"}])
    assert places(findings) == [("schema/duplicate-item", f"{PLACE}.ports[1]")]
    assert not in_container(ports=[{"containerPort": 80}, {"containerPort": 80, "protocol": "UDP"}])


def test_a_kind_that_the_version_no_longer_serves_is_found_with_where_it_went() -> None:
    (finding,) = check(obj("policy/v1beta1", "PodDisruptionBudget", "x"))
    assert finding.rule == "schema/unknown-kind"
    assert "policy/v1" in finding.message


def test_a_field_that_a_version_does_not_have_yet_is_found() -> None:
    pod = pod_spec(securityContext={"seLinuxChangePolicy": "Recursive"})
    assert not check(deployment(pod=pod), version="1.33")
    assert [finding.rule for finding in check(deployment(pod=pod), version="1.29")] == ["schema/unknown-field"]


def test_kinds_without_a_schema_are_counted() -> None:
    widget = obj("example.com/v1", "Widget", "a", anything=1)
    findings, unvalidated = check_schemas(items(widget, widget, deployment()), "1.33")
    assert (findings, unvalidated) == ([], {"example.com/v1 Widget": 2})


def test_an_object_without_kind_or_version_is_found() -> None:
    assert places(check({"kind": "A"})) == [("schema/required", "apiVersion")]
    assert places(check({"apiVersion": "v1"})) == [("schema/required", "kind")]


SOPS = {"mac": "ENC[AES256_GCM,data:x,iv:x,tag:x,type:str]", "version": "3.11.0", "age": []}


def test_sops_metadata_and_placeholders_are_no_schema_errors() -> None:
    sealed = "ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]"
    assert not check(obj("v1", "Secret", "s", data={"password": sealed}, type="Opaque", sops=SOPS))


def test_a_sops_block_without_a_mac_seals_nothing() -> None:
    findings = check(obj("v1", "Secret", "s", data={"password": "ENC[x]"}, sops={"age": []}))
    assert places(findings) == [("schema/format", "data.password"), ("schema/unknown-field", "sops")]


def test_a_secrets_values_are_never_shown() -> None:
    findings = check(obj("v1", "Secret", "s", data={"password": "canary!"}, stringData={"pin": 94827}))
    assert len(findings) == 2
    assert not any("canary" in finding.message or "94827" in finding.message for finding in findings)


def test_our_own_custom_resources_are_checked_strictly() -> None:
    sealed = obj("bitnami.com/v1alpha1", "SealedSecret", "s", spec={"encryptedData": {"a": "AAAA"}, "templte": {}})
    assert places(check(sealed)) == [("schema/unknown-field", "spec.templte")]


def test_a_hundred_objects_take_well_under_a_third_of_a_second() -> None:
    check(deployment())
    rendering = [deployment(f"d{index}") for index in range(100)]
    started = time.process_time()
    assert not check(*rendering)
    assert time.process_time() - started < 0.3
