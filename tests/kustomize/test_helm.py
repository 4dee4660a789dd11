"""Charts on disk, inflated by the real helm: as the real tool has it, or refused."""

from __future__ import annotations

import functools
import http.server
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from compiler.kustomize import DirTree, KustomizeError, MemoryTree, Options, Trace, build
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
        "---\nkind: RoleBinding\nmetadata: {name: b, namespace: kube-system, labels: null}\n"
        "subjects: [{kind: ServiceAccount, name: default}]\n"
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


def same(folder: Path, *options: str) -> str:
    """What both build of a folder; the assertion is that it is the same."""
    real = kustomize_build(folder, "--enable-helm", "--helm-command", str(helm()), *options)
    assert real.returncode == 0, real.stderr.decode()
    ours = build(DirTree(folder), "", Options(enable_helm=True, helm_command=str(helm()))).text
    assert ours.encode() == real.stdout
    return ours


def both_refuse(folder: Path, said: str) -> KustomizeError:
    """Our error; the assertion is that both refuse the folder, and with the same words."""
    real = kustomize_build(folder, "--enable-helm", "--helm-command", str(helm()))
    assert real.returncode != 0
    assert said in real.stderr.decode()
    with pytest.raises(KustomizeError) as caught:
        build(DirTree(folder), "", Options(enable_helm=True, helm_command=str(helm())))
    assert said in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    "fields",
    [
        "releaseName: r, namespace: ns, includeCRDs: true, valuesInline: {a: 7, m: {x: 4}}",
        "releaseName: r, skipTests: true, valuesFile: v.yaml, valuesInline: {a: 7, only: null},"
        " additionalValuesFiles: [w.yaml, v.yaml]",
        "releaseName: r, apiVersions: [foo/v1], valuesFile: v.yaml, valuesInline: {a: 7, q: 1}, valuesMerge: merge",
        'releaseName: r, kubeVersion: "1.25", version: 1.2.3, valuesInline: {b: 1e7}, valuesMerge: replace',
        'nameTemplate: "n-{{ upper \\"x\\" | lower }}x"',
        "releaseName: r, skipHooks: true, debug: true, devel: true",
    ],
)
def test_a_chart_on_disk_renders_as_the_real_tool_renders_it(fields: str, tmp_path: Path) -> None:
    kustomization(tmp_path, f"helmCharts:\n- {{name: app, {fields}}}\n")
    same(tmp_path)


@pytest.mark.parametrize("merge", ["override", "merge", "replace"])
def test_inline_values_are_merged_as_the_real_tool_merges_them(merge: str, tmp_path: Path) -> None:
    kustomization(
        tmp_path,
        "helmCharts:\n- name: app\n  releaseName: r\n  valuesFile: v.yaml\n"
        f"  valuesMerge: {merge}\n  valuesInline: {{a: null, b: {{c: [3], x: {{}}}}, no: null, z: {{q: null}}, "
        "l: [{name: x, w: 2}], on: on, o: 010, y: 4, t: 2020-01-01, p: {$patch: delete}, k: {}}\n",
    )
    (tmp_path / "v.yaml").write_text(
        "a: on\nb: {c: [1, 2], d: null}\ne: null\nl: [{name: x, v: 1}, {name: y}]\np: {b: 1}\nc: 0x10\no: 010\n"
        "y: 3\nt: 2020-01-01\nf: 1.5\nbig: 123456789012345678901234\nk: {}\n"
    )
    same(tmp_path)


@pytest.mark.parametrize("plugin", [False, True])
def test_inline_values_with_names_of_the_real_tools_fields_become_texts_as_there(plugin: bool, tmp_path: Path) -> None:
    """Its decoder takes the chart's own struct for the type of what is in valuesInline."""
    chart = (
        "name: app\nreleaseName: r\nvaluesInline: {name: 1, Version: 1.23456789, apiVersions: [1, 2.5, {name: 1}], "
        "valuesInline: {name: 3}, repo: {name: 1}, foo: {name: 1}, namespace: yes, debug: 5, kubeVersion: 0.000001, "
        "nameTemplate: 1234567.5, s: 5, t: x}\nvaluesFile: v.yaml\n"
    )
    kustomization(
        tmp_path, "generators: [g.yaml]\n" if plugin else f"helmCharts:\n- {chart.replace(chr(10), chr(10) + '  ')}"
    )
    (tmp_path / "v.yaml").write_text("s: 'quoted'\nt: 5\n1: a\n")
    (tmp_path / "g.yaml").write_text(
        f"apiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: {{name: x}}\n{chart}"
    )
    same(tmp_path)


