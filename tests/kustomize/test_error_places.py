"""Places in errors: the file, the line and the entry that an error names, and how it writes paths."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.refusals import CM, refuse

BOMB = "".join(f"  {chr(98 + i)}: &{chr(98 + i)} [{', '.join([f'*{chr(97 + i)}'] * 10)}]\n" for i in range(8))


@pytest.mark.parametrize(
    ("files", "line", "said"),
    [
        ({"kustomization.yaml": "resources: []\nnamePrefx: a\n"}, 2, "did you mean namePrefix?"),
        ({"kustomization.yaml": "resources: []\nnamePrefix: 5\n"}, 2, "cannot unmarshal number"),
        ({"kustomization.yaml": "resources: []\nimages:\n- name: a\n  newTag: 1.5\n"}, 4, "images[0].newTag"),
        ({"kustomization.yaml": "a: [\n"}, 2, "invalid Kustomization"),
        ({"kustomization.yaml": "resources:\n- x.yaml\n"}, 2, "no such file or directory"),
        ({"kustomization.yaml": "resources:\n- .\n"}, 2, "cycle detected"),
        ({"kustomization.yaml": "resources:\n- https://github.com/a/b//c\n"}, 2, "remote"),
        ({"kustomization.yaml": "resources: [r.yaml]\n", "r.yaml": f"{CM}data:\n\ta: b\n"}, 6, "spaces, not tabs"),
        (
            {"kustomization.yaml": "resources: [r.yaml]\n", "r.yaml": f"{CM}data:\n  a: b\n  a: c\n"},
            7,
            "already defined",
        ),
        ({"kustomization.yaml": "resources: [r.yaml]\n", "r.yaml": f"{CM}---\n{CM}"}, 6, "already registered id"),
        ({"kustomization.yaml": "resources: [r.yaml]\n", "r.yaml": f"{CM}--- x\n"}, 5, "invalid document separator"),
        ({"kustomization.yaml": "resources: [r.yaml]\n", "r.yaml": f"%YAML 1.2\n---\n{CM}"}, 2, "begins with %"),
        ({"kustomization.yaml": "resources: [r.yaml]\n", "r.yaml": f"{CM}\t\ndata: {{}}\n"}, 5, "not tabs"),
        ({"kustomization.yaml": "resources: [r.yaml]\n", "r.yaml": f"{CM}data: *d\n"}, 5, "in its own document"),
        ({"kustomization.yaml": "resources: [r.yaml]\n", "r.yaml": f"{CM}---\nkind: X\n"}, 6, "missing metadata.name"),
        ({"kustomization.yaml": "resources: [r.yaml]\n", "r.yaml": CM.encode() + b"data: {a: \xff}\n"}, 5, "UTF-8"),
        (
            {"kustomization.yaml": "resources: [r.yaml]\n", "r.yaml": f"{CM}data:\n  a: &a [x, x]\n{BOMB}"},
            12,
            "aliasing",
        ),
        ({"kustomization.yaml": "resources: [r.yaml]\n", "r.yaml": f"{CM}data: {'[' * 90_000}"}, 5, "max depth"),
        ({"kustomization.yaml": f"resources: {'[' * 90_000}"}, 1, "max depth"),
        ({"kustomization.yaml": "vars:\n- name: A\n"}, 2, "cannot be mapped to a field"),
        (
            {
                "kustomization.yaml": "resources: [a, b]\n",
                "a/kustomization.yaml": "vars:\n- {name: A, objref: {kind: X, name: x}}\n",
                "b/kustomization.yaml": "\nvars:\n- {name: A, objref: {kind: X, name: x}}\n",
            },
            3,
            "it is declared at top/a/kustomization.yaml:2 as well",
        ),
        ({"kustomization.yaml": "replicas:\n- name: x\n  count: 1\n"}, 2, "does not match a config"),
        ({"kustomization.yaml": "patches:\n- patch: '- {op: add, path: /a}'\n"}, 2, "must specify a target"),
        ({"kustomization.yaml": "configMapGenerator:\n- literals: [a=b]\n"}, 2, "must have a name"),
        ({"kustomization.yaml": "configMapGenerator:\n- {name: c, files: [nope]}\n"}, 2, "no such file"),
        ({"kustomization.yaml": "helmCharts:\n- name: x\n"}, 2, "--enable-helm"),
        (
            {"kustomization.yaml": "replacements:\n- source: {kind: Nope}\n  targets: [{select: {kind: Pod}}]\n"},
            2,
            "nothing selected",
        ),
    ],
)
def test_an_error_names_file_line_and_remedy(files: dict[str, str | bytes], line: int, said: str) -> None:
    error = refuse(files)
    assert error.path is not None
    assert error.path.startswith("top/")
    assert error.line == line, str(error)
    assert said in str(error)


REMOVED = "- op: add\n  path: /x\n  value: 1\n- op: remove\n  path: /data/b\n"
COPIED = "- source: {kind: ConfigMap, fieldPath: data.b}\n  targets: [{select: {kind: ConfigMap}}]\n"


@pytest.mark.parametrize(
    ("fields", "more", "place"),
    [
        ("# words\n---\npatchess: []\n", "", "kustomization.yaml:3: patchess: "),
        ("configurations: [c.yaml]\n", "# words\n---\nimages:\n- kid: A\n", "c.yaml:4: images[0].kid: "),
        (
            "patches:\n- target: {}\n  patch: |\n    - {op: remove, path: /b}\n",
            "",
            "kustomization.yaml:3: patches[0].patch[0]: ",
        ),
        ("patches:\n- target: {}\n  path: c.yaml\n", REMOVED, "c.yaml:4: [1]: "),
        ("patchesJson6902:\n- target: {name: a}\n  path: c.yaml\n", REMOVED, "c.yaml:4: [1]: "),
        ("replacements: [{path: c.yaml}]\n", f"# words\n{COPIED}", "c.yaml:2: [0]: "),
        (
            "replacements:\n- sourceValue: z\n  targets:\n  - select: {kind: ConfigMap}\n    fieldPaths: [data.z]\n",
            "",
            "kustomization.yaml:5: replacements[0].targets[0].fieldPaths[0]: unable to find field ",
        ),
        (
            "replacements: [{path: c.yaml}]\n",
            "sourceValue: z\ntargets:\n- select: {}\n  fieldPaths: [data.z]\n",
            "c.yaml:4: targets[0].fieldPaths[0]: unable to find field ",
        ),
        (
            "transformers: [c.yaml]\n",
            f"---\nkind: ReplacementTransformer\napiVersion: builtin\nmetadata: {{name: r}}\nreplacements:\n{COPIED}",
            "c.yaml:2: replacements[0]: ",
        ),
        (
            "transformers: [c.yaml]\n",
            "kind: PatchTransformer\napiVersion: builtin\nmetadata: {name: r}\ntarget: {}\n"
            "patch: '- {op: remove, path: /b}'\n",
            "c.yaml:1: patch[0]: ",
        ),
        (
            "images: [{name: x, newTag: v1}]\nconfigurations: [c.yaml]\n",
            "images: [{path: metadata}]\n",
            "r.yaml:1: images[0]: considering field 'metadata' of object ConfigMap.v1.[noGrp]/a.[noNs]: ",
        ),
    ],
)
def test_an_error_says_which_entry_of_which_file(fields: str, more: str, place: str) -> None:
    error = refuse({"kustomization.yaml": f"{fields}resources: [r.yaml]\n", "r.yaml": CM, "c.yaml": more})
    assert str(error).startswith(f"top/{place}"), str(error)


CMS = {"kustomization.yaml": "resources: [r.yaml]\n", "r.yaml": CM}
ENV = "env: [{name: A, value: x}]"
POD = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  containers:\n  - name: c\n    {ENV}\n"
BAD_POD = "    apiVersion: v1\n    kind: Pod\n    metadata: {name: p}\n    spec: {containers: {name: c}}\n"
PREFIX = "- |\n  apiVersion: builtin\n  kind: PrefixTransformer\n  metadata: {name: x}\n"
REPLACEMENT = "replacements:\n- source: {kind: ConfigMap}\n  targets:\n  - select: {kind: ConfigMap}\n"


@pytest.mark.parametrize(
    ("files", "place", "said"),
    [
        ({"kustomization.yaml": "resources:\n- below\n", "below/kustomization.yaml": "resources: [..]\n"}, 1, "cycle"),
        ({"kustomization.yaml": "resources:\n- r.yaml\n- r.yaml\n", "r.yaml": CM}, 1, "resources[1]"),
        ({"r.yaml": CM}, None, "unable to find one of 'kustomization.yaml'"),
        ({"kustomization.yaml": "", "kustomization.yml": ""}, None, "multiple kustomization files"),
        ({"kustomization.yaml": "resources:\n"}, None, "is empty"),
        ({"kustomization.yaml": f"x: &a [x, x]\nmetadata:\n{BOMB}"}, 8, "aliasing"),
        ({"kustomization.yaml": b"namePrefix: \xff\n"}, 1, "UTF-8"),
        ({**CMS, "kustomization.yaml": "resources: [r.yaml]\npatches:\n- patch: |\n    a: [\n"}, 3, "patch"),
        (
            {**CMS, "kustomization.yaml": "resources: [r.yaml]\npatches:\n- path: p.yaml\n", "p.yaml": f"{CM}- x\n"},
            5,
            "did not find expected key",
        ),
        (
            {
                **CMS,
                "kustomization.yaml": "resources: [r.yaml]\npatches:\n- path: p.yaml\n",
                "p.yaml": CM.replace("name: a", "name: b"),
            },
            1,
            "no resource matches",
        ),
        ({**CMS, "kustomization.yaml": f"resources: [r.yaml]\n{REPLACEMENT}    fieldPaths: [data.x]\n"}, 6, "create"),
        ({"kustomization.yaml": "configMapGenerator:\n- name: c\n  envs:\n  - nope.env\n"}, 2, "no such file"),
        ({"kustomization.yaml": "configMapGenerator:\n- name: c\n  files: [below]\n", "below/x": ""}, 2, "to a file"),
        ({"kustomization.yaml": "configMapGenerator:\n- name: c\n  literals: [x]\n"}, 2, "expected key=value"),
        ({**CMS, "kustomization.yaml": "resources: [r.yaml]\npatches:\n- target: {annotationSelector: 'url=http://x'}\n"
          "  patch: '- {op: add, path: /z, value: 1}'\n"}, 3, "letters, digits"),
        ({"kustomization.yaml": "sortOptions: {order: up}\n"}, 1, "must be one of [fifo, legacy]"),
        ({"kustomization.yaml": "transformers:\n- |\n  apiVersion: builtin\n  kind: PrefxTransformer\n"
          "  metadata: {name: x}\n"}, 2, "did you mean PrefixTransformer?"),
        ({"kustomization.yaml": "generators:\n- |\n  apiVersion: builtin\n  kind: ConfigMapGenerator\n"}, 2,
         "read as an object: missing metadata.name"),
        ({"kustomization.yaml": f"transformers:\n{PREFIX}{PREFIX}"}, 6, "metadata.name of its own"),
        ({"kustomization.yaml": "# a\n---\nresources: []\ngenerators:\n- |\n  apiVersion: builtin\n  kind: X\n"
          "  metadata: {name: x}\n"}, 5, "generators[0]"),
        ({"kustomization.yaml": "transformers:\n- |\n  apiVersion: builtin\n  kind: LabelTransformer\n"
          "  metadata: {name: x}\n  labels: []\n"}, 2, "transformers[0].labels: json"),
        ({"kustomization.yaml": "configurations: [c.yaml]\n", "c.yaml": "# a\nlabels:\n- {paths: a}\n"}, 3,
         "did you mean path?"),
        ({"kustomization.yaml": "crds: [c.yaml]\n", "c.yaml": "a:\n  Schema:\n    properties: []\n"}, 3, "array"),
        ({"kustomization.yaml": "crds: [c.yaml]\n", "c.yaml": "{\n'a': {}}"}, 2, "is JSON"),
        ({"kustomization.yaml": "resources: [r.yaml]\npatches:\n- path: p.yaml\n", "r.yaml": POD, "p.yaml":
          f"{POD}---\n{POD.replace(ENV, 'env:' + chr(10) + '    - name: A' + chr(10) + '      value: {}')}"
          }, 17, "spec.containers[c].env[A].value of Pod p"),
        ({"kustomization.yaml": f"resources: [r.yaml]\npatches:\n- target: {{}}\n  patch: |\n{BAD_POD}", "r.yaml": POD},
         4, "the object has a list there, the patch a map"),
        ({"kustomization.yaml": f"resources: [r.yaml]\npatchesStrategicMerge:\n- |\n{BAD_POD}", "r.yaml": POD}, 2,
         "SequenceNode but got MappingNode: spec.containers of Pod p"),
        ({"kustomization.yaml": "resources: [r.yaml]\ntransformers:\n- |\n  apiVersion: builtin\n"
          f"  kind: PatchTransformer\n  metadata: {{name: x}}\n  patch: |\n{BAD_POD.replace('    ', '      ')}",
          "r.yaml": POD}, 3, "spec.containers of Pod"),
        ({**CMS, "r.yaml": "kind: AppList\nmetadata: {name: a}\nitems: {a: 1}\n"}, 1, "AppList/items, but found a map"),
        ({"kustomization.yaml": "generators:\n- |\n  apiVersion: builtin\n  kind: IAMPolicyGenerator\n"
          "  metadata: {name: x}\n  cloud: gke\n"}, 2, "give kubernetesService.name"),
        ({**CMS, "kustomization.yaml": "resources: [r.yaml]\nlabels:\n- pairs: {a: b}\n  fields: [{path: kind}]\n"},
         1, "expected MappingNode but got ScalarNode: node contents: ConfigMap"),
        ({**CMS, "r.yaml": f"{CM}data: 3\n", "kustomization.yaml":
          "resources: [r.yaml]\nlabels:\n- pairs: {a: b}\n  fields: [{path: data}]\n"}, 1, "node contents: 3"),
    ],
)  # fmt: skip
def test_what_is_refused_has_a_place(files: dict[str, str | bytes], place: int | None, said: str) -> None:
    error = refuse(files)
    assert (error.path or "").startswith("top")
    assert error.line == place, str(error)
    assert said in str(error)


def test_a_path_outside_the_working_folder_is_absolute(tmp_path: Path) -> None:
    for name, text in {
        "a/kustomization.yaml": "resources: [r.yaml, ../b]\n",
        "a/r.yaml": CM,
        "b/kustomization.yaml": "resources: [r.yaml]\n",
        "b/r.yaml": CM,
        "c/kustomization.yaml": "resources: [none.yaml]\n",
        "d/kustomization.yaml": "resources: [..]\n",
        "e/empty": "",
        "f/kustomization.yaml": "kind: Other\n",
        "here/empty": "",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    said = {}
    for name in "abcdef":
        command = [sys.executable, "-m", "compiler", "build", str(tmp_path / name)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path / "here")
        assert done.returncode == (0 if name == "b" else 2)
        said[name] = done.stderr
    assert f"it is already defined in {tmp_path}/a/r.yaml:1" in said["a"]
    assert f"lstat {tmp_path}/c/none.yaml" in said["c"]
    assert f"candidate root '{tmp_path}' contains visited root '{tmp_path}/d'" in said["d"]
    assert f"in directory '{tmp_path}/e'" in said["e"]
    assert f"under {tmp_path}/f:" in said["f"]
