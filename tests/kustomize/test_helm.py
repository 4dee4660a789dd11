"""Charts on disk, inflated by the real helm: as the real tool has it, or refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.kustomize import DirTree, KustomizeError, Options, build
from tests.support.oracle import helm, kustomize_build

CHART = {
    "charts/app/Chart.yaml": "apiVersion: v2\nname: app\nversion: 1.2.3\n",
    "charts/app/values.yaml": 'a: 1\nm: {x: 1, y: [1, 2]}\ns: "08"\n',
    "charts/app/crds/c.yaml": "kind: CustomResourceDefinition\nmetadata: {name: x.example.org}\n",
    "charts/app/templates/a.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n"
        "  namespace: {{ .Release.Namespace }}\ndata:\n  values: {{ toJson .Values | quote }}\n"
        '  kube: {{ .Capabilities.KubeVersion.Version }}\n  has: {{ .Capabilities.APIVersions.Has "foo/v1" | quote }}\n'
        '---\nkind: Pod\nmetadata: {name: t, annotations: {"helm.sh/hook": test}}\n'
    ),
    "v.yaml": "a: 5\nm: {z: 9}\nonly: true\n",
    "w.yaml": "extra: 1\nm: {y: [3]}\n",
}


def kustomization(folder: Path, text: str) -> Path:
    """A folder with the chart and a kustomization."""
    for name, content in {**CHART, "kustomization.yaml": text}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


@pytest.mark.parametrize(
    "fields",
    [
        "namespace: ns, includeCRDs: true, valuesInline: {a: 7, m: {x: 4}}",
        "skipTests: true, valuesFile: v.yaml, valuesInline: {a: 7, only: null}, additionalValuesFiles: [w.yaml]",
        "apiVersions: [foo/v1], valuesFile: v.yaml, valuesInline: {a: 7, m: {z: 2}, q: 1}, valuesMerge: merge",
        'kubeVersion: "1.25", version: 1.2.3, valuesFile: v.yaml, valuesInline: {b: 1e7}, valuesMerge: replace',
        'nameTemplate: "n-{{ .Release.Name }}x"',
    ],
)
def test_a_chart_on_disk_renders_as_the_real_tool_renders_it(fields: str, tmp_path: Path) -> None:
    kustomization(tmp_path, f"helmCharts:\n- {{name: app, releaseName: r, {fields}}}\n")
    options = Options(enable_helm=True, helm_command=str(helm()))
    real = kustomize_build(tmp_path, "--enable-helm", "--helm-command", str(helm()))
    if real.returncode:
        with pytest.raises(KustomizeError):
            build(DirTree(tmp_path), "", options)
    else:
        assert build(DirTree(tmp_path), "", options).text.encode() == real.stdout


def test_a_namespace_over_a_chart_is_refused_by_name(tmp_path: Path) -> None:
    kustomization(tmp_path, "namespace: top\nhelmCharts:\n- {name: app, releaseName: r}\n")
    with pytest.raises(KustomizeError, match="objects that helm made") as caught:
        build(DirTree(tmp_path), "", Options(enable_helm=True, helm_command=str(helm())))
    assert caught.value.unsupported


def test_a_chart_that_is_not_there_is_not_fetched(tmp_path: Path) -> None:
    kustomization(tmp_path, "helmCharts:\n- {name: other, repo: 'https://charts.example', version: 1.0.0}\n")
    with pytest.raises(KustomizeError, match="no chart found") as caught:
        build(DirTree(tmp_path), "", Options(enable_helm=True, helm_command=str(helm())))
    assert "helm pull" in str(caught.value)
