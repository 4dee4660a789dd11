"""The pipeline: accumulating kustomizations from the leaves up, then what is done once at the root (section 2)."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter

from compiler.kustomize.accumulator import Accumulator, Settings
from compiler.kustomize.bases import add_component, add_resource
from compiler.kustomize.config import Config, default_config, empty_config, merged, read_configuration
from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.identity import Origin, know_cluster_scoped
from compiler.kustomize.kustfile import Kustomization
from compiler.kustomize.loader import Loader
from compiler.kustomize.resource import Resource, Resources
from compiler.kustomize.scalars import is_null, text_of
from compiler.kustomize.steps import Step, built_in_steps

_node = attrgetter("node")
_ADDING = frozenset(["NamespaceTransformer", "PrefixTransformer", "SuffixTransformer", "LabelTransformer"])
"""Transformers that run over every object, and never leave one empty."""
_LOCAL = "config.kubernetes.io/local-config"


def run(loader: Loader, settings: Settings) -> tuple[Resources, Kustomization]:
    """Build a kustomization: its resources, with names and references final, in the order of accumulation.

    Raises:
        KustomizeError: anything the real tool refuses.
    """
    file = loader.kustomization()
    settings.warnings.extend(file.warnings)
    settings.metadata = tuple(file.items("buildMetadata"))
    choose_schema(file, loader, settings)
    result = accumulate(file, loader, settings, Accumulator())
    resources = result.resources
    from compiler.kustomize.references import fix_references

    if any(resource.needs_hash for resource in resources):
        from compiler.kustomize.hashing import add_hashes

        add_hashes(resources, None if settings.transformed or settings.trail else loader.tree.read)
        _observe(resources, file, settings, "HashTransformer")
    fix_references(resources, result.config.references)
    _observe(resources, file, settings, "NameReferenceTransformer")
    if result.variables:
        from compiler.kustomize.variables import resolve_variables

        specs = result.config.specs("varReference")
        settings.warnings.extend(resolve_variables(resources, result.variables, specs))
        _observe(resources, file, settings, "VariableReference")
    _drop_local(resources)
    if loader.remotes is not None:
        settings.warnings.extend(loader.remotes.take_messages())
    return resources, file


def _observe(resources: Resources, file: Kustomization, settings: Settings, kind: str) -> None:
    """Let the trace, if there is one, see what a step that no field asks for has changed."""
    if settings.trace is not None:
        settings.trace.root_step(resources, file, kind)


def choose_schema(file: Kustomization, loader: Loader, settings: Settings, resources: Resources | None = None) -> None:
    """Take the schema of a kustomization's ``openapi``: the first one of the build wins.

    Args:
        file: the kustomization.
        loader: reads its files.
        settings: the build's; they keep the schema.
        resources: what is there already, whose ids depend on scopes.

    Raises:
        KustomizeError: the schema cannot be read, or there is no such version.
    """
    wanted = file.get("openapi")
    if not wanted:
        return
    from compiler.kustomize.openapi import beside_built_in, check_version, cluster_scoped, read_schema, reads_built_in

    try:
        loaded = loader.load(wanted["path"]) if "path" in wanted else None
        if settings.schema_chosen:
            return
        if loaded is None:
            check_version(wanted.get("version", ""))
            settings.schema_chosen = bool(wanted.get("version"))
            return
        if "version" in wanted:
            raise KustomizeError(
                "builtin version and custom schema provided, cannot use both", hint="remove version or path"
            )
        settings.schema_chosen = True
        try:
            table = read_schema(loaded[0])
        except KustomizeError as error:
            raise error.at(loaded[1]) from None
        settings.table = beside_built_in(table) if reads_built_in(settings.gathered) else table
        know_cluster_scoped(cluster_scoped(table))
        if resources is not None:
            resources.changed()
    except KustomizeError as error:
        raise file.place(error, "openapi") from None


def accumulate(file: Kustomization, loader: Loader, settings: Settings, into: Accumulator) -> Accumulator:
    """Take in a kustomization: what it lists, what it generates, and what it does to all that.

    Args:
        file: the kustomization.
        loader: reads its files.
        settings: the build's.
        into: where all that goes; a component finds there what was taken in before it.

    Raises:
        KustomizeError: anything the real tool refuses.
    """
    into.roots.append(loader.here)
    settings.gathered.append(into)
    loader.namespace = file.get("namespace") or loader.namespace
    for index, path in enumerate(file.items("resources")):
        try:
            add_resource(path, loader, settings, into)
        except KustomizeError as error:
            if not error.message.startswith("accumulating resources"):
                error.message = f"accumulating resources: {error.message}"
            raise file.place(error, "resources", index) from None
    if settings.trace is not None:
        settings.trace.read(into.resources, file)
    _configure(file, loader, into)
    _generate(file, loader, settings, into)
    for index, path in enumerate(file.items("components")):
        try:
            add_component(path, loader, settings, into)
        except KustomizeError as error:
            error.message = f"accumulating components: {error.message}"
            raise file.place(error, "components", index) from None
    steps = built_in_steps(file, loader, into.config, settings.table)
    if file.get("transformers"):
        from compiler.kustomize.plugins import transformer_steps

        steps.extend(transformer_steps(file, loader, settings))
    if steps:
        settings.transformed = True
    for step in steps:
        _run(step, file, settings, into.resources)
    if file.get("validators"):
        from compiler.kustomize.plugins import run_validators

        run_validators(file, loader, settings, into.resources)
        if settings.trace is not None:
            settings.trace.root_step(into.resources, file, "validators")
    _declare_variables(file, into)
    settings.gathered.pop()
    return into


def _configure(file: Kustomization, loader: Loader, into: Accumulator) -> None:
    given = _files("configurations", read_configuration, file, loader)
    try:
        into.config = merged(into.config, default_config() if given is None else merged(default_config(), given))
    except KustomizeError as error:
        raise file.place(error, "configurations") from None
    if file.get("crds"):
        from compiler.kustomize.crds import read_crds

        given = _files("crds", read_crds, file, loader)
        try:
            into.config = merged(into.config, given or empty_config())
        except KustomizeError as error:
            raise file.place(error, "crds") from None


def _files(field: str, read: Callable[[str, Loader], Config], file: Kustomization, loader: Loader) -> Config | None:
    """What the files of a field say together; None where it has none."""
    given = None
    for index, path in enumerate(file.items(field)):
        try:
            given = merged(given or empty_config(), read(path, loader))
        except KustomizeError as error:
            raise file.place(error, field, index) from None
    return given


def _run(step: Step, file: Kustomization, settings: Settings, resources: Resources) -> None:
    try:
        if settings.trace is None:
            step.run(resources)
        else:
            settings.trace.run(step, file, resources)
    except KustomizeError as error:
        if step.origin is not None and step.origin.path != file.path:
            error.field = error.field and error.field.removeprefix(".")
            error.at(step.origin.path, line=step.origin.line)
        raise file.place(error, step.field, step.entry) from None
    if step.kind not in _ADDING and not all(map(_node, resources.items)):
        resources.drop({id(resource) for resource in resources if not resource.node})
    if settings.trail:
        from compiler.kustomize.metadata import record

        record(resources, file, settings, step)


def _generate(file: Kustomization, loader: Loader, settings: Settings, into: Accumulator) -> None:
    common = file.get("generatorOptions") or {}
    made: list[tuple[str, int | None, Resource]] = []
    for field, kind in (("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")):
        entries = file.items(field)
        if not entries:
            continue
        from compiler.kustomize.generators import generate

        for index, entry in enumerate(entries):
            try:
                made.append((field, index, generate(kind, entry, common, loader, Origin(file.path, 1))))
            except KustomizeError as error:
                raise file.place(error, field, index) from None
    if file.get("helmCharts"):
        from compiler.kustomize.helm import inflate

        made.extend(inflate(file, loader, settings))
    if file.get("generators"):
        from compiler.kustomize.plugins import run_generators

        made.extend(run_generators(file, loader, settings))
    if not made:
        return
    from compiler.kustomize.generators import absorb

    for place, entry_index, resource in made:
        try:
            replaced = absorb(into.resources, resource)
        except KustomizeError as error:
            error.message = f"merging from generator: {error.message}"
            raise file.place(error, place, entry_index) from None
        if settings.trace is not None:
            settings.trace.generated(resource, replaced, file, place, entry_index)


def _declare_variables(file: Kustomization, into: Accumulator) -> None:
    entries = file.items("vars")
    if not entries:
        return
    from compiler.kustomize.variables import mark_targets, merge_variables, read_variable

    try:
        new = [read_variable(entry, f"vars[{index}]", file) for index, entry in enumerate(entries)]
        for index, variable in enumerate(new):
            merge_variables(new[:index], [variable])
        merge_variables(into.variables, new)
        mark_targets(into.resources, new)
    except KustomizeError as error:
        raise file.place(error, "vars") from None


def _drop_local(resources: Resources) -> None:
    """Leave out what is not to be printed, and refuse what lost its name or has that of another."""
    gone: set[int] = set()
    names: set[tuple[str, str]] = set()
    for resource in resources:
        annotations = resource.metadata.get("annotations")
        if type(annotations) is dict and text_of(annotations.get(_LOCAL, "false")) != "false":
            gone.add(id(resource))
            continue
        given = resource.node.get("kind")
        kind = given if type(given) is str else "" if is_null(given) else text_of(given)
        name = resource.name
        if not kind or (not name and not kind.endswith("List")):
            what = "kind" if not kind else "metadata.name"
            raise KustomizeError(
                f"missing {what} in object after the build",
                path=resource.origin.path,
                line=resource.origin.line,
                hint="a patch took it away: every object needs its kind and its name",
            )
        names.add((kind, name))
    resources.drop(gone)
    if len(names) != len(resources):  # some differ in group or namespace, at best
        resources.require_unique()  # the real tool puts them into a new list, and panics
