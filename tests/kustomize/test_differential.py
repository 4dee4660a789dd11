"""Random kustomization trees render as the real kubectl renders them; it runs longer as ``make fuzz``."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from compiler.kustomize import DirTree, KustomizeError, build
from tests.support.oracle import kustomize_build
from tests.tools.bench_engine import base, crds, overlay
from tests.tools.fuzz import compare, tree, write

CASES = Path(__file__).parent / "cases"
REFUSED = Path(__file__).parent / "refused"


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(min_value=0, max_value=2**32))
def test_a_random_tree_renders_as_the_real_tool_renders_it(seed: int) -> None:
    files = tree(seed)
    note(f"seed {seed}")
    with tempfile.TemporaryDirectory() as folder:
        outcome, details = compare(files, Path(folder))
    assert outcome in ("same", "refused", "crashed"), f"{outcome}\n{details}"


@pytest.mark.parametrize("name", sorted(path.name for path in CASES.iterdir()))
def test_a_folder_renders_as_the_real_tool_renders_it(name: str) -> None:
    """Each folder has a ``top`` to build: by hand, or a difference that was found once."""
    folder = CASES / name
    real = kustomize_build(folder / "top")
    assert real.returncode == 0, real.stderr.decode()
    rendering = build(DirTree(folder), "top")
    assert rendering.text.encode() == real.stdout
    assert [warning for warning in rendering.warnings if "deprecated" in warning] == [
        line for line in real.stderr.decode().splitlines() if "deprecated" in line
    ]


@pytest.mark.parametrize("name", sorted(path.name for path in REFUSED.iterdir()))
def test_a_folder_that_the_real_tool_refuses_is_refused_with_its_words(name: str) -> None:
    """Beside ``top``, each folder has a file ``said`` with the words that both must say."""
    folder = REFUSED / name
    said = (folder / "said").read_text(encoding="utf-8").strip()
    real = kustomize_build(folder / "top")
    assert real.returncode != 0
    assert said in real.stderr.decode()
    with pytest.raises(KustomizeError) as caught:
        build(DirTree(folder), "top")
    assert said in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(("files", "top"), [({**base(60), **overlay("prod")}, "prod"), (crds(60_000), "crds")])
def test_what_the_bench_measures_renders_the_same(files: dict[str, str], top: str, tmp_path: Path) -> None:
    write(files, tmp_path)
    assert build(DirTree(tmp_path), top).text.encode() == kustomize_build(tmp_path / top).stdout
