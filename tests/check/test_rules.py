"""Every rule finds what it is for, where it is, and nothing else; sound renderings have no finding."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.check import Finding, Report, Wanted, check_rendering
from compiler.check.rules import RULES
from tests.check.cases import ALSO, CASES
from tests.check.objects import Obj, container, deployment, items, obj, pod_spec

DOCS = Path(__file__).resolve().parents[2] / "docs" / "check.md"


def check(*objects: Obj, abstract: bool = False) -> tuple[Finding, ...]:
    return report(*objects, abstract=abstract).findings


def report(*objects: Obj, abstract: bool = False) -> Report:
    return check_rendering("overlays/x", items(*objects), kubernetes_version="1.33", abstract=abstract)


@pytest.mark.parametrize("rule", CASES)
def test_a_rule_finds_its_fault_where_it_is_and_nothing_else(rule: str) -> None:
    objects, field = CASES[rule]
    findings = check(*objects)
    assert (rule, field) in [(finding.rule, finding.field) for finding in findings]
    assert {finding.rule for finding in findings} - ALSO.get(rule, set()) == {rule}
    assert all(finding.severity == RULES[finding.rule].severity for finding in findings)
    assert all(finding.origin is not None and finding.message for finding in findings)


def test_every_rule_has_a_case() -> None:
    """Those about sealed objects compare two renderings: tests/secrets/test_seals_in_overlays.py has their cases."""
    assert {*CASES, "secret/not-made", "secret/unset"} == {rule for rule in RULES if not rule.startswith("sealed/")}


def test_what_was_never_made_is_one_finding_whoever_mounts_it() -> None:
    pod = pod_spec(
        container(volumeMounts=[{"name": name, "mountPath": f"/{name}"} for name in "abcd"]),
        volumes=[{"name": name, "secret": {"secretName": f"pulp-{name}"}} for name in "abcd"],
    )
    required = [Wanted("Secret", "ns", f"pulp-{name}", ("key",)) for name in "abcd"]
    arguments = {"kubernetes_version": "1.33", "required": required}
    found = check_rendering("overlays/x", items(deployment(pod=pod)), **arguments).findings
    assert [one.rule for one in found] == ["secret/not-made"]
    assert "Secret pulp-a, Secret pulp-b, Secret pulp-c and 1 more; run `compiler secrets ensure`" in found[0].message
    assert str(found[0].origin) == "overlays/x/pulp.yaml"
    declared = {("Secret", f"pulp-{name}"): ["key"] for name in "abcd"}
    assert check_rendering("overlays/x", items(deployment(pod=pod)), declared=declared, **arguments).findings == ()
    rendered = [obj("v1", "Secret", f"pulp-{name}", data={"key": "ZQ=="}) for name in "abcd"]
    found = check_rendering("overlays/x", items(deployment(pod=pod), *rendered), **arguments).findings
    assert "secret/not-made" not in {one.rule for one in found}
    elsewhere = [{**one, "metadata": {**one["metadata"], "namespace": "other"}} for one in rendered]
    found = check_rendering("overlays/x", items(deployment(pod=pod), *elsewhere), **arguments).findings
    assert "secret/not-made" in {one.rule for one in found}


def test_what_waits_for_a_person_is_a_warning_with_the_command_and_no_dangling_reference() -> None:
    pod = pod_spec(
        container(volumeMounts=[{"name": "v", "mountPath": "/v"}]),
        volumes=[{"name": "v", "secret": {"secretName": "pulp-s3", "items": [{"key": "id", "path": "id"}]}}],
    )
    wanted = Wanted("Secret", "ns", "pulp-s3", ("id", "key"), "x/pulp-s3", unset=("key",))
    arguments = {"kubernetes_version": "1.33", "required": [wanted]}
    found = check_rendering("overlays/x", items(deployment(pod=pod)), **arguments).findings
    assert [(one.rule, one.severity) for one in found] == [("secret/unset", "warning")]
    assert "run `compiler secrets set x/pulp-s3 --key key`" in found[0].message
    assert str(found[0].origin) == "overlays/x/pulp.yaml"
    rendered = obj("v1", "Secret", "pulp-s3", data={"id": "ZQ==", "key": "ZQ=="})
    found = check_rendering("overlays/x", items(deployment(pod=pod), rendered), **arguments).findings
    assert "secret/unset" not in {one.rule for one in found}


def test_what_was_made_and_is_rendered_under_another_name_is_an_error() -> None:
    wanted = Wanted("Secret", "ns", "pulp-s3", ("id",), "x/pulp-s3", made=True)
    arguments = {"kubernetes_version": "1.33", "required": [wanted]}
    found = check_rendering("overlays/x", items(deployment()), **arguments).findings
    assert [(one.rule, one.object.name) for one in found] == [("sealed/missing", "pulp-s3")]


def test_the_documentation_has_every_rule_with_its_severity() -> None:
    rows = {line for line in DOCS.read_text("utf-8").splitlines() if line.startswith("| `")}
    assert rows == {f"| `{identity}` | {rule.severity} | {rule.title} |" for identity, rule in RULES.items()}


@pytest.mark.parametrize("rule", [rule for rule in CASES if rule.startswith("reference/")])
def test_an_abstract_layer_is_not_checked_for_references(rule: str) -> None:
    assert not {finding.rule for finding in check(*CASES[rule][0], abstract=True)} - ALSO.get(rule, set())


def test_no_finding_shows_a_secret() -> None:
    shown = " ".join(
        finding.message
        for rule in ("secret/plain", "secret/config-map", "secret/private-key", "secret/env")
        for finding in check(*CASES[rule][0])
    )
    assert "hunter2" not in shown
    assert "not a real one" not in shown


def test_findings_come_in_a_stable_order_whatever_the_order_of_objects() -> None:
    objects = [one for rule in ("schema/type", "secret/config-map", "reference/service-pods") for one in CASES[rule][0]]
    places = [(finding.rule, finding.object) for finding in check(*objects)]
    assert places == [(finding.rule, finding.object) for finding in check(*reversed(objects))]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def mutated(value: object, draw: st.DrawFn) -> object:
    """``value`` with one random place replaced by a random value."""
    if isinstance(value, dict) and value and draw(st.integers(0, 4)):
        key = draw(st.sampled_from(sorted(value)))
        return value | {key: mutated(value[key], draw)}
    if isinstance(value, list) and value and draw(st.integers(0, 4)):
        index = draw(st.integers(0, len(value) - 1))
        return [*value[:index], mutated(value[index], draw), *value[index + 1 :]]
    return draw(JSON)


@st.composite
def broken_objects(draw: st.DrawFn) -> list[Obj]:
    objects = CASES[draw(st.sampled_from(sorted(CASES)))][0]
    broken = [mutated(one, draw) for one in objects]
    return [one if isinstance(one, dict) else {} for one in broken]


@settings(max_examples=300, deadline=None)
@given(broken_objects())
def test_malformed_objects_are_findings_and_never_a_crash(objects: list[Obj]) -> None:
    outcome = report(*objects)
    assert outcome.objects == len(objects)
    assert all(finding.rule in RULES for finding in outcome.findings)