@pytest.mark.parametrize(
    ("values", "inline", "said"),
    [
        ("a: 1\n", "{a: {b: 1}}", "could not merge values: wrong node kind: expected"),
        ("a: {b: 1}\n", "{a: 5}", "could not merge values: wrong node kind: expected"),
        ("[1]\n", "{a: 5}", "could not merge values: wrong node kind: expected"),
        ("# nothing\n", "{a: 5}", "could not parse values file into rnode: EOF"),
    ],
)
def test_values_that_do_not_fit_are_refused(values: str, inline: str, said: str, tmp_path: Path) -> None:
    kustomization(tmp_path, f"helmCharts:\n- {{name: app, releaseName: r, valuesInline: {inline}}}\n")
    (tmp_path / "charts/app/values.yaml").write_text(values)
    assert both_refuse(tmp_path, said).line == 2


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ("releaseName: r", "chart name cannot be empty"),
        ("name: app, valuesMerge: x", "valuesMerge must be one of [merge override replace]"),
        ("name: other, releaseName: r", "no repo specified for pull, no chart found at"),
        ("name: ../charts/app, releaseName: r", "failed to write values file"),
        ("name: app, additionalValuesFiles: [../w.yaml]", "could not load additionalValuesFile: "),
        ("name: app, valuesFile: nope.yaml", "no such file or directory"),
        ("name: app, releaseName: BAD", "unable to run: '"),
    ],
)
def test_a_wrong_entry_is_refused_with_the_words_of_the_real_tool(fields: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "w.yaml").write_text("a: 1\n")
    both_refuse(kustomization(tmp_path / "k", f"helmCharts:\n- {{{fields}}}\n"), said)


def test_a_chart_that_prints_an_object_twice_is_refused(tmp_path: Path) -> None:
    kustomization(tmp_path, "helmCharts:\n- {name: app, releaseName: r}\n")
    template = tmp_path / "charts/app/templates/a.yaml"
    template.write_text(f"{template.read_text()}---\nkind: Pod\nmetadata: {{name: t}}\n")
    error = both_refuse(tmp_path, "may not add resource with an already registered id: Pod.[noVer].[noGrp]/t.[noNs]")
    assert "of what helm printed" in error.message


def test_a_chart_without_values_is_refused_with_what_to_do(tmp_path: Path) -> None:
    kustomization(tmp_path, "helmCharts:\n- {name: app, releaseName: r}\n")
    (tmp_path / "charts/app/values.yaml").unlink()
    assert "no values.yaml" in str(both_refuse(tmp_path, "no such file or directory").hint)


def test_an_object_of_a_chart_that_is_there_already_is_refused(tmp_path: Path) -> None:
    kustomization(tmp_path, "resources: [r.yaml]\nhelmCharts:\n- {name: app, releaseName: r}\n")
    (tmp_path / "r.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: r, namespace: default}\n")
    error = both_refuse(tmp_path, 'Kind:"ConfigMap", isClusterScoped:false}, Name:"r", Namespace:"default"} exists')
    assert str(error.hint).endswith("remove one of the two")


@pytest.mark.parametrize("field", ["releaseName: '--post-renderer=./x', name: app", "name: '--post-renderer=./x'"])
def test_no_field_becomes_an_option_of_helm(field: str, tmp_path: Path) -> None:
    kustomization(tmp_path, f"helmCharts:\n- {{{field}, repo: 'https://charts.example'}}\n")
    (tmp_path / "x").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    with pytest.raises(KustomizeError, match="is no name of a"):
        build(DirTree(tmp_path), "", Options(enable_helm=True, helm_command=str(helm())))
    assert not (tmp_path / "ran").exists()


