"""Measure the engine against the real kubectl: CPU time and peak memory of the same builds, in one run.

Example:
  python tests/tools/bench_engine.py [--quick] [--floor] [--json FILE]

The table of ratios follows issue 3; --quick leaves out the case that takes the real tool half a minute, --floor adds
what it costs to read and print the same bytes with nothing between (:mod:`tests.tools.floor`).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.support.oracle import kubectl  # noqa: E402
from tests.tools.measure import Cost, cost  # noqa: E402

COMPILER = [str(Path(sys.executable).parent / "compiler"), "build"]
FLOOR = [sys.executable, "-m", "tests.tools.floor"]


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write files below a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


def workload(i: int) -> str:
    """The i-th resource of a base: a Deployment, a Service or a ConfigMap."""
    n = i // 3
    if i % 3 == 0:
        return f"""apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-{n}
  labels:
    app: app-{n}
spec:
  replicas: 2
  selector:
    matchLabels:
      app: app-{n}
  template:
    metadata:
      labels:
        app: app-{n}
    spec:
      containers:
      - name: main
        image: nginx:1.19
        env:
        - name: MODE
          value: production
        - name: CONFIG
          valueFrom:
            configMapKeyRef:
              name: config-{n}
              key: a
        ports:
        - containerPort: 8080
      - name: side
        image: busybox:1.0
        args: ["--verbose", "run"]
"""
    if i % 3 == 1:
        return f"""apiVersion: v1
kind: Service
metadata:
  name: app-{n}
spec:
  selector:
    app: app-{n}
  ports:
  - name: http
    port: 80
    targetPort: 8080
"""
    return f"""apiVersion: v1
kind: ConfigMap
metadata:
  name: config-{n}
data:
  a: value-{n}
  settings.ini: |
    [main]
    name = app-{n}
    level = info
"""


def base(count: int, prefix: str = "base") -> dict[str, str]:
    """A base of ``count`` resources, 50 documents a file."""
    files = {}
    names = []
    for start in range(0, count, 50):
        name = f"r{start // 50:03}.yaml"
        names.append(name)
        files[f"{prefix}/{name}"] = "---\n".join(workload(i) for i in range(start, min(start + 50, count)))
    files[f"{prefix}/kustomization.yaml"] = "resources:\n" + "".join(f"- {name}\n" for name in names)
    return files


def overlay(name: str, patches: int = 10) -> dict[str, str]:
    """An overlay with what an overlay usually has."""
    text = f"""resources:
- ../base
namePrefix: {name}-
namespace: ns-{name}
labels:
- pairs:
    env: {name}
  includeSelectors: true
commonAnnotations:
  team: platform
images:
- name: nginx
  newTag: 1.25.3
- name: busybox
  newName: registry.example.com/busybox
configMapGenerator:
- name: shared
  literals:
  - region=eu
replacements:
- source:
    kind: ConfigMap
    name: shared
    fieldPath: data.region
  targets:
  - select:
      kind: Deployment
    fieldPaths:
    - spec.template.spec.containers.[name=main].env.[name=MODE].value
patches:
"""
    for i in range(patches):
        text += f"""- patch: |
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: app-{i}
    spec:
      replicas: {i + 3}
      template:
        spec:
          containers:
          - name: main
            resources:
              limits:
                memory: 512Mi
"""
    return {f"{name}/kustomization.yaml": text}


def crds(size: int = 813_000) -> dict[str, str]:
    """About ``size`` bytes of CustomResourceDefinitions and RBAC, with patches."""
    documents = []
    total = i = 0
    while total < size:
        fields = "".join(
            f"""              field{j}:
                description: The field number {j} of the resource, which says how it should behave in the cluster.
                type: {("string", "integer", "boolean")[j % 3]}
"""
            for j in range(150)
        )
        documents.append(
            f"""apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: things{i}.example.com
spec:
  group: example.com
  names:
    kind: Thing{i}
    plural: things{i}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
{fields}"""
        )
        documents.append(
            f"""apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: thing{i}-editor
rules:
- apiGroups: [example.com]
  resources: [things{i}]
  verbs: [get, list, watch, create, update, patch, delete]
"""
        )
        total += len(documents[-1]) + len(documents[-2])
        i += 1
    text = "---\n".join(documents)
    kustomization = """resources:
- all.yaml
patches:
- patch: |
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata:
      name: things0.example.com
      annotations:
        cert-manager.io/inject-ca-from: system/serving
- target:
    kind: ClusterRole
  patch: |
    - op: add
      path: /rules/-
      value: {apiGroups: [""], resources: [events], verbs: [create]}
