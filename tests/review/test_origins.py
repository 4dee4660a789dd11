"""Each difference names the line that wrote it, as ``compiler explain`` would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from compiler.errors import Origin
from compiler.k8s.objects import ObjectKey
from compiler.kustomize import DirTree
from compiler.kustomize.tree import MemoryTree
from compiler.review import Match, Question, compare, questions
from compiler.workspace import git
from compiler.workspace.diff import diff, sides_of
from compiler.workspace.explain import Traced, explain
from compiler.workspace.origins import answers, resolve
from tests.review.repository import BASE, commit, create, write

PROD = "overlays/prod/kustomization.yaml"
PATCHED = f"""{BASE[PROD]}patches:
- path: patch.yaml
- target: {{kind: Deployment, name: api}}
  patch: |
    - op: add
      path: /spec/template/spec/containers/0/env
      value: [{{name: A, value: a}}]
"""
PATCH = """apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  replicas: 4
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return create(tmp_path / "site")


def written(site: Path, revision: str = "HEAD") -> dict[str, str]:
    """Field (or object) of the report to ``file:line``, with its side when that is the one before."""
    report = diff(site, sides_of(git.find(site), revision)).report
    found: dict[str, str] = {}
    for one in report.objects:
        for hunk in one.hunks:
            marks = [(str(one.key), hunk.written)] if hunk.body is not None else []
            marks += [(".".join(map(str, change.path)), change.written) for change in hunk.fields]
            for name, mark in marks:
                if mark is not None:
                    found[name] = f"{'was ' if mark.side == 'before' else ''}{mark.origin}"
    return found


def test_a_patched_field_names_the_line_of_the_patch(site: Path) -> None:
    write(site, {PROD: PATCHED, "overlays/prod/patch.yaml": PATCH})
    found = written(site)
    assert found["spec.replicas"] == "overlays/prod/patch.yaml:5"
    assert found["spec.template.spec.containers.name=api.env"] == f"{PROD}:9"


def test_a_change_of_the_base_names_the_base_whatever_overlay_shows_it(site: Path) -> None:
    deployment = "base/app/deployment.yaml"
    write(site, {deployment: BASE[deployment].replace("replicas: 1", "replicas: 2")})
    assert written(site)["spec.replicas"] == f"{deployment}:5"


def test_what_is_gone_names_the_line_where_it_was(site: Path) -> None:
    commit(site, {PROD: PATCHED, "overlays/prod/patch.yaml": PATCH})
    write(site, {PROD: BASE[PROD], "overlays/prod/patch.yaml": None})
    assert written(site)["spec.template.spec.containers.name=api.env"] == f"was {PROD}:9"


def test_what_a_patch_takes_away_names_the_patch(site: Path) -> None:
    removal = "patches: [{path: patch.yaml}]\n"
    write(
        site,
        {
            PROD: BASE[PROD] + removal,
            "overlays/prod/patch.yaml": PATCH.replace("replicas: 4", "replicas: null"),
        },
    )
    assert written(site)["spec.replicas"] == "overlays/prod/patch.yaml:5"


def test_an_object_that_a_patch_deletes_names_the_patch(site: Path) -> None:
    patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\n$patch: delete\n"
    write(site, {PROD: BASE[PROD] + "patches: [{path: patch.yaml}]\n", "overlays/prod/patch.yaml": patch})
    assert written(site)["Deployment api"] == "overlays/prod/patch.yaml:1"


def test_a_new_and_a_removed_object_name_their_files(site: Path) -> None:
    new = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: app}\n"
    listed = "namespace: prod\nresources: [../../base/app, account.yaml]\n"
    write(site, {PROD: listed, "overlays/prod/account.yaml": f"# ours\n{new}"})
    assert written(site)["ServiceAccount app"] == "overlays/prod/account.yaml:2"
    commit(site, {})
    write(site, {PROD: BASE[PROD], "overlays/prod/account.yaml": None})
    assert written(site)["ServiceAccount app"] == "was overlays/prod/account.yaml:2"


def test_the_content_of_a_generated_object_names_its_source_and_what_follows_it_nothing(site: Path) -> None:
    write(site, {"base/app/settings.py": "A = 1\nB = 3\n"})
    found = written(site)
    assert found["data.settings.py"].startswith("base/app/settings.py")
    assert not any("volumes" in field for field in found)


def test_every_difference_of_the_example_has_a_line_that_is_there() -> None:
    """Two overlays of the example, compared as if one became the other: differences of every kind."""
    root = Path(__file__).parents[2]
    tree = DirTree(root)
    names = {"before": "overlays/demo", "after": "overlays/prod"}
    traced = {side: Traced(tree, folder) for side, folder in names.items()}
    sides = [{"overlays/x": [history.data for history in one.histories]} for one in traced.values()]
    report = compare(*sides)
    asked = list(questions(report))
    found = answers(asked, lambda _, side: traced[side])
    assert len(asked) > 100
    unanswered = [one for one in asked if one not in found and not one.gone]
    assert not unanswered, unanswered[:5]
    for one in found.values():
        lines = tree.read(one.origin.path).decode().count("\n")
        assert one.origin.line is None or 1 <= one.origin.line <= lines + 1


def test_a_difference_and_its_explanation_name_the_same_line() -> None:
    """What ``explain`` blames for a value is what the report says of it."""
    tree = DirTree(Path(__file__).parents[2])
    traced = Traced(tree, "overlays/pop-ams")
    key = next(one for one in traced.by_key if one.kind == "Deployment" and one.name == "pulp-content")
    question = Question("overlays/pop-ams", "after", key, ("spec", "replicas"))
    answer = answers([question], lambda *_: traced)[question]
    told = explain(tree, "overlays/pop-ams", "Deployment/pulp-content", "spec.replicas").fields[0]
    assert answer.origin == told.blamed.origin
    assert told.spec is not None
    assert (answer.key, answer.said) == (told.spec.key, told.spec.origin)


def test_a_spec_that_is_wrong_does_not_hide_the_line() -> None:
    tree = MemoryTree(
        {
            "o/kustomization.yaml": b"resources: [a.yaml]\n",
            "o/a.yaml": b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: v}\n",
            "o/pulp.yaml": b"nonsense: true\n",
        }
    )
    question = Question("o", "after", ObjectKey("", "ConfigMap", "", "a"), ("data", "k"))
    answer = answers([question], lambda *_: Traced(tree, "o"))[question]
    assert (answer.origin, answer.key) == (Origin("o/a.yaml", 4), None)


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("ports", Match((("port", 80), ("protocol", "UDP")))), ("ports", 1)),
        (("templates", Match((("metadata.name", "data"),)), "size"), ("templates", 0, "size")),
        (("ports", 0, "port"), ("ports", 0, "port")),
        (("ports", Match((("port", 81),))), None),
        (("missing", Match((("port", 81),))), None),
        ((), ()),
    ],
)
def test_an_item_is_found_by_its_keys(path: Any, place: Any) -> None:
    data = {
        "ports": [{"port": 80, "protocol": "TCP"}, {"port": 80, "protocol": "UDP"}],
        "templates": [{"metadata": {"name": "data"}, "size": 1}],
    }
    assert resolve(data, path) == place
