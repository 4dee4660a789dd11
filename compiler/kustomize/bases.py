"""What a kustomization stands on: files, folders and components are taken in, and bases kept for other builds."""

from __future__ import annotations

from compiler.kustomize.accumulator import Accumulator, Settings
from compiler.kustomize.config import empty_config, merged
from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.loader import Loader, repo_of
from compiler.kustomize.resfile import make_resources


def add_resource(path: str, loader: Loader, settings: Settings, into: Accumulator) -> None:
    """Take in an entry of ``resources``: a file, else a folder.

    Raises:
        KustomizeError: it is neither, or its contents are refused.
    """
    try:
        real = loader.locate(path)
    except KustomizeError as error:
        _add_folder(path, loader, settings, into, error)
        return
    content, where = loader.read(real)
    try:
        into.resources.extend(make_resources(loader.cache.read(content), where))
    except KustomizeError as error:
        error.message = f"accumulating resources from '{path}': {error.message}"
        raise error.at(where) from None


def _add_folder(path: str, loader: Loader, settings: Settings, into: Accumulator, why: KustomizeError) -> None:
    try:
        below = loader.folder(path)
    except KustomizeError as error:
        if error.unsupported or repo_of(path) is not None:
            raise
        if why.unsupported:
            raise why from None
        hint = why.hint if "security" in why.message else error.hint or why.hint
        if "://" in path:
            hint = "a folder in a repository is written https://HOST/ORG/REPO//FOLDER?ref=COMMIT"
        raise KustomizeError(
            f"accumulation err='accumulating resources from '{path}': {why.message}': {error.message}", hint=hint
        ) from None
    if below.here == "" and not loader.here:
        raise why
    key = (id(below.tree), below.here, below.restricted, below.remotes is None)
    keep = (
        settings.keep_bases
        and not settings.enable_helm
        and not settings.trail
        and settings.table is None
        and settings.trace is None
    )
    if keep:
        found = loader.cache.bases.get(key)
        if isinstance(found, _Kept):
            found.check(below)
            settings.warnings.extend(found.warnings)
            _absorb(into, found.accumulator.copy())
            return
    warned = len(settings.warnings)
    file = below.kustomization()
    if file.is_component:
        raise KustomizeError(
            f"expected kind != 'Component' for path '{below.said(below.here)}'",
            hint="list it under components, not resources",
        )
    from compiler.kustomize.pipeline import accumulate, choose_schema

    settings.warnings.extend(file.warnings)
    choose_schema(file, below, settings, into.resources)
    made = accumulate(file, below, settings, Accumulator())
    if keep and settings.table is None:
        loader.cache.bases[key] = _Kept(made.copy(), tuple(settings.warnings[warned:]))
    _absorb(into, made)


class _Kept:
    """A base in the cache."""

    __slots__ = ("accumulator", "warnings")

    def __init__(self, accumulator: Accumulator, warnings: tuple[str, ...]) -> None:
        self.accumulator = accumulator
        self.warnings = warnings

    def check(self, below: Loader) -> None:
        """Refuse to use it where one of its folders would be a cycle."""
        for root in self.accumulator.roots:
            for visited in below.parents:
                if visited == root or not root or visited.startswith(f"{root}/"):
                    raise KustomizeError(
                        f"cycle detected: candidate root '{below.said(root)}' "
                        f"contains visited root '{below.said(visited)}'",
                        hint="a base cannot be the folder itself or lie above it",
                    )


def _absorb(into: Accumulator, made: Accumulator) -> None:
    into.resources.extend(made.resources)
    into.resources.merged |= made.resources.merged
    into.config = merged(into.config, made.config)
    into.roots.extend(made.roots)
    if made.variables:
        from compiler.kustomize.variables import merge_variables

        merge_variables(into.variables, made.variables)


def add_component(path: str, loader: Loader, settings: Settings, into: Accumulator) -> None:
    """Take in an entry of ``components``: a folder whose kustomization works on what is there so far.

    Raises:
        KustomizeError: it is no component, or its contents are refused.
    """
    try:
        below = loader.folder(path)
    except KustomizeError as error:
        error.message = f'loader.New "{error.message}"'
        raise
    file = below.kustomization()
    if not file.is_component:
        raise KustomizeError(
            f"accumulateDirectory: \"expected kind 'Component' for path '{below.said(below.here)}' "
            f"but got '{file.fields['kind']}'\"",
            hint="set kind: Component, or list it under resources",
        )
    from compiler.kustomize.pipeline import accumulate, choose_schema

    settings.warnings.extend(file.warnings)
    choose_schema(file, below, settings, into.resources)
    accumulate(file, below, settings, into)
    try:
        into.resources.require_unique()
        # The real tool starts anew here and merges in all there is: entries that an earlier one now covers are gone.
        into.config = merged(empty_config(), into.config)
    except KustomizeError as error:
        error.message = f'accumulateDirectory: "{error.message}"'
        raise
