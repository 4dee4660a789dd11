"""The trace is a mode of the same pipeline: same text, and every story ends in the rendered value."""

from __future__ import annotations

import posixpath
import subprocess
import sys
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.kustomize import DirTree, KustomizeError, MemoryTree, Options, Rendering, Trace, Tree, build
from compiler.kustomize.trace import same
from compiler.kustomize.trace_chain import MISSING, chain, leaves, value_at
from compiler.kustomize.trace_lines import Lines
from tests.explain.folders import DEPLOYMENT
from tests.tools.conformance import VECTORS, load

ROOT = Path(__file__).parents[2]
FOLDERS = ROOT / "tests" / "realistic" / "folders"
TARGETS = sorted(str(path.parent.relative_to(FOLDERS)) for path in FOLDERS.rglob("kustomization.y*ml"))
OVERLAYS = sorted(str(path.parent.relative_to(ROOT)) for path in ROOT.glob("overlays/*/kustomization.yaml"))
PASSING = [case for case in load(VECTORS) if "yaml" in case["expect"]]


def check(tree: Tree, folder: str, options: Options | None = None) -> Rendering | None:
    """Render with and without a trace, and check the promises of the trace."""
    plain = options or Options()
    trace = Trace()
    traced = Options(restricted=plain.restricted, trace=trace)
    wanted, problem = _attempt(tree, folder, plain)
    if wanted is None:
        assert _attempt(tree, folder, traced) == (None, problem)
        return None
    found = build(tree, folder, traced)
    assert (found.text, found.warnings) == (wanted.text, wanted.warnings)
    assert [history.data for history in trace.histories] == [one.data for one in wanted.objects]
    lines = Lines(tree, trace)
    for history in trace.histories:
        for path in leaves(history.data):
            links = chain(history, path)
            assert same(links[-1].after, value_at(history.data, path))
            assert links[0].before is MISSING
            for earlier, later in pairwise(links):
                assert same(earlier.after, later.before)
            place = lines.place(history, links[-1])
            assert tree.is_file(place.path), place
    return wanted


def _attempt(tree: Tree, folder: str, options: Options) -> tuple[Rendering | None, str]:
    try:
        return build(tree, folder, options), ""
    except KustomizeError as error:
        return None, str(error)


@pytest.mark.parametrize("folder", TARGETS)
def test_a_realistic_folder_renders_alike_and_every_story_ends_in_its_value(folder: str) -> None:
    check(DirTree(FOLDERS), folder)


@pytest.mark.parametrize("folder", OVERLAYS)
def test_an_overlay_here_renders_alike_and_every_story_ends_in_its_value(folder: str) -> None:
    assert check(DirTree(ROOT), folder) is not None


@pytest.mark.parametrize("part", range(8))
def test_the_recorded_cases_render_alike(part: int) -> None:
    for case in PASSING[part::8]:
        files = {posixpath.join("case", path): content for path, content in case["files"].items()}
        files.setdefault("case/.keep", "")
        loose = "--load-restrictor=LoadRestrictionsNone" in case.get("options", {}).get("args", [])
        folder = posixpath.normpath(posixpath.join("case", case["build_dir"]))
        check(MemoryTree(files), folder, Options(restricted=not loose))


def test_a_build_without_a_trace_does_not_even_load_it() -> None:
    code = (
        "import sys; from compiler.__main__ import main; sys.argv = ['compiler', 'build', 'base/pulp']; main()\n"
        "assert 'compiler.kustomize.pipeline' in sys.modules\n"
        "assert not [name for name in sys.modules if name.startswith('compiler.kustomize.trace')]"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


NAMES = st.sampled_from(["web", "sidecar", "new", "other"])
CONTAINERS = st.lists(
    st.fixed_dictionaries({"name": NAMES}, optional={"image": st.sampled_from(["x", "y:1"])}),
    max_size=3,
    unique_by=lambda item: item["name"],
)
ENTRIES: Mapping[str, st.SearchStrategy[object]] = {
    "namePrefix": st.sampled_from(["a-", "b-"]),
    "namespace": st.sampled_from(["one", "two"]),
    "images": st.just([{"name": "x", "newTag": "7"}, {"name": "registry.example.com/web", "digest": "sha256:0"}]),
    "commonLabels": st.dictionaries(st.sampled_from(["app", "team"]), st.sampled_from(["p", "q"]), min_size=1),
    "commonAnnotations": st.dictionaries(st.sampled_from(["k", "l"]), st.sampled_from(["1", "q"]), min_size=1),
    "configMapGenerator": st.just([{"name": "c", "literals": ["A=1"]}]),
    "patches": st.lists(
        st.one_of(
            CONTAINERS.map(
                lambda containers: {
                    "patch": {
                        "apiVersion": "apps/v1",
                        "kind": "Deployment",
                        "metadata": {"name": "web"},
                        "spec": {"replicas": len(containers), "template": {"spec": {"containers": containers}}},
                    },
                    "target": {"kind": "Deployment"},
                }
            ),
            st.sampled_from(["add", "replace"]).map(
                lambda verb: {
                    "patch": [{"op": verb, "path": "/spec/template/spec/containers/0", "value": {"name": "json"}}],
                    "target": {"kind": "Deployment"},
                }
            ),
            st.just({"patch": [{"op": "remove", "path": "/spec/replicas"}], "target": {"kind": "Deployment"}}),
        ),
        min_size=1,
        max_size=3,
    ),
}
LAYERS = st.lists(st.fixed_dictionaries({}, optional=dict(ENTRIES)), min_size=1, max_size=3)


@settings(max_examples=60, deadline=None)
@given(LAYERS)
def test_the_last_step_of_every_story_yields_the_rendered_value(layers: list[dict[str, object]]) -> None:
    import json

    files = {"l0/kustomization.yaml": "resources: [web.yaml]\n", "l0/web.yaml": DEPLOYMENT}
    for number, layer in enumerate(layers, 1):
        patches = layer.get("patches", [])
        assert isinstance(patches, list)
        entries = [{**entry, "patch": json.dumps(entry["patch"])} for entry in patches]
        data = {"resources": [f"../l{number - 1}"], **layer, **({"patches": entries} if entries else {})}
        files[f"l{number}/kustomization.yaml"] = json.dumps(data)
    check(MemoryTree({path: text.encode() for path, text in files.items()}), f"l{len(layers)}")
