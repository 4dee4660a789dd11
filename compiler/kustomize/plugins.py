"""``transformers:``, ``generators:``, ``validators:``: built-in plugins configured by objects (kustomize.md, 16.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from compiler.kustomize.accumulator import Accumulator, Settings
from compiler.kustomize.bases import add_resource
from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.fieldspec import FieldSpec, Specs
from compiler.kustomize.identity import Origin, group_version, id_text
from compiler.kustomize.kustfile import Kustomization
from compiler.kustomize.loader import Loader
from compiler.kustomize.reader import read_documents
from compiler.kustomize.resfile import make_resources
from compiler.kustomize.resource import Resource, Resources
from compiler.kustomize.steps import Step
from compiler.kustomize.strict import decode
from compiler.kustomize.values import plain_object

Run = Callable[[Resources], None]
_GENERATORS = ("ConfigMapGenerator", "SecretGenerator", "HelmChartInflationGenerator", "IAMPolicyGenerator")
_VALIDATED_BY = "validated-by"


def transformer_steps(
    file: Kustomization, loader: Loader, settings: Settings, field: str = "transformers"
) -> list[Step]:
    """The steps of ``transformers:`` (or ``validators:``).

    Raises:
        KustomizeError: an unknown or foreign kind, or a wrong configuration.
    """
    steps = []
    for index, resource in _configs(file, loader, settings, field):
        try:
            _require_builtin(resource)
            if resource.kind in _GENERATORS:
                raise KustomizeError(f"plugin {_id(resource)} not a transformer", hint="list it under generators")
            maker = _TRANSFORMERS.get(resource.kind)
            if maker is None:
                raise _unknown(resource)
            run = maker(_config(resource), loader, file)
            if isinstance(run, partial) and "table" in run.keywords:
                run = partial(run, table=settings.table)
        except KustomizeError as error:
            raise _placed(error, resource, file, field, index) from None
        steps.append(Step(field, index, resource.kind, run, resource.origin, configured_by(resource)))
    return steps


def run_generators(file: Kustomization, loader: Loader, settings: Settings) -> list[tuple[str, int | None, Resource]]:
    """What the entries of ``generators:`` make.

    Raises:
        KustomizeError: an unknown or foreign kind, or a wrong configuration.
    """
    from compiler.kustomize.generators import generate

    made: list[tuple[str, int | None, Resource]] = []
    for index, resource in _configs(file, loader, settings, "generators"):
        before, origin = len(made), Origin(resource.origin.path, resource.origin.line)
        try:
            _require_builtin(resource)
            if resource.kind in ("ConfigMapGenerator", "SecretGenerator"):
                entry = _config(resource)
                metadata = entry.get("metadata") or {}
                for field in ("name", "namespace"):
                    entry[field] = entry.get(field) or metadata.get(field, "")
                kind = resource.kind.removesuffix("Generator")
                made.append(("generators", index, generate(kind, entry, {}, loader, origin)))
            elif resource.kind == "IAMPolicyGenerator":
                from compiler.kustomize.iampolicy import service_account

                made.append(("generators", index, service_account(_config(resource), origin)))
            elif resource.kind == "HelmChartInflationGenerator":
                from compiler.kustomize.helm import chart_objects

                objects = chart_objects(_config(resource), loader, settings, origin)
                made.extend(("generators", index, one) for one in objects)
            elif resource.kind in _TRANSFORMERS:
                raise KustomizeError(f"plugin {_id(resource)} not a generator", hint="list it under transformers")
            else:
                raise _unknown(resource)
        except KustomizeError as error:
            raise _placed(error, resource, file, "generators", index) from None
        for _, _, one in made[before:]:
            one.generator.by = configured_by(resource)
    return made


def run_validators(file: Kustomization, loader: Loader, settings: Settings, resources: Resources) -> None:
    """Run ``validators:``: transformers that may set nothing but the label ``validated-by``.

    Raises:
        KustomizeError: one of them changed something else.
    """
    for step in transformer_steps(file, loader, settings, "validators"):
        before = [plain_object(resource.node) for resource in resources]
        step.run(resources)
        after = [_without_label(plain_object(resource.node)) for resource in resources]
        if before != after:
            raise KustomizeError(
                "validator shouldn't modify the resource map",
                path=file.path,
                field=f"validators[{step.entry}]",
                hint="list it under transformers",
            )


def _without_label(data: Any) -> Any:
    labels = (data.get("metadata") or {}).get("labels")
    if isinstance(labels, dict) and _VALIDATED_BY in labels:
        del labels[_VALIDATED_BY]
        if not labels:
            del data["metadata"]["labels"]
    return data


def _configs(file: Kustomization, loader: Loader, settings: Settings, field: str) -> list[tuple[int, Resource]]:
    """The configuration objects of a field: inline ones first, then those of files and folders."""
    inline = Accumulator()
    paths: list[tuple[int, str, str]] = []
    indexes: dict[int, int] = {}
    for index, entry in enumerate(file.items(field)):
        try:
            found = make_resources(read_documents(entry.encode("utf-8", "surrogatepass")), file.path)
        except KustomizeError as error:
            paths.append((index, entry, error.message))
            continue
        try:
            inline.resources.extend(found)
        except KustomizeError as error:
            error.path, error.line, error.hint = None, None, "give each a metadata.name of its own"
            raise file.place(error, field, index) from None
        indexes.update({id(resource): index for resource in found})
    for index, path, said in paths:
        try:
            add_resource(path, loader, settings, inline)
        except KustomizeError as error:
            if "\n" in path:  # no name of a file
                error.at(hint=f"read as an object: {said}")
            raise file.place(error, field, index) from None
        for resource in inline.resources:
            indexes.setdefault(id(resource), index)
    return [(indexes[id(resource)], resource) for resource in inline.resources]


def _placed(error: KustomizeError, resource: Resource, file: Kustomization, field: str, index: int) -> KustomizeError:
    """An error about a configuration object, with its place: its file's, or the entry that holds it as text."""
    if resource.origin.path != file.path:
        error.at(resource.origin.path, line=resource.origin.line)
    elif error.path is None and error.field is not None:
        error.field = f"{field}[{index}].{error.field}"
    return file.place(error, field, index)


