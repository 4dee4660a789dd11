"""Each way to change a field is told with the line that says so."""

from __future__ import annotations

import pytest

from compiler.errors import CompilerError
from tests.explain.folders import one, story

APP = "resources:\n- ../base\n"
REPLICAS = ("base/web.yaml:6", None, 1)
IMAGE = ("base/web.yaml:17", None, "registry.example.com/web:1.0")
FIRST_IMAGE = "spec.template.spec.containers[name=web].image"


@pytest.mark.parametrize(
    ("added", "extra", "field", "steps"),
    [
        (
            "replicas:\n\n- name: web\n  # enough\n  count: 3\n",
            {},
            "spec.replicas",
            [REPLICAS, ("app/kustomization.yaml:7", 1, 3)],
        ),
        (
            "patches:\n- path: more.yaml\n",
            {"app/more.yaml": "kind: Deployment\napiVersion: apps/v1\nmetadata: {name: web}\nspec:\n  replicas: 4\n"},
            "spec.replicas",
            [REPLICAS, ("app/more.yaml:5", 1, 4)],
        ),
        (
            "patches:\n- target: {kind: Deployment}\n  patch: |-\n    - op: test\n      path: /spec/replicas\n"
            "      value: 1\n    - op: replace\n      path: /spec/replicas\n      value: 5\n",
            {},
            "spec.replicas",
            [REPLICAS, ("app/kustomization.yaml:11", 1, 5)],
        ),
        (
            "patches:\n- patch: |\n\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata:\n      name: web\n"
            "    spec:\n      template:\n        spec:\n          containers:\n          - name: new\n"
            "            image: x\n          - name: web\n            image: registry.example.com/web:9\n",
            {},
            FIRST_IMAGE,
            [IMAGE, ("app/kustomization.yaml:17", "registry.example.com/web:1.0", "registry.example.com/web:9")],
        ),
        (
            "images:\n- name: registry.example.com/web\n  newTag: '1.1'\n",
            {},
            FIRST_IMAGE,
            [IMAGE, ("app/kustomization.yaml:5", "registry.example.com/web:1.0", "registry.example.com/web:1.1")],
        ),
        ("namespace: shop\n", {}, "metadata.namespace", [("app/kustomization.yaml:3", None, "shop")]),
        (
            "namePrefix: a-\nnameSuffix: -z\n",
            {},
            "metadata.name",
            [
                ("base/web.yaml:4", None, "web"),
                ("app/kustomization.yaml:3", "web", "a-web"),
                ("app/kustomization.yaml:4", "a-web", "a-web-z"),
            ],
        ),
        (
            "labels:\n- pairs:\n    team: red\n    example.com/tier: web\n",
            {},
            "metadata.labels.example\\.com/tier",
            [("app/kustomization.yaml:6", None, "web")],
        ),
        (
            "commonLabels:\n  app: shop\n",
            {},
            "spec.selector.matchLabels.app",
            [("base/web.yaml:9", None, "web"), ("app/kustomization.yaml:4", "web", "shop")],
        ),
        (
            "commonAnnotations:\n  note: hello\n",
            {},
            "spec.template.metadata.annotations.note",
            [("app/kustomization.yaml:4", None, "hello")],
        ),
        (
            "patchesStrategicMerge:\n- |-\n  apiVersion: apps/v1\n  kind: Deployment\n  metadata: {name: web}\n"
            "  spec:\n    replicas: 6\n- more.yaml\n",
            {"app/more.yaml": "kind: Deployment\napiVersion: apps/v1\nmetadata: {name: web}\nspec:\n\n  replicas: 7\n"},
            "spec.replicas",
            [REPLICAS, ("app/kustomization.yaml:9", 1, 6), ("app/more.yaml:6", 6, 7)],
        ),
        (
            "patchesJson6902:\n- target: {group: apps, version: v1, kind: Deployment, name: web}\n  path: ops.json\n",
            {"app/ops.json": '[\n  {"op": "add", "path": "/spec/paused", "value": true}\n]\n'},
            "spec.paused",
            [("app/ops.json:2", None, True)],
        ),
        (
            "replacements:\n- sourceValue: warn\n  targets:\n  - select: {kind: Deployment}\n"
            "    fieldPaths: [spec.template.spec.containers.0.env.0.value]\n"
            "- source: {kind: Deployment, fieldPath: spec.replicas}\n  targets:\n  - select: {kind: Deployment}\n"
            "    fieldPaths: [spec.template.spec.containers.0.args.0]\n",
            {},
            "spec.template.spec.containers[0].args[0]",
            [("base/web.yaml:18", None, "--one"), ("app/kustomization.yaml:8", "--one", "1")],
        ),
        (
            "replacements:\n- path: one.yaml\n- path: more.yaml\n",
            {
                "app/one.yaml": "# words\nsourceValue: 5\ntargets:\n- select: {kind: Deployment}\n"
                "  fieldPaths: [spec.replicas]\n",
                "app/more.yaml": "- sourceValue: 6\n  targets:\n  - select: {kind: Deployment}\n"
                "    fieldPaths: [metadata.name]\n"
                "- sourceValue: 7\n  targets:\n  - select: {kind: Deployment}\n    fieldPaths: [spec.replicas]\n",
            },
            "spec.replicas",
            [REPLICAS, ("app/one.yaml:2", 1, 5), ("app/more.yaml:5", 5, 7)],
        ),
        (
            "vars:\n- name: WHO\n  objref: {apiVersion: apps/v1, kind: Deployment, name: web}\n"
            "patches:\n- path: more.yaml\n",
            {
                "app/more.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: "
                "{spec: {containers: [{name: web, env: [{name: LEVEL, value: $(WHO)}]}]}}}\n"
            },
            "spec.template.spec.containers[name=web].env[name=LEVEL].value",
            [
                ("base/web.yaml:21", None, "info"),
                ("app/more.yaml:4", "info", "$(WHO)"),
                ("app/kustomization.yaml:4", "$(WHO)", "web"),
            ],
        ),
        (
            "transformers:\n- t.yaml\n",
            {
                "app/t.yaml": "---\napiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: t}\nlabels: {x: y}\n"
                "fieldSpecs:\n- path: metadata/labels\n  create: true\n"
            },
            "metadata.labels.x",
            [("app/t.yaml:2", None, "y")],
        ),
        (
            "components: [../part]\n",
            {
                "part/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
                "replicas:\n- {name: web, count: 8}\n"
            },
            "spec.replicas",
            [REPLICAS, ("part/kustomization.yaml:4", 1, 8)],
        ),
        (
            "buildMetadata: [managedByLabel]\n",
            {},
            "metadata.labels.app\\.kubernetes\\.io/managed-by",
            [("app/kustomization.yaml:3", None, "kustomize-v5.8.1")],
        ),
    ],
)
def test_a_change_is_told_with_its_line(
    added: str, extra: dict[str, str], field: str, steps: list[tuple[str, object, object]]
) -> None:
    assert story(one({"app/kustomization.yaml": APP + added, **extra}, field)) == steps


