"""Small repositories in memory, rendered with a trace."""

from __future__ import annotations

from collections.abc import Mapping

from compiler.kustomize import MemoryTree
from compiler.workspace.explain import Explanation, Field, explain

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
      - name: web
        image: registry.example.com/web:1.0
        args: [--one, --two]
        env:
        - name: LEVEL
          value: info
      - name: sidecar
        image: registry.example.com/sidecar:2.0
"""


def tell(files: Mapping[str, str], target: str | None = None, field: str | None = None) -> Explanation:
    """Explain the folder ``app`` of a tree that also has ``base``, a Deployment ``web``."""
    tree = {"base/kustomization.yaml": "resources:\n- web.yaml\n", "base/web.yaml": DEPLOYMENT, **files}
    return explain(MemoryTree({path: text.encode() for path, text in tree.items()}), "app", target, field)


def one(files: Mapping[str, str], field: str, target: str = "Deployment/*web*") -> Field:
    """The only field that is meant."""
    found = tell(files, target, field).fields
    assert len(found) == 1, [each.path for each in found]
    return found[0]


def story(field: Field) -> list[tuple[str, object, object]]:
    """The steps as (file:line, before, after)."""
    return [(str(step.origin), step.before, step.after) for step in field.steps]
