"""The folder that a model is by definition: objects as resources, ConfigMaps as generators, nothing computed."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from compiler.k8s.objects import Model


def flat(model: Model, *, resources: Sequence[str] = ()) -> dict[str, str]:
    """The files of that folder: what an overlay must render to is what this renders to.

    The objects are written as JSON, so that :mod:`compiler.k8s.yaml` takes no part on this side of the comparison.

    Args:
        model: any model.
        resources: more folders to list, relative to this one.

    Returns:
        Relative path to text.
    """
    files: dict[str, str] = {}
    entries = []
    for config_map in model.config_maps:
        entry: dict[str, Any] = {"name": config_map.name}
        if model.namespace:
            entry["namespace"] = model.namespace
        entry["files"] = [f"{config_map.name}/{key}" for key in config_map.files]
        entry["options"] = {"labels": dict(config_map.labels)}
        entries.append(entry)
        files.update({f"{config_map.name}/{key}": text for key, text in config_map.files.items()})
    files["objects.yaml"] = "\n---\n".join(_json(obj) for obj in model.objects)
    files["kustomization.yaml"] = _json({"resources": ["objects.yaml", *resources], "configMapGenerator": entries})
    return files


def _json(value: Any) -> str:
    """JSON that YAML reads alike: without surrogate pairs, and without what YAML takes for a line break."""
    text = json.dumps(value, ensure_ascii=False)
    return re.sub(r"[\x7f-\xa0\u2028\u2029\ufeff]", lambda found: f"\\u{ord(found[0]):04x}", text)