def test_each_step_names_the_entry_that_asks_for_it() -> None:
    added = "patches:\n- path: other.yaml\n- path: more.yaml\n"
    head = "kind: Deployment\napiVersion: apps/v1\nmetadata: {name: web}\n"
    files = {
        "app/kustomization.yaml": APP + added,
        "app/other.yaml": head + "spec: {paused: true}\n",
        "app/more.yaml": head + "spec: {replicas: 4}\n",
    }
    step = one(files, "spec.replicas").steps[-1]
    assert step.asked is not None
    assert (step.by, step.asked.path, step.asked.line, step.asked.field) == (
        *("PatchTransformer", "app/kustomization.yaml", 5),
        "patches[1]",
    )


def test_a_generated_key_is_told_with_its_file_its_literal_and_its_line_of_an_env_file() -> None:
    files = {
        "app/kustomization.yaml": "configMapGenerator:\n- name: c\n  files:\n  - conf=files/app.conf\n  literals:\n"
        "  - LEVEL=info\n  envs: [app.env]\n  options:\n    labels:\n      team: red\n",
        "app/files/app.conf": "listen 80\n",
        "app/app.env": "# comment\n\nCOLOUR=red\n",
    }
    told = {key: story(one(files, f"data.{key}", "ConfigMap/c")) for key in ("conf", "LEVEL", "COLOUR")}
    assert told == {
        "conf": [("app/files/app.conf:1", None, "listen 80\n")],
        "LEVEL": [("app/kustomization.yaml:6", None, "info")],
        "COLOUR": [("app/app.env:3", None, "red")],
    }
    assert story(one(files, "metadata.labels.team", "ConfigMap/c")) == [("app/kustomization.yaml:10", None, "red")]


