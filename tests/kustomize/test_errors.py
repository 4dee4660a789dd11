"""Bad input: an error that says what is wrong and what to do; never a crash, never half an output."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from compiler.kustomize import DirTree, KustomizeError, MemoryTree, build
from compiler.kustomize.bookkeeping import INTERNAL
from compiler.kustomize.reader import MAX_DEPTH
from tests.support.refusals import CM, refuse

FLOW = f"kind: Widget, metadata: {{name: a, annotations: {{{INTERNAL}needsHashSuffix: enabled}}}}"


def test_a_pattern_that_is_none_is_refused_by_re2() -> None:
    patch = "patches:\n- target: {name: '('}\n  patch: '- {op: add, path: /z, value: 1}'\n"
    error = refuse({"kustomization.yaml": f"resources: [r.yaml]\n{patch}", "r.yaml": CM})
    assert "error parsing regexp: missing closing ): `^(?:()$`" in str(error)
    assert error.line == 3


def test_the_documented_depth_is_accepted() -> None:
    deep = "[" * (MAX_DEPTH - 5) + "]" * (MAX_DEPTH - 5)
    fields = "labels: [{pairs: {a: b}}]\npatches:\n- target: {}\n  patch: '- {op: add, path: /z, value: 1}'\n"
    files = {"top/kustomization.yaml": f"resources: [r.yaml]\n{fields}", "top/r.yaml": f"{CM}data: {deep}\n"}
    assert build(MemoryTree(files), "top").text.count("- ") >= MAX_DEPTH - 6


def test_a_link_out_of_the_tree_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text(CM)
    top = tmp_path / "repo" / "top"
    top.mkdir(parents=True)
    (top / "kustomization.yaml").write_text("resources: [r.yaml]\n")
    (top / "r.yaml").symlink_to(tmp_path / "secret.yaml")
    with pytest.raises(KustomizeError, match="link out of"):
        build(DirTree(tmp_path / "repo"), "top")


def test_a_repeated_key_of_a_kustomization_is_accepted_with_a_warning() -> None:
    files = {"top/kustomization.yaml": "resources: [r.yaml]\nnamePrefix: a-\nnamePrefix: b-\n", "top/r.yaml": CM}
    rendering = build(MemoryTree(files), "top")
    assert "name: b-a" in rendering.text
    assert any("already defined" in warning for warning in rendering.warnings)


@pytest.mark.parametrize("options", [[], ["-o", "yaml"]])
def test_the_command_prints_nothing_on_stdout_when_one_path_fails(tmp_path: Path, options: list[str]) -> None:
    for name, text in (("good", "resources: [r.yaml]\n"), ("bad", "resources: [nope.yaml]\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "kustomization.yaml").write_text(text)
        (tmp_path / name / "r.yaml").write_text(CM)
    command = [sys.executable, "-m", "compiler", "build", str(tmp_path / "good"), str(tmp_path / "bad"), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "kustomization.yaml:1: resources[0]" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_huge_file_is_refused_without_being_read(tmp_path: Path) -> None:
    """The file is sparse; reading it would need a gigabyte, which the process may not have."""
    (tmp_path / "kustomization.yaml").write_text("resources: [r.yaml]\n")
    with open(tmp_path / "r.yaml", "wb") as file:
        file.truncate(1 << 30)
    limit = "import resource; resource.setrlimit(resource.RLIMIT_AS, (700 << 20,) * 2)"
    command = f"{limit}; from compiler.__main__ import main; raise SystemExit(main())"
    done = subprocess.run(
        [sys.executable, "-c", command, "build", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2, done.stderr
    assert "larger than the limit" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_link_out_of_the_kustomization_is_refused(tmp_path: Path) -> None:
    (tmp_path / "top").mkdir()
    (tmp_path / "other.yaml").write_text(CM)
    (tmp_path / "top" / "kustomization.yaml").write_text("resources: [r.yaml]\n")
    (tmp_path / "top" / "r.yaml").symlink_to("../other.yaml")
    with pytest.raises(KustomizeError, match="is not in or below 'top'") as caught:
        build(DirTree(tmp_path), "top")
    assert "load-restrictor" in str(caught.value)


def test_a_hash_that_depends_on_what_is_not_in_the_nodes_is_refused_by_name() -> None:
    marked = f"{CM.replace('ConfigMap', 'Widget')}  annotations:\n    {INTERNAL}needsHashSuffix: enabled\n"
    for files in (
        {"kustomization.yaml": "resources: [r.yaml]\nnamePrefix: x-\n", "r.yaml": marked},
        {"kustomization.yaml": "resources: [r.yaml]\n", "r.yaml": f"{marked}spec: a # b\n"},
        {"kustomization.yaml": "resources: [r.yaml]\n", "r.yaml": f"{marked}spec: &a b\n"},
        {"kustomization.yaml": "resources: [r.yaml]\n", "r.yaml": f"kind: List\nitems: [{{{FLOW}}}]\n"},
    ):
        error = refuse(files)
        assert error.unsupported
        assert "hash suffix" in error.message


@pytest.mark.parametrize(
    ("resource", "patch"),
    [
        ('list: # {"$openapi":"x"}\n- name: a\n', "list: [{name: b}]\n"),
        ("list: [{name: a}]\n", '# {"type":"array"}\nlist: [{name: b}]\n'),
        ('list:\n# {"old":1} is gone\n# since then\n- name: a\n', "list: [{name: b}]\n"),
        ('list: [{name: a}] # {"old":1}\n', "list: [{name: b}]\n"),
        ('list: &all # {"old":1}\n- [a] # {"old":1}\n', "list: [{name: b}]\n"),
    ],
)
def test_a_comment_that_rules_a_merge_is_refused_by_name(resource: str, patch: str) -> None:
    error = refuse(
        {
            "kustomization.yaml": "resources: [r.yaml]\npatches: [{path: p.yaml}]\n",
            "r.yaml": CM + resource,
            "p.yaml": CM + patch,
        }
    )
    assert error.unsupported
    assert "JSON schema" in error.message
    assert error.line
    assert error.line > 1


@pytest.mark.parametrize(
    "operation",
    [
        '{"op": "remove", "path": "/metadata/name"}',
        '{"op": "replace", "path": "/metadata", "value": null}',
        '{"op": "remove", "path": "/metadata"}',
        '{"op": "replace", "path": "", "value": {"kind": "ConfigMap"}}',
        '{"op": "replace", "path": "", "value": "x"}, {"op": "add", "path": "/a", "value": 1}',
    ],
)
def test_a_patch_that_takes_an_object_apart_is_refused(operation: str) -> None:
    generator = "configMapGenerator: [{name: c, literals: [a=b]}]\n"
    patches = f"patches: [{{target: {{kind: ConfigMap}}, patch: '[{operation}]'}}]\n"
    assert refuse({"kustomization.yaml": generator + patches}).path == "top/kustomization.yaml"


@pytest.mark.parametrize(
    ("entry", "hint"),
    [
        (".", "a base cannot be the folder itself or lie above it"),
        ("./", "a base cannot be the folder itself or lie above it"),
        ("..", "a base cannot be the folder itself or lie above it"),
        ("''", "remove the empty entry"),
    ],
)
def test_a_folder_that_names_itself_is_told_what_is_wrong(entry: str, hint: str) -> None:
    assert refuse({"kustomization.yaml": f"resources: [{entry}]\n"}).hint == hint


@pytest.mark.parametrize("kind", ["pipe", "link to a device"])
@pytest.mark.parametrize(
    "text",
    [
        "resources: [file]",
        "components: [file]",
        "patches: [{path: file}]",
        "patchesStrategicMerge: [file]",
        "configMapGenerator: [{name: a, files: [file]}]",
        "configMapGenerator: [{name: a, envs: [file]}]",
        "transformers: [file]",
        "crds: [file]",
        "openapi: {path: file}",
    ],
)
def test_what_is_no_file_and_no_folder_is_said_to_be_so(tmp_path: Path, text: str, kind: str) -> None:
    (tmp_path / "kustomization.yaml").write_text(f"{text}\n")
    if kind == "pipe":
        os.mkfifo(tmp_path / "file")
    else:
        (tmp_path / "file").symlink_to("/dev/zero")
    with pytest.raises(KustomizeError) as caught:
        build(DirTree("/"), str(tmp_path))
    assert "is not a regular file" in str(caught.value) or "file is not directory" in str(caught.value)
    assert "did you mean" not in str(caught.value)


def test_a_folder_with_only_a_spec_is_told_to_be_generated(tmp_path: Path) -> None:
    (tmp_path / "pulp.yaml").write_text("")
    command = [sys.executable, "-m", "compiler", "build", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "`compiler generate`" in done.stderr


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ("", "not a map"),
        ("[]", "not a map"),
        ("x", "not a map"),
        ("definitions: []", "'definitions' is not a map"),
        ("paths: []", "'paths' is not a map"),
    ],
)
def test_a_schema_that_is_none_is_refused(schema: str, said: str) -> None:
    error = refuse({"kustomization.yaml": "openapi: {path: s}\nresources: [r.yaml]\n", "s": schema, "r.yaml": CM})
    assert error.path == "top/s"
    assert said in error.message
