"""The transformers of one kustomization, in the order in which they run (kustomize.md, section 2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from compiler.kustomize.config import Config
from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.identity import Origin
from compiler.kustomize.kustfile import Kustomization
from compiler.kustomize.loader import Loader
from compiler.kustomize.resource import Resources
from compiler.kustomize.schema import Table


class Step(NamedTuple):
    """One transformer, configured.

    Args:
        field: the field of the kustomization that asks for it.
        entry: its place in that field, where the field is a list.
        kind: the kind of the built-in transformer, as ``buildMetadata`` names it.
        run: what it does to the resources.
        origin: where its configuration stands, when it is an object of its own (``transformers``).
        by: what ``buildMetadata`` calls it then.
    """

    field: str
    entry: int | None
    kind: str
    run: Callable[[Resources], None]
    origin: Origin | None = None
    by: Mapping[str, str] | None = None


def built_in_steps(file: Kustomization, loader: Loader, config: Config, table: Table | None) -> list[Step]:
    """Configure every transformer that the fields ask for; all files are read before the first one runs.

    Args:
        table: the merge lists when ``openapi.path`` replaced the built-in ones.

    Raises:
        KustomizeError: a patch or file that cannot be read, with the field.
    """
    steps: list[Step] = []
    for make in _MAKERS:
        steps.extend(make(file, loader, config, table))
    return steps


Made = Iterator[Step]


def _merges(file: Kustomization, loader: Loader, config: Config, table: Table | None) -> Made:
    paths = file.items("patchesStrategicMerge")
    if not paths:
        return
    from compiler.kustomize.legacypatches import apply_legacy_merges, read_legacy_merges

    documents = _placed(file, "patchesStrategicMerge", None, lambda: read_legacy_merges(paths, loader, file.path))
    yield Step(
        "patchesStrategicMerge",
        None,
        "PatchStrategicMergeTransformer",
        partial(apply_legacy_merges, documents=documents, path=file.path, table=table),
    )


def _patches(file: Kustomization, loader: Loader, config: Config, table: Table | None) -> Made:
    entries = file.items("patches")
    if not entries:
        return
    from compiler.kustomize.patches import apply_patch, read_patch

    for index, entry in enumerate(entries):
        patch = _placed(file, "patches", index, partial(read_patch, entry, loader, file.path))
        yield Step(
            "patches",
            index,
            "PatchTransformer",
            partial(apply_patch, patch=patch, table=table),
        )


def _namespace(file: Kustomization, loader: Loader, config: Config, table: Table | None) -> Made:
    namespace = file.get("namespace")
    if not namespace:
        return
    from compiler.kustomize.namespace import set_namespace

    specs = config.specs("namespace")
    yield Step("namespace", None, "NamespaceTransformer", partial(set_namespace, namespace=namespace, specs=specs))


def _affixes(file: Kustomization, loader: Loader, config: Config, table: Table | None) -> Made:
    for field, kind in (("namePrefix", "PrefixTransformer"), ("nameSuffix", "SuffixTransformer")):
        text = file.get(field)
        if not text:
            continue
        from compiler.kustomize.names import add_affix

        specs = config.specs(field)
        suffix = field == "nameSuffix"
        yield Step(
            field,
            None,
            kind,
            partial(add_affix, text=text, specs=specs, suffix=suffix),
        )


def _labels(file: Kustomization, loader: Loader, config: Config, table: Table | None) -> Made:
    entries = file.items("labels")
    common = file.get("commonLabels") or {}
    if not entries and not common:
        return
    from compiler.kustomize.labels import label_specs, set_pairs

    for index, entry in enumerate(entries):
        specs = _placed(file, "labels", index, partial(label_specs, entry, config.tables))
        pairs = entry.get("pairs") or {}
        yield Step(
            "labels",
            index,
            "LabelTransformer",
            partial(set_pairs, pairs=pairs, specs=specs),
        )
    specs = config.specs("commonLabels")
    yield Step("commonLabels", None, "LabelTransformer", partial(set_pairs, pairs=common, specs=specs))


def _annotations(file: Kustomization, loader: Loader, config: Config, table: Table | None) -> Made:
    pairs = file.get("commonAnnotations")
    if not pairs:
        return
    from compiler.kustomize.labels import set_pairs

    specs = config.specs("commonAnnotations")
    yield Step(
        "commonAnnotations",
        None,
        "AnnotationsTransformer",
        partial(set_pairs, pairs=pairs, specs=specs),
    )


def _json_patches(file: Kustomization, loader: Loader, config: Config, table: Table | None) -> Made:
    entries = file.items("patchesJson6902")
    if not entries:
        return
    from compiler.kustomize.legacypatches import apply_legacy_json, read_legacy_json

    for index, entry in enumerate(entries):
        operations, path, text = _placed(file, "patchesJson6902", index, partial(read_legacy_json, entry, loader))
        target = entry.get("target") or {}
        yield Step(
            "patchesJson6902",
            index,
            "PatchJson6902Transformer",
            partial(apply_legacy_json, target=target, operations=operations, path=path or file.path, text=text),
        )


def _replicas(file: Kustomization, loader: Loader, config: Config, table: Table | None) -> Made:
    entries = file.items("replicas")
    if not entries:
        return
    from compiler.kustomize.replicas import set_replicas

    specs = config.specs("replicas")
    for index, entry in enumerate(entries):
        name, count = entry.get("name", ""), entry.get("count", 0)
        yield Step(
            "replicas",
            index,
            "ReplicaCountTransformer",
            partial(set_replicas, name=name, count=count, specs=specs),
        )


def _images(file: Kustomization, loader: Loader, config: Config, table: Table | None) -> Made:
    entries = file.items("images")
    if not entries:
        return
    from compiler.kustomize.images import Found, set_images

    specs = config.specs("images")
    # What one entry writes can change the kind, and with it where images are.
    found: Found | None = None if any(spec.path.strip("/") in ("apiVersion", "kind") for spec in specs.specs) else []
    for index, entry in enumerate(entries):
        yield Step(
            "images",
            index,
            "ImageTagTransformer",
            partial(set_images, images=[entry], specs=specs, found=found),
        )


def _replacements(file: Kustomization, loader: Loader, config: Config, table: Table | None) -> Made:
    entries = file.items("replacements")
    if not entries:
        return
    from compiler.kustomize.replacements import apply_replacements, read_replacements

    # An empty list of targets counts as none here, and not in a file or a transformer's configuration.
    entries = [{field: value for field, value in entry.items() if field != "targets" or value} for entry in entries]
    read = _placed(file, "replacements", None, lambda: read_replacements(entries, loader))
    yield Step("replacements", None, "ReplacementTransformer", partial(apply_replacements, entries=read))


_MAKERS: tuple[Callable[[Kustomization, Loader, Config, Table | None], Made], ...] = (
    *(_merges, _patches, _namespace, _affixes, _labels, _annotations),
    *(_json_patches, _replicas, _images, _replacements),
)


def _placed(file: Kustomization, field: str, index: int | None, make: Callable[[], Any]) -> Any:
    try:
        return make()
    except KustomizeError as error:
        raise file.place(error, field, index) from None
