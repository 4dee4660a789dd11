"""Folders written by hand in the manner of real repositories, every kustomization field at least once.

Each folder that holds a kustomization file is built by the engine and by the real kubectl. Both must print the same
bytes, or both must refuse.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from compiler.kustomize import DirTree, KustomizeError, Options, build
from tests.support import oracle

FOLDERS = Path(__file__).parent / "folders"
TARGETS = sorted(str(path.parent.relative_to(FOLDERS)) for path in FOLDERS.rglob("kustomization.y*ml"))

# Every field of the kustomization file and of Component (kustomize reference, section 4.2), but for the deprecated
# spelling `helmChartInflationGenerator` of `helmCharts`.
FIELDS = {
    *("metadata", "resources", "bases", "components", "crds", "openapi", "configurations", "sortOptions"),
    *("generators", "transformers", "validators", "namePrefix", "nameSuffix", "namespace", "buildMetadata"),
    *("commonLabels", "labels", "commonAnnotations", "patches", "patchesStrategicMerge", "patchesJson6902"),
    *("images", "imageTags", "replicas", "replacements", "vars", "helmCharts", "helmGlobals"),
    *("configMapGenerator", "secretGenerator", "generatorOptions"),
}


@pytest.mark.parametrize("folder", TARGETS)
def test_the_engine_prints_what_the_real_one_prints(folder: str) -> None:
    helm = str(oracle.helm())
    theirs = oracle.kustomize_build(FOLDERS / folder, "--enable-helm", "--helm-command", helm)
    options = Options(enable_helm=True, helm_command=helm)
    if theirs.returncode != 0:
        with pytest.raises(KustomizeError):
            build(DirTree(FOLDERS), folder, options)
        return
    assert build(DirTree(FOLDERS), folder, options).text == theirs.stdout.decode()


def test_every_field_is_used_at_least_once() -> None:
    used: set[str] = set()
    for target in TARGETS:
        for name in ("kustomization.yaml", "kustomization.yml"):
            path = FOLDERS / target / name
            if path.exists():
                used |= set(yaml.safe_load(path.read_text()))
    assert used >= FIELDS