"""
    return {"crds/all.yaml": text, "crds/kustomization.yaml": kustomization}


def report(name: str, ours: Cost, theirs: Cost | None, limit: float, floor: Cost | None) -> dict[str, object]:
    """Print a row and return it."""
    ratio = ours.cpu / theirs.cpu if theirs else None
    memory = ours.peak / theirs.peak if theirs else None
    print(
        f"{name:44} {ours.cpu:8.3f} {theirs.cpu if theirs else float('nan'):9.3f} "
        f"{'' if ratio is None else f'{ratio:.4f}':>8} {'' if ratio is None else f'{limit:.2f}':>7} "
        f"{ours.peak:7.0f} {theirs.peak if theirs else float('nan'):7.0f} "
        f"{'' if memory is None else f'{memory:.2f}':>6} {'' if floor is None else f'{floor.cpu:.3f}':>7}",
        flush=True,
    )
    return {
        "name": name,
        "cpu": ours.cpu,
        "memory": ours.peak,
        "ratio": ratio,
        "limit": limit,
        "memory_ratio": memory,
        "floor": floor.cpu if floor else None,
    }


def main() -> int:
    """Run the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="without the cases that take the real tool minutes")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    parser.add_argument("--ours", action="store_true", help="measure only the engine")
    parser.add_argument("--floor", action="store_true", help="measure reading and printing alone too")
    arguments = parser.parse_args()
    real = [str(kubectl()), "kustomize"]
    titles = f"{'case':44} {'cpu s':>8} {'real':>9} {'ratio':>8} {'limit':>7} {'MB':>7} {'real':>7} {'ratio':>6}"
    print(f"{titles} {'floor':>7}" if arguments.floor else titles)
    rows = []

    def case(
        name: str,
        paths: Sequence[Path],
        limit: float,
        *,
        files: Sequence[Path] = (),
        oracle: bool = True,
        repeat: int = 1,
        real_repeat: int = 1,
    ) -> Cost:
        ours = cost([*COMPILER, *map(str, paths)], runs=repeat, cwd=ROOT)
        theirs = None
        if oracle and not arguments.ours:
            costs = [cost([*real, str(path)], runs=real_repeat) for path in paths]
            theirs = Cost(sum(one.cpu for one in costs), max(one.peak for one in costs))
        floor = None
        if arguments.floor:
            floor = cost([*FLOOR, "--times", str(len(paths)), *map(str, files)], runs=repeat, cwd=ROOT)
        rows.append(report(name, ours, theirs, limit, floor))
        return ours

    scratch = Path(tempfile.mkdtemp(prefix="bench-engine-"))
    # An installed package has its bytecode: without it every cold process would compile the sources again.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(scratch / "bytecode")
    try:
        small = write(
            scratch / "tiny",
            {
                "kustomization.yaml": "resources: [cm.yaml]\n",
                "cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  k: v\n",
            },
        )
        case("one ConfigMap, cold", [small], 1.5, files=[small / "cm.yaml"], repeat=9, real_repeat=9)
        large = write(scratch / "c", crds()) / "crds"
        case("813 kB of CRDs and RBAC", [large], 0.35, files=[large / "all.yaml"], repeat=5, real_repeat=2)
        big = write(scratch / "k1", {**base(1000), **overlay("prod")})
        read = sorted((big / "base").glob("r*.yaml"))
        case("1,000 resources with an overlay", [big / "prod"], 0.05, files=read, repeat=9, real_repeat=2)
        huge = write(scratch / "k3", {**base(3000), **overlay("prod")})
        read = sorted((huge / "base").glob("r*.yaml"))
        oracle = not arguments.quick
        case("3,000 resources with an overlay", [huge / "prod"], 0.01, files=read, oracle=oracle, repeat=9)
        content = base(30)
        for i in range(1000):
            content.update(overlay(f"o{i:04}", patches=3))
        fleet = write(scratch / "fleet", content)
        overlays = [fleet / f"o{i:04}" for i in range(1000)]
        read = sorted((fleet / "base").glob("r*.yaml"))
        hundred = case("fleet: 100 overlays over 30 resources", overlays[:100], 0.03, files=read, repeat=5)
        thousand = case("the same with 1,000 overlays", overlays, 12.0, files=read, oracle=False, repeat=3)
        print(f"1,000 overlays cost {thousand.cpu / hundred.cpu:.1f} times the 100 (at most 12)")
    finally:
        shutil.rmtree(scratch)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n")
    return 1 if any(row["ratio"] is not None and row["ratio"] > row["limit"] for row in rows) else 0  # type: ignore[operator]


if __name__ == "__main__":
    sys.exit(main())