def _require_builtin(resource: Resource) -> None:
    if resource.api_version == "builtin":
        return
    annotations = resource.strings("annotations")
    if "config.kubernetes.io/function" in annotations or "config.k8s.io/function" in annotations:
        raise KustomizeError(
            f"functions are not run: '{resource.kind}'",
            hint="run the function yourself and commit its output",
            unsupported=True,
        )
    raise KustomizeError(
        f"external plugins disabled; unable to load external plugin '{resource.kind}'",
        hint="only kinds of apiVersion builtin can run",
    )


def configured_by(resource: Resource) -> dict[str, str]:
    """A plugin's configuration as ``buildMetadata`` names it."""
    names = {"kind": resource.kind, "name": resource.name, "namespace": resource.namespace}
    return {field: text for field, text in names.items() if text}


def _unknown(resource: Resource) -> KustomizeError:
    from difflib import get_close_matches

    near = get_close_matches(resource.kind, [*_TRANSFORMERS, *_GENERATORS], 1)
    _, version = group_version(resource.api_version)
    return KustomizeError(
        f"unable to load builtin {resource.kind}.{version}.[noGrp]", hint=f"did you mean {near[0]}?" if near else None
    )


def _id(resource: Resource) -> str:
    return id_text(resource.current(), resource.namespace)


def _config(resource: Resource) -> dict[str, Any]:
    """The configuration in an object; the affix transformers alone read it with go-yaml, heeding case."""
    data = plain_object(resource.node)
    assert isinstance(data, dict)  # noqa: S101 - an object is a map
    if resource.kind == "HashTransformer":
        return data
    affix = resource.kind in ("PrefixTransformer", "SuffixTransformer", "PrefixSuffixTransformer")
    return decode(data, resource.kind, what="", known_only=False, coerce=True, any_case=not affix)


def _specs(config: Mapping[str, Any]) -> Specs:
    return Specs(
        FieldSpec(
            entry.get("group", ""),
            entry.get("version", ""),
            entry.get("kind", ""),
            entry.get("path", ""),
            entry.get("create", False),
        )
        for entry in config.get("fieldSpecs", ())
    )


def _pairs(field: str) -> Callable[[dict[str, Any], Loader, Kustomization], Run]:
    def make(config: dict[str, Any], loader: Loader, file: Kustomization) -> Run:
        from compiler.kustomize.labels import set_pairs

        pairs, specs = config.get(field) or {}, _specs(config)
        return lambda resources: set_pairs(resources, pairs, specs)

    return make