NAMESPACES = {
    "its own": {"kustomization.yaml": "namespace: top\nhelmCharts:\n- {name: app, releaseName: r}\n"},
    "the chart's before it": {
        "kustomization.yaml": "namespace: top\nhelmCharts:\n- {name: app, releaseName: r, namespace: chart}\n"
    },
    "that of the nearest one above": {
        "kustomization.yaml": "helmCharts:\n- {name: app, releaseName: r}\n",
        "up/kustomization.yaml": "namePrefix: p-\nresources: [mid]\nnamespace: top\n",
        "up/mid/kustomization.yaml": "nameSuffix: -s\nresources: [../../other]\n",
        "other/kustomization.yaml": "helmGlobals: {chartHome: charts}\nhelmCharts:\n- {name: app, releaseName: r}\n",
    },
    "a component's parent's": {
        "kustomization.yaml": "helmCharts:\n- {name: app, releaseName: r}\n",
        "up/kustomization.yaml": "namespace: top\ncomponents: [../other]\n",
        "other/kustomization.yaml": "kind: Component\nhelmCharts:\n- {name: app, releaseName: r}\n",
    },
    "none for a plugin": {
        "kustomization.yaml": "namespace: top\nbuildMetadata: [originAnnotations]\ngenerators: [g.yaml]\n",
        "g.yaml": "apiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: {name: p, namespace: x}\n"
        "name: app\nreleaseName: r\nchartHome: charts\nvaluesInline: {a: 3}\n",
    },
    "not by a transformer": {
        "kustomization.yaml": "buildMetadata: [originAnnotations, transformerAnnotations]\n"
        "helmCharts:\n- {name: app, releaseName: r}\ntransformers: [t.yaml]\n",
        "t.yaml": "apiVersion: builtin\nkind: NamespaceTransformer\nmetadata: {name: t, namespace: x}\n"
        "fieldSpecs: [{path: metadata/namespace, create: true}]\n",
    },
    "the deprecated field": {
        "kustomization.yaml": "namespace: top\nhelmChartInflationGenerator:\n"
        "- {chartName: app, chartHome: charts, releaseName: r, releaseNamespace: x, valuesLocal: {a: 2}}\n"
    },
}


@pytest.mark.parametrize("which", NAMESPACES)
def test_the_namespace_of_a_chart_is(which: str, tmp_path: Path) -> None:
    files = NAMESPACES[which]
    kustomization(tmp_path, files["kustomization.yaml"])
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    if "up/kustomization.yaml" in files:
        for name, content in CHART.items():
            (tmp_path / "other" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "other" / name).write_text(content)
        real = kustomize_build(tmp_path / "up", "--enable-helm", "--helm-command", str(helm()))
        options = Options(enable_helm=True, helm_command=str(helm()))
        assert build(DirTree(tmp_path), "up", options).text.encode() == real.stdout != b""
    else:
        same(tmp_path)


