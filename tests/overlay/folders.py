"""Folders in memory, the way a user would have them on disk, and the two builders that read them."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

from compiler.k8s.objects import Model
from tests.support.oracle import kustomize_build


def flat(model: Model, folder: str = "flat", resources: tuple[str, ...] = ()) -> dict[str, str]:
    """A folder that lists the objects of a model as JSON, so that our own YAML plays no part in it."""
    files: dict[str, str] = {}
    generated = []
    for config_map in model.config_maps:
        entry: dict[str, Any] = {"name": config_map.name, "options": {"labels": dict(config_map.labels)}}
        if model.namespace:
            entry["namespace"] = model.namespace
        entry["files"] = [f"{config_map.name}/{key}" for key in config_map.files]
        generated.append(entry)
        for key, text in config_map.files.items():
            files[f"{folder}/{config_map.name}/{key}"] = text
    files[f"{folder}/objects.yaml"] = "\n---\n".join(json_text(obj) for obj in model.objects)
    kustomization = {"resources": ["objects.yaml", *resources], "configMapGenerator": generated}
    files[f"{folder}/kustomization.yaml"] = json_text(kustomization)
    return files


def json_text(value: Any) -> str:
    """JSON that YAML reads alike: no surrogate pairs, no bare line breaks of Unicode."""
    text = json.dumps(value, ensure_ascii=False)
    return re.sub(r"[\x7f-\xa0\u2028\u2029\ufeff]", lambda found: f"\\u{ord(found[0]):04x}", text)


def under(folder: str, files: dict[str, str]) -> dict[str, str]:
    """The files below a folder."""
    return {f"{folder}/{path}": text for path, text in files.items()}


def oracle(files: dict[str, str], *folders: str) -> list[str]:
    """What the real kubectl prints for folders of a tree."""
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            target = Path(root, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode())
        printed = []
        for folder in folders:
            done = kustomize_build(Path(root, folder))
            assert done.returncode == 0, done.stderr.decode()
            printed.append(done.stdout.decode())
        return printed