def _affix(*fields: str) -> Callable[[dict[str, Any], Loader, Kustomization], Run]:
    def make(config: dict[str, Any], loader: Loader, file: Kustomization) -> Run:
        from compiler.kustomize.names import add_affix

        if "fieldSpecs" not in config:
            raise KustomizeError("fieldSpecs is not expected to be nil", hint="add fieldSpecs: [{path: metadata/name}]")
        specs = _specs(config)

        def run(resources: Resources) -> None:
            for field in fields:
                add_affix(resources, config.get(field, ""), specs, suffix=field == "suffix")

        return run

    return make


def _namespace(config: dict[str, Any], loader: Loader, file: Kustomization) -> Run:
    from compiler.kustomize.namespace import set_namespace

    namespace = (config.get("metadata") or {}).get("namespace", "")
    specs, mode = _specs(config), config.get("setRoleBindingSubjects", "")
    unset = config.get("unsetOnly", False)
    return lambda resources: set_namespace(resources, namespace, specs, unset_only=unset, subjects=mode)


def _patch(config: dict[str, Any], loader: Loader, file: Kustomization) -> Run:
    from compiler.kustomize.patches import apply_patch, read_patch

    patch = read_patch(config, loader, file.path)
    return partial(apply_patch, patch=patch, table=None)


def _merge(config: dict[str, Any], loader: Loader, file: Kustomization) -> Run:
    from compiler.kustomize.legacypatches import apply_legacy_merges, read_legacy_merges

    entries = [*config.get("paths", ()), *([config["patches"]] if config.get("patches") else [])]
    if not entries:
        raise KustomizeError("empty file path and empty patch content")
    documents = read_legacy_merges(entries, loader, file.path)
    return partial(apply_legacy_merges, documents=documents, path=file.path, table=None)


def _json_patch(config: dict[str, Any], loader: Loader, file: Kustomization) -> Run:
    from compiler.kustomize.legacypatches import apply_legacy_json, read_legacy_json

    entry = {**config, "patch": config.get("jsonOp", "")}
    operations, path, text = read_legacy_json(entry, loader)
    target = config.get("target") or {}
    return partial(apply_legacy_json, target=target, operations=operations, path=path or file.path, text=text)


def _replacements(config: dict[str, Any], loader: Loader, file: Kustomization) -> Run:
    from compiler.kustomize.replacements import apply_replacements, read_replacements

    entries = read_replacements(config.get("replacements", ()), loader)
    return partial(apply_replacements, entries=entries)


def _replicas(config: dict[str, Any], loader: Loader, file: Kustomization) -> Run:
    from compiler.kustomize.replicas import set_replicas

    replica, specs = config.get("replica") or {}, _specs(config)
    return lambda resources: set_replicas(resources, replica.get("name", ""), replica.get("count", 0), specs)


def _images(config: dict[str, Any], loader: Loader, file: Kustomization) -> Run:
    from compiler.kustomize.images import set_images

    image, specs = config.get("imageTag") or {}, _specs(config)
    return lambda resources: set_images(resources, [image], specs)


def _hash(config: dict[str, Any], loader: Loader, file: Kustomization) -> Run:
    from compiler.kustomize.hashing import add_hashes

    return add_hashes


def _value_add(config: dict[str, Any], loader: Loader, file: Kustomization) -> Run:
    from compiler.kustomize.valueadd import value_add

    return value_add(config, loader)


_TRANSFORMERS: Mapping[str, Callable[[dict[str, Any], Loader, Kustomization], Run]] = {
    "AnnotationsTransformer": _pairs("annotations"),
    "HashTransformer": _hash,
    "ImageTagTransformer": _images,
    "LabelTransformer": _pairs("labels"),
    "NamespaceTransformer": _namespace,
    "PatchJson6902Transformer": _json_patch,
    "PatchStrategicMergeTransformer": _merge,
    "PatchTransformer": _patch,
    "PrefixSuffixTransformer": _affix("prefix", "suffix"),
    "PrefixTransformer": _affix("prefix"),
    "ReplacementTransformer": _replacements,
    "ReplicaCountTransformer": _replicas,
    "SuffixTransformer": _affix("suffix"),
    "ValueAddTransformer": _value_add,
}