def test_a_merged_generator_continues_the_story_and_a_reference_follows_the_name() -> None:
    use = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: a\n    envFrom:\n"
        "    - configMapRef: {name: c}\n"
    )
    files = {
        "low/kustomization.yaml": "resources: [pod.yaml]\nconfigMapGenerator:\n- name: c\n  literals: [A=1, B=2]\n",
        "low/pod.yaml": use,
        "app/kustomization.yaml": "resources: [../low]\nconfigMapGenerator:\n- name: c\n  behavior: merge\n"
        "  literals:\n  - A=3\n",
    }
    assert story(one(files, "data.A", "ConfigMap/c")) == [
        ("low/kustomization.yaml:4", None, "1"),
        ("app/kustomization.yaml:6", "1", "3"),
    ]
    assert story(one(files, "data.B", "ConfigMap/c")) == [("low/kustomization.yaml:4", None, "2")]
    reference = one(files, "spec.containers[0].envFrom[0].configMapRef.name", "Pod/p")
    assert [step.written for step in reference.steps] == [True, False]
    assert reference.steps[-1].follows == f"ConfigMap/{reference.value}"
    assert str(reference.value).startswith("c-")
    assert str(reference.blamed.origin) == "low/pod.yaml:8"


def test_an_item_keeps_its_story_when_a_list_is_put_in_another_order() -> None:
    patch = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [\n"
        "  {name: first, image: x},\n  {name: sidecar, image: y}]}}}\n"
    )
    files = {"app/kustomization.yaml": APP + "patches: [{path: p.yaml}]\n", "app/p.yaml": patch}
    place = "spec.template.spec.containers[name={}].image"
    assert story(one(files, place.format("web"))) == [IMAGE]
    assert story(one(files, place.format("first"))) == [("app/p.yaml:5", None, "x")]
    assert story(one(files, place.format("sidecar"))) == [
        ("base/web.yaml:23", None, "registry.example.com/sidecar:2.0"),
        ("app/p.yaml:6", "registry.example.com/sidecar:2.0", "y"),
    ]


def test_a_field_that_a_patch_removed_has_a_story() -> None:
    patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: null\n"
    field = one({"app/kustomization.yaml": APP + "patches: [{path: p.yaml}]\n", "app/p.yaml": patch}, "spec.replicas")
    assert story(field) == [REPLICAS, ("app/p.yaml:5", 1, None)]
    assert field.steps[-1].change == "removed"


def test_an_object_that_a_patch_deleted_is_answered_with_the_patch() -> None:
    patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n$patch: delete\n"
    files = {
        "app/kustomization.yaml": APP + "patches: [{path: p.yaml}]\nconfigMapGenerator: [{name: c}]\n",
        "app/p.yaml": patch,
    }
    with pytest.raises(CompilerError) as refused:
        one(files, "spec.replicas")
    assert refused.value.hint == "patches[0] of app/kustomization.yaml deleted it: app/p.yaml:1"


def test_an_object_of_a_list_and_one_with_anchors_have_their_lines() -> None:
    listed = (
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: a}\n"
        "  data:\n    k: v\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: b}\n  data:\n    k: w\n"
    )
    anchored = (
        "# two documents\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: &data\n  k: x\n---\n\n"
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: d}\ndata:\n  <<: {k: y}\n  l: z\n"
    )
    files = {"app/kustomization.yaml": "resources: [l.yaml, a.yaml]\n", "app/l.yaml": listed, "app/a.yaml": anchored}
    told = {name: story(one(files, "data.k", f"ConfigMap/{name}"))[0][0] for name in "abcd"}
    assert told == {"a": "app/l.yaml:8", "b": "app/l.yaml:13", "c": "app/a.yaml:6", "d": "app/a.yaml:13"}
    assert story(one(files, "data.l", "ConfigMap/d"))[0][0] == "app/a.yaml:14"
