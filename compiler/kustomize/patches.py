"""Patches: reading an entry of ``patches`` and its deprecated kin, and applying it (kustomize.md, section 9)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.identity import id_text
from compiler.kustomize.kustfile import line_of
from compiler.kustomize.loader import Loader
from compiler.kustomize.merge import merge_copy, node_identity, restore_identity
from compiler.kustomize.misfit import Misfit
from compiler.kustomize.resfile import make_resources
from compiler.kustomize.resource import Resource, Resources
from compiler.kustomize.scalars import NULL, is_null, text_of
from compiler.kustomize.schema import Table
from compiler.kustomize.selectors import select
from compiler.kustomize.setter import set_field, untagged

if TYPE_CHECKING:
    from compiler.kustomize.jsonpatch import Operations

Transform = Callable[[Resources], None]


class Patch:
    """An entry of ``patches``, read.

    Args:
        source: how errors name it.
        text: its file's text; empty when it is inline.
        merges: strategic-merge documents.
        operations: JSON 6902 operations, when it is one.
    """

    __slots__ = ("kind", "merges", "name", "operations", "path", "source", "target", "text")

    def __init__(self, source: str, path: str, target: Mapping[str, Any] | None, options: Mapping[str, bool]) -> None:
        self.source = source
        self.path = path
        self.text = ""
        self.target = target
        self.merges: list[Resource] = []
        self.operations: Operations | None = None
        self.name = options.get("allowNameChange", False)
        self.kind = options.get("allowKindChange", False)


def read_patch(entry: Mapping[str, Any], loader: Loader, path: str) -> Patch:
    """Read an entry of ``patches``.

    Args:
        entry: ``path`` or ``patch``, ``target``, ``options``.
        path: the kustomization file, for errors about inline patches.

    Raises:
        KustomizeError: it is neither kind of patch, or both.
    """
    inline, file = entry.get("patch", "").strip(), entry.get("path", "")
    if inline and file:
        raise KustomizeError("patch and path can't be set at the same time", hint="remove one of the two")
    if not inline and not file:
        raise KustomizeError("must specify one of patch and path in")
    if file:
        try:
            content, where = loader.load(file)
        except KustomizeError as error:
            error.message = f"failed to get the patch file from path({file}): {error.message}"
            raise
        source = f'[path: "{file}"]'
    else:
        content, where, source = inline.encode("utf-8", "surrogatepass"), path, f'[patch: "{inline}"]'
    patch = Patch(source, where, entry.get("target"), entry.get("options", {}))
    merge_error: KustomizeError | None = None
    merges: list[Resource] | None = None
    operations: Operations | None = None
    json_error: KustomizeError | None = None
    try:
        merges = make_resources(loader.cache.read(content), where)
    except KustomizeError as error:
        merge_error = error
    text = content.decode("utf-8", "replace")
    patch.text = text if file else ""
    if merges:
        patch.merges = merges
        return patch
    from compiler.kustomize.jsonpatch import read_operations

    try:
        operations = read_operations(text)
    except KustomizeError as error:
        json_error = error
    if merge_error is not None and json_error is not None:
        reason = json_error if _looks_like_operations(content) else merge_error
        said = str(reason.message).removeprefix("MalformedYAMLError: ")
        raise KustomizeError(
            f"unable to parse SM or JSON patch from {source}: {said}",
            path=where if file else None,
            line=reason.line if file else None,
            hint=reason.hint
            or "a patch is a partial object with apiVersion, kind and metadata.name, or a list of operations",
        )
    if merge_error is None:
        return patch
    patch.operations = operations or []
    if patch.target is None:
        raise KustomizeError(f"must specify a target for JSON patch {source}", hint="add target: {kind: …, name: …}")
    return patch


def _looks_like_operations(content: bytes) -> bool:
    return content.lstrip()[:1] in (b"-", b"[")


def apply_patch(resources: Resources, patch: Patch, *, table: Table | None) -> None:
    """Apply an entry of ``patches``.

    Args:
        table: the merge lists when ``openapi.path`` replaced the built-in ones.

    Raises:
        KustomizeError: no target, several, or the patch does not fit.
    """
    if patch.operations is not None:
        chosen = select(resources, patch.target or {})
        for resource in chosen:
            patch_json(resource, patch.operations, patch.path, patch.text, history=True)
        if chosen:
            resources.changed()
        return
    if patch.target is not None:
        if len(patch.merges) > 1:
            raise KustomizeError(
                "Multiple Strategic-Merge Patches in one `patches` entry is not allowed to set `patches.target` field: "
                f"{patch.source}",
                hint="give each patch an entry of its own",
            )
        for document in patch.merges:
            try:
                merge_selected(resources, select(resources, patch.target), document, patch, table=table)
            except Misfit as error:
                raise _placed(error, document, patch) from None
        return
    for document in patch.merges:
        try:
            target = find_target(resources, document)
        except KustomizeError as error:
            error.message = f'no resource matches strategic merge patch "{_id_of(document)}": {error.message}'
            raise _placed(error, document, patch) from None
        _refuse_schemas(target, document, table)
        try:
            _merge_into(resources, target, document.node, patch, table=table)
        except Misfit as error:
            raise _placed(error, document, patch) from None


def _placed(error: KustomizeError, document: Resource, patch: Patch) -> KustomizeError:
    """An error about a document of a patch, with its place: in its file, or in the entry that holds it as text."""
    line = error.line_in(patch.text, document.origin.line) if isinstance(error, Misfit) else document.origin.line
    if patch.text:
        return error.at(patch.path, line=line)
    error.field = ".patch"
    return error


def _refuse_schemas(target: Resource, document: Resource, table: Table | None) -> None:
    for side in (target, document):
        if not side.schemas:
            continue
        from compiler.kustomize.remarks import ANY, names_in
        from compiler.kustomize.schema import schema_of

        passed = {*names_in(document.node), ANY}
        known = schema_of(target.api_version, target.kind, table) is not None
        for name, remark in side.schemas.items():
            if name in passed and (known or remark.merges):
                raise KustomizeError(
                    "a strategic merge beside comments that hold a JSON schema is not supported",
                    path=side.origin.path,
                    line=remark.line,
                    hint=f"remove the comment # {{...}} beside {name or 'a map or list'}, or use a JSON patch",
                    unsupported=True,
                )


def merge_selected(
    resources: Resources, targets: list[Resource], document: Resource, patch: Patch | None, *, table: Table | None
) -> None:
    """Merge a document into each target; labels and annotations of the patch become strings first.

    Raises:
        KustomizeError: the patch does not fit, or two objects have one id now.
    """
    if len(resources.by_current()) != len(resources.items):  # the real tool remembers the ids of what was selected
        ids = {target.current() for target in targets}
        targets = [resource for resource in resources if resource.current() in ids]
    for target in targets:
        _refuse_schemas(target, document, table)
        twin = document.copy()
        twin.set_strings("labels", document.strings("labels"))
        twin.set_strings("annotations", document.strings("annotations"))
        set_field(twin.node, "apiVersion", untagged(None, target.api_version))
        if document.kind:  # of its own: an object whose kind has no merge lists gets those of the patch
            set_field(twin.node, "kind", untagged(None, document.kind))
        if document.name:
            twin.metadata["name"] = untagged(None, document.name)
        _merge_into(resources, target, twin.node, patch, table=table)
    resources.require_known_unique()  # the real tool puts every object into a new list here


def _merge_into(
    resources: Resources, target: Resource, document: dict[str, Any], patch: Patch | None, *, table: Table | None
) -> None:
    if not target.node:
        return
    resources.merged = True
    identity = node_identity(target.node)
    changes = patch is not None and (patch.name or patch.kind)
    if changes:
        target.push_history()
    try:
        merged = merge_copy(target.node, document, table=table)
    except Misfit as error:
        error.message += f": {error.where or 'all'} of {text_of(identity[0])} {text_of(identity[1])}"
        raise
    if merged is None:
        target.node = {}
        resources.drop({id(target)})
        return
    target.node = merged
    if _wipes_annotations(document):
        target.forget_history()
    restore_identity(merged, identity, kind=not (patch and patch.kind), name=not (patch and patch.name))
    if changes:
        resources.changed()


def _wipes_annotations(document: dict[str, Any]) -> bool:
    """Whether a merge takes all annotations of its target away, and with them the bookkeeping kept there."""
    for field in ("metadata", "annotations"):
        if field not in document:
            return False
        below = document[field]
        if type(below) is not dict:
            return is_null(below)
        if text_of(below.get("$patch", "")) in ("replace", "delete"):
            return True
        document = below
    return False


def _id_of(document: Resource) -> str:
    return id_text(document.original(), document.namespace)


def find_target(resources: Resources, document: Resource) -> Resource:
    """The one resource that has or had the id of a patch.

    Raises:
        KustomizeError: none, or several.
    """
    found = resources.with_any_id(document.original())
    if len(found) == 1:
        return found[0]
    said = _id_of(document)
    if found:
        places = ", ".join(f"{resource.origin.path}:{resource.origin.line}" for resource in found)
        raise KustomizeError(f"multiple matches for Id {said}; failed to find unique target for patch {said}: {places}")
    raise KustomizeError(
        f"no matches for Id {said}; failed to find unique target for patch {said}",
        hint=_near_id(resources, document),
    )


def _near_id(resources: Resources, document: Resource) -> str | None:
    for resource in resources.named(document.name):
        if resource.kind == document.kind:
            return f"there is {id_text(resource.current(), resource.namespace)}: check apiVersion and namespace"
    from difflib import get_close_matches

    names = [resource.name for resource in resources if resource.kind == document.kind]
    near = get_close_matches(document.name, names, 1, 0.6)
    return f"did you mean {near[0]}?" if near else None


def patch_json(resource: Resource, operations: Operations, path: str, text: str, *, history: bool) -> None:
    """Apply JSON 6902 operations to one resource.

    Args:
        path: the file of the operations, or of the kustomization where they are inline.
        text: the file's text, empty where they are inline.
        history: as ``patches`` does: the old id is kept, and there is always an annotations map while patching.
    """
    from compiler.kustomize.jsonpatch import apply_operations

    if history:
        resource.push_history()
        metadata = resource.node.get("metadata")
        if type(metadata) is dict and is_null(metadata.get("annotations", NULL)):
            metadata["annotations"] = {}
    if resource.commented:
        from compiler.kustomize.beside import go_over

        go_over(resource)
        resource.commented = ""
    try:
        resource.node = apply_operations(resource.node, operations)
    except KustomizeError as error:
        error.at(hint=f"the object is {id_text(resource.current(), resource.namespace)}")
        if text:
            raise error.at(path, line=line_of(text, error.field or "")) from None
        error.field = f".patch{error.field or ''}"
        raise
    if any(operation.get("path") in _WHOLE_ANNOTATIONS for operation in operations):
        resource.lose_origin()
    if history:
        resource.rewrite_annotations()


_WHOLE_ANNOTATIONS = ("", "/metadata", "/metadata/annotations")
"""Places where a JSON patch takes the note of the origin away; what is internal is put back."""
