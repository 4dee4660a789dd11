"""Reports as text, JSON, SARIF and workflow commands."""

from __future__ import annotations

import json

import pytest

from compiler.check import Finding, Report
from compiler.check.report import FORMATS
from compiler.check.rules import RULES
from compiler.errors import Origin
from compiler.k8s.objects import ObjectKey

KEY = ObjectKey("apps", "Deployment", "ns", "web")
ERROR = Finding("schema/type", "error", "expected an integer", KEY, "spec.replicas", Origin("overlays/x/a b.yaml", 3))
WARNING = Finding("image/tag", "warning", "100%, or\n::less", KEY)
REPORTS = [
    Report("overlays/x", (ERROR, WARNING), 2, {"example.com/v1 Widget": 1}),
    Report("overlays/pop", (), 1, abstract=True),
]


def test_text_has_a_line_for_each_finding_and_each_overlay() -> None:
    assert FORMATS["text"](REPORTS) == (
        "overlays/x/a b.yaml:3: error: Deployment ns/web: spec.replicas: expected an integer [schema/type]\n"
        "overlays/x/kustomization.yaml: warning: Deployment ns/web: 100%, or\\n::less [image/tag]\n"
        "overlays/x: 2 objects, 1 error, 1 warning; without a schema: example.com/v1 Widget (1)\n"
        "overlays/pop: 1 object, no findings; a layer: references not checked\n"
    )


def test_json_counts_and_lists_everything() -> None:
    document = json.loads(FORMATS["json"](REPORTS))
    assert (document["version"], document["errors"], document["warnings"]) == (1, 1, 1)
    assert document["overlays"][0] == {
        "path": "overlays/x",
        "abstract": False,
        "objects": 2,
        "unvalidated": {"example.com/v1 Widget": 1},
    }
    assert document["findings"][0] == {
        "overlay": "overlays/x",
        "rule": "schema/type",
        "severity": "error",
        "message": "expected an integer",
        "object": {"group": "apps", "kind": "Deployment", "namespace": "ns", "name": "web"},
        "field": "spec.replicas",
        "file": "overlays/x/a b.yaml",
        "line": 3,
    }


def test_sarif_has_what_code_scanning_asks_for() -> None:
    document = json.loads(FORMATS["sarif"](REPORTS))
    assert (document["version"], len(document["runs"])) == ("2.1.0", 1)
    (run,) = document["runs"]
    driver = run["tool"]["driver"]
    assert [rule["id"] for rule in driver["rules"]] == list(RULES)
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning")
        (location,) = result["locations"]
        assert location["physicalLocation"]["region"]["startLine"] >= 1
        assert " " not in location["physicalLocation"]["artifactLocation"]["uri"]
        assert result["partialFingerprints"]["finding/v1"]


def test_a_fingerprint_survives_a_moved_line_and_tells_findings_apart() -> None:
    def prints(*findings: Finding) -> list[str]:
        document = json.loads(FORMATS["sarif"]([Report("o", findings, 1)]))
        return [result["partialFingerprints"]["finding/v1"] for result in document["runs"][0]["results"]]

    moved = Finding(ERROR.rule, ERROR.severity, ERROR.message, KEY, ERROR.field, Origin("overlays/x/a b.yaml", 90))
    assert prints(ERROR) == prints(moved)
    assert len(set(prints(ERROR, WARNING))) == 2


def test_github_commands_cannot_be_ended_by_what_a_manifest_holds() -> None:
    lines = FORMATS["github"](REPORTS).splitlines()
    assert lines == [
        "::error file=overlays/x/a b.yaml,line=3,title=schema/type::overlays/x: Deployment ns/web: spec.replicas: "
        "expected an integer",
        "::warning file=overlays/x/kustomization.yaml,title=image/tag::overlays/x: Deployment ns/web: "
        "100%25, or%0A::less",
    ]


@pytest.mark.parametrize("name", FORMATS)
def test_no_reports_are_written_too(name: str) -> None:
    assert isinstance(FORMATS[name]([]), str)