def test_a_chart_in_memory_renders_as_one_on_disk(tmp_path: Path) -> None:
    kustomization(tmp_path, "helmCharts:\n- {name: app, releaseName: r, includeCRDs: true}\n")
    files = {str(path.relative_to(tmp_path)): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    options = Options(enable_helm=True, helm_command=str(helm()))
    assert build(MemoryTree(files), "", options).text == same(tmp_path)


def test_an_object_that_helm_made_comes_from_the_line_of_its_entry(tmp_path: Path) -> None:
    kustomization(tmp_path, "namePrefix: p-\nhelmCharts:\n- {name: app, releaseName: r}\n")
    options = Options(enable_helm=True, helm_command=str(helm()), trace=Trace())
    origins = {str(one.origin.path) + f":{one.origin.line}" for one in build(DirTree(tmp_path), "", options).objects}
    assert origins == {"kustomization.yaml:3"}


class Silent(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[str]:
    """A chart repository on this machine."""
    folder = tmp_path / "repository"
    folder.mkdir()
    kustomization(tmp_path / "source", "resources: []\n")
    for command in (
        ["package", str(tmp_path / "source/charts/app"), "-d", str(folder)],
        ["repo", "index", str(folder)],
    ):
        subprocess.run([str(helm()), *command], check=True, capture_output=True)
    handler = functools.partial(Silent, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize("version", ["", ", version: 1.2.3"])
def test_a_chart_of_a_repository_is_pulled_to_where_the_real_tool_puts_it(
    version: str, repository: str, tmp_path: Path
) -> None:
    text = f"helmCharts:\n- {{name: app, releaseName: r, repo: '{repository}'{version}, valuesInline: {{a: 8}}}}\n"
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for folder in (ours, theirs):
        folder.mkdir()
        (folder / "kustomization.yaml").write_text(text)
    real = kustomize_build(theirs, "--enable-helm", "--helm-command", str(helm()))
    made = build(DirTree(ours), "", Options(enable_helm=True, helm_command=str(helm()), keep_charts=True))
    assert made.text.encode() == real.stdout != b""
    assert files_of(ours) == files_of(theirs)
    assert same(ours) == made.text  # what is there is not fetched again


def files_of(folder: Path) -> dict[str, bytes]:
    """The contents below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_chart_that_is_not_to_be_kept_leaves_nothing_behind(repository: str, tmp_path: Path) -> None:
    text = f"helmCharts:\n- {{name: app, releaseName: r, repo: '{repository}', version: 1.2.3}}\n"
    options = Options(enable_helm=True, helm_command=str(helm()))
    (tmp_path / "k").mkdir()
    (tmp_path / "k/kustomization.yaml").write_text(text)
    made = build(DirTree(tmp_path / "k"), "", options).text
    assert list(files_of(tmp_path / "k")) == ["kustomization.yaml"]
    assert made == build(MemoryTree({"kustomization.yaml": text}), "", options).text == same(tmp_path / "k")


def test_a_chart_that_a_repository_lacks_leaves_no_folder(repository: str, tmp_path: Path) -> None:
    (tmp_path / "k").mkdir()
    (tmp_path / "k/kustomization.yaml").write_text(
        f"helmCharts:\n- {{name: none, releaseName: r, repo: '{repository}', version: 1.0.0}}\n"
    )
    both_refuse(tmp_path / "k", "unable to run: '")
    assert not files_of(tmp_path / "k/charts")


@pytest.mark.parametrize("repo", ["oci://127.0.0.1:1/charts", "oci://127.0.0.1:1/charts/"])
def test_an_oci_chart_is_asked_for_as_the_real_tool_asks(repo: str, tmp_path: Path) -> None:
    script = tmp_path / "helm"
    script.write_text(
        f'#!/bin/sh\n[ $1 = version ] && echo v3.1.2 && exit\necho "$1 $2 $5 $6 $7 $8" >> {tmp_path}/log\n'
    )
    script.chmod(0o755)
    (tmp_path / "k").mkdir()
    (tmp_path / "k/kustomization.yaml").write_text(
        f"helmCharts:\n- {{name: app, releaseName: r, repo: '{repo}', version: 1.0.0, devel: true}}\n"
    )
    kustomize_build(tmp_path / "k", "--enable-helm", "--helm-command", str(script))
    with pytest.raises(KustomizeError, match="helm pull made nothing"):
        build(DirTree(tmp_path / "k"), "", Options(enable_helm=True, helm_command=str(script)))
    real, ours = (tmp_path / "log").read_text().splitlines()
    assert ours == real == "pull --untar oci://127.0.0.1:1/charts/app --version 1.0.0 --devel"


@pytest.mark.parametrize(
    ("said", "error"),
    [("v2.17.0", "this plugin requires helm V3 or V4 but got v2.17.0"), ("hello", "cannot find version string in")],
)
def test_another_program_than_helm_is_refused(said: str, error: str, tmp_path: Path) -> None:
    script = tmp_path / "helm"
    script.write_text(f"#!/bin/sh\necho {said}\n")
    script.chmod(0o755)
    kustomization(tmp_path, "helmCharts:\n- {name: app, releaseName: r}\n")
    real = kustomize_build(tmp_path, "--enable-helm", "--helm-command", str(script))
    assert error in real.stderr.decode()
    with pytest.raises(KustomizeError, match=error):
        build(DirTree(tmp_path), "", Options(enable_helm=True, helm_command=str(script)))


def test_without_the_flag_nothing_is_run(tmp_path: Path) -> None:
    kustomization(tmp_path, "helmCharts:\n- {name: app, releaseName: r}\n")
    with pytest.raises(KustomizeError, match="must specify --enable-helm") as caught:
        build(DirTree(tmp_path), "", Options(helm_command="/nonexistent"))
    assert (caught.value.path, caught.value.line) == ("kustomization.yaml", 2)
