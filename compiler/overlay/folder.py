"""The Kustomize folder that turns a parent's rendering into a wanted model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from compiler.errors import CompilerError
from compiler.k8s.objects import Model, Object
from compiler.overlay.files import Files, ordered, text_of
from compiler.overlay.generators import Generators, generators
from compiler.overlay.identity import identity_of, match
from compiler.overlay.images import image_changes, with_old_images
from compiler.overlay.namespace import shared_namespace
from compiler.overlay.patches import ObjectPatch, deletion, patch_between
from compiler.overlay.replicas import replica_counts, with_count_of

Pair = tuple[Object, Object]


def compute(
    parent: Model | None,
    wanted: Model,
    *,
    base: str | None,
    resources: Sequence[str] = (),
    components: Sequence[str] = (),
) -> dict[str, str]:
    """The smallest readable folder that Kustomize 5.8.1 turns into ``wanted``.

    ``build(compute(parent, wanted))`` prints what a folder prints that lists the objects of ``wanted`` as resources and
    generates its ConfigMaps, for any two models of this domain:

    * Objects have ``apiVersion``, ``kind`` and ``metadata.name``; ids (group, version, kind, namespace, name; no
      namespace is ``default``) are unique in each model. A new version of a kind is a new object.
    * ``metadata.annotations`` is absent or a map of texts, without names below ``internal.config.kubernetes.io/``,
      ``config.kubernetes.io/local-config`` and the rest that Kustomize keeps for itself; ``metadata`` is a map, and so
      is everything through which Kustomize looks for names, images and namespaces.
    * No kind ends in ``List``. Keys are texts, without line breaks; numbers are finite; integers of an object that
      needs a JSON 6902 operation have 53 bits. No text holds characters that YAML cannot hold.
    * A ConfigMap is generated in both models or in none; its keys are file names; it moves to another namespace only
      with all other objects.
    * No two objects of one version, kind and name differ only in their group if one is of the core group and needs a
      JSON 6902 operation (a target cannot name the core group).
    * References: where Kustomize follows a name (kustomize.md, 13) to an object whose namespace changes, a
      ``namespace`` beside the name is the object's.

    Args:
        parent: what the folder ``base`` renders to; None for a folder that stands alone.
        wanted: what the folder must render to.
        base: the parent's folder, relative to this one.
        resources: more folders to list, relative to this one; what they hold must already be in the model's namespace.
        components: Kustomize components, relative to this folder; they are applied after generators, before patches.

    Returns:
        Relative path to text: ``kustomization.yaml``, ``resources/``, ``patches/`` and ``files/``.

    Raises:
        CompilerError: the models are outside the domain in a way that can be seen beforehand.
    """
    namespace = shared_namespace(wanted)
    matching = match(parent.objects if parent else (), wanted.objects, moving=namespace is not None)
    pairs = [(old, _where(old, new) if namespace else new) for old, new in matching.pairs]
    images = image_changes(pairs, matching.new)
    pairs = [(old, with_old_images(old, new, images)) for old, new in pairs]
    counts = replica_counts(pairs, wanted.objects)
    pairs = [(old, with_count_of(old, new) if _counted(new, counts) else new) for old, new in pairs]
    made = generators(parent, wanted, moving=namespace is not None)

    files = Files()
    everything = [old for old, _ in matching.pairs] + list(matching.new) + list(matching.gone)
    patches = _patches(files, [*pairs, *made.relabelled], [*matching.gone, *made.gone], everything)
    created = [files.add("resources", obj, ordered(obj)) for obj in matching.new]
    kustomization: dict[str, Any] = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": namespace,
        "resources": [*([base] if base is not None else []), *resources, *sorted(created)],
        "components": list(components),
        "configMapGenerator": list(made.entries),
        "images": [change.entry() for change in images],
        "replicas": [{"name": name, "count": count} for name, count in counts.items()],
        "patches": patches,
    }
    kept = {key: value for key, value in kustomization.items() if value or key == "resources"}
    return {"kustomization.yaml": text_of(kept), **_all_files(files, made)}


def _all_files(files: Files, made: Generators) -> dict[str, str]:
    return dict(sorted({**files.texts, **made.files}.items()))


def _where(old: Object, new: Object) -> Object:
    """``new`` in the namespace of ``old``: the kustomization's ``namespace`` comes after the patches."""
    metadata = {key: value for key, value in new["metadata"].items() if key != "namespace"}
    if "namespace" in old["metadata"]:
        metadata["namespace"] = old["metadata"]["namespace"]
    return {**new, "metadata": metadata}


def _counted(obj: Object, counts: dict[str, int]) -> bool:
    return obj.get("kind") in ("Deployment", "StatefulSet", "ReplicaSet", "ReplicationController") and (
        str(obj["metadata"]["name"]) in counts
    )


def _patches(
    files: Files, pairs: Sequence[Pair], gone: Sequence[Object], everything: Sequence[Object]
) -> list[dict[str, Any]]:
    """Write the patches and return the entries of ``patches``, sorted by path."""
    entries: list[dict[str, Any]] = [{"path": files.add("patches", old, deletion(old))} for old in gone]
    for old, new in pairs:
        patch = patch_between(old, new)
        if patch.merge is not None:
            entries.append({"path": files.add("patches", old, ordered(patch.merge))})
        if patch.operations:
            path = files.add("patches", old, list(patch.operations), suffix=".json6902")
            entries.append({"path": path, "target": _target(old, patch, everything)})
    # An object's merge comes before its operations: "x.json6902.yaml" would otherwise sort before "x.yaml".
    return sorted(entries, key=lambda entry: ("target" in entry, entry["path"]))


def _target(old: Object, patch: ObjectPatch, everything: Sequence[Object]) -> dict[str, str]:
    """The target that selects ``old`` alone; its parts are regular expressions, and an empty one selects all."""
    identity = identity_of(old)
    for other in map(identity_of, everything):
        if other != identity and not identity.group and other._replace(group="") == identity:
            raise CompilerError(
                f"{identity} needs the JSON 6902 operation on {patch.operations[0]['path']}, but a target cannot "
                f"tell it from the object of the same name in group {other.group}"
            )
    target = {"group": identity.group, "version": identity.version, "kind": identity.kind, "name": identity.name}
    if "namespace" in old["metadata"] or any(
        other._replace(namespace="") == identity._replace(namespace="") and other != identity
        for other in map(identity_of, everything)
    ):
        target["namespace"] = identity.namespace
    return {key: re.sub(r"([.+*?()|\[\]{}^$\\])", r"\\\1", value) for key, value in target.items() if value}
