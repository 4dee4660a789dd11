"""Layers and their chains: one file read, its keys known, its choices explicit; then ``extends``, up to the base."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field, replace

from compiler.errors import CompilerError, Origin, WorldError
from compiler.k8s.tree import Tree
from compiler.spec.groups import GROUPS
from compiler.spec.keys import keys_of, suggest_key
from compiler.spec.models import Section, Spec
from compiler.spec.node import Node, Path, find, origin
from compiler.spec.reader import read_layer, shorten

FILE = "pulp.yaml"


@dataclass(frozen=True)
class Layer:
    """One ``pulp.yaml``.

    Args:
        path: the file, relative to the repository.
        parent: the folder that ``extends`` names, relative to the repository.
        node: its keys, normalised: ``extends`` and unknown keys left out, short forms written out, and the members of
            a one-of group that were not chosen set to null, so that a plain merge makes the choice replace an
            earlier one.
        errors: what is wrong with the file by itself.
        extends: where it says ``extends``.
    """

    path: str
    parent: str | None
    node: Node
    errors: tuple[CompilerError, ...] = ()
    extends: Origin | None = None


@dataclass
class Cache:
    """What loading many overlays over the same layers shares: layers by file, chains by folder.

    One cache serves one tree; a changed file needs a new cache.
    """

    layers: dict[str, Layer] = field(default_factory=dict)
    chains: dict[str, tuple[Layer, ...]] = field(default_factory=dict)
    merged: dict[str, Node] = field(default_factory=dict)


def clean_folder(folder: str) -> str:
    """``folder`` relative to the root without ``.`` and trailing slashes; the root itself is ``""``.

    Raises:
        CompilerError: it is absolute or leaves the repository.
    """
    path = posixpath.normpath(folder) if folder else "."
    if path.startswith(("/", "../")) or path == "..":
        raise CompilerError(f'"{shorten(folder, 80)}" is outside the repository')
    return "" if path == "." else path


def read_chain(tree: Tree, folder: str, cache: Cache) -> tuple[Layer, ...]:
    """The layers of ``folder``, base first.

    Raises:
        CompilerError: a layer cannot be read, is missing, leaves the repository, or extends itself in the end.
    """
    upper: list[Layer] = []
    folders: list[str] = []
    lower: tuple[Layer, ...] = ()
    current: str | None = folder
    said: Origin | None = None
    while current is not None:
        if current in folders:
            loop = " → ".join(name or "." for name in [*folders[folders.index(current) :], current])
            raise CompilerError(f"these layers extend each other: {loop}", origin=said)
        if current in cache.chains:
            lower = cache.chains[current]
            break
        layer = _layer(tree, current, said, cache)
        upper.append(layer)
        folders.append(current)
        current, said = layer.parent, layer.extends
    for layer, name in zip(reversed(upper), reversed(folders), strict=True):
        lower = (*lower, layer)
        cache.chains[name] = lower
    return lower


def _layer(tree: Tree, folder: str, said: Origin | None, cache: Cache) -> Layer:
    path = posixpath.join(folder, FILE)
    if path not in cache.layers:
        cache.layers[path] = normalise(read_layer(_read(tree, path, said), path))
    return cache.layers[path]


def _read(tree: Tree, path: str, said: Origin | None) -> bytes:
    resolve = getattr(tree, "resolve", None)  # trees with links have it
    if resolve is not None:
        try:
            resolve(path)
        except PermissionError:
            raise CompilerError("a link leads out of the repository", origin=said or Origin(path)) from None
    if said is not None and not tree.is_file(path):
        raise CompilerError(f"there is no {path}", origin=said, hint="`extends` names a folder that holds a pulp.yaml")
    try:
        return tree.read(path)
    except FileNotFoundError:
        raise CompilerError("there is no such file", origin=Origin(path)) from None
    except IsADirectoryError:
        raise CompilerError("this is a folder, not a file", origin=Origin(path)) from None
    except OSError as error:
        raise WorldError(f"it cannot be read: {error.strerror or error}", origin=Origin(path)) from None


def normalise(node: Node) -> Layer:
    """The layer that a file's mapping means."""
    path = node.mark.source
    errors: list[CompilerError] = []
    entries = dict(node.value)
    extends = entries.pop("extends", None)
    parent = _parent(posixpath.dirname(path), extends, errors) if extends is not None else None
    namespace = entries.get("namespace")
    if namespace is not None and isinstance(namespace.value, str):
        entries["namespace"] = Node({"name": namespace}, namespace.mark, key=namespace.key)
    known = _known(replace(node, value=entries), Spec, (), errors)
    said = origin(extends.place, ("extends",)) if extends is not None else None
    return Layer(path, parent, _choices(known, errors), tuple(errors), said)


def _parent(folder: str, extends: Node, errors: list[CompilerError]) -> str | None:
    place = origin(extends.place, ("extends",))
    if not isinstance(extends.value, str) or not extends.value:
        errors.append(CompilerError("expected the path of a folder, relative to this one", origin=place))
        return None
    try:
        if extends.value.startswith("/"):
            raise CompilerError("an absolute path is refused")
        parent = clean_folder(posixpath.join(folder, extends.value))
    except CompilerError as error:
        errors.append(CompilerError(error.message, origin=place, hint="name a folder relative to this one"))
        return None
    return posixpath.dirname(parent) if posixpath.basename(parent) == FILE else parent


def _known(node: Node, section: type[Section], path: Path, errors: list[CompilerError]) -> Node:
    """``node`` without the keys that ``section`` does not have; each of them is an error."""
    keys = keys_of(section)
    entries = {}
    for name, child in node.value.items():
        key = keys.get(name)
        if key is None:
            place = origin(child.place, (*path, shorten(name)))
            errors.append(CompilerError("unknown key", origin=place, hint=suggest_key(name, section)))
            continue
        if key.section is not None and child.is_mapping:
            child = _known(child, key.section, (*path, name), errors)
        elif key.members is not None and child.is_mapping:
            child = replace(
                child,
                value={
                    own: _known(member, key.members, (*path, name, own), errors) if member.is_mapping else member
                    for own, member in child.value.items()
                },
            )
        entries[name] = child
    return replace(node, value=entries)


def _choices(root: Node, errors: list[CompilerError]) -> Node:
    """``root`` with null for every member of a one-of group beside the one that it chooses."""
    for path, members in GROUPS.items():
        section = find(root, path)
        if section is None or not section.is_mapping:
            continue
        chosen = [name for name in section.value if name in members and section.value[name].value is not None]
        for name in chosen[1:]:
            first = section.value[chosen[0]]
            errors.append(
                CompilerError(
                    f"expected at most one of {', '.join(members)}; {chosen[0]} is set in line {first.place.line}",
                    origin=origin(section.value[name].place, (*path, name)),
                )
            )
        if chosen:
            mark = section.value[chosen[0]].place
            others = {name: Node(None, mark, key=mark) for name in members if name not in section.value}
            root = _put(root, path, replace(section, value={**section.value, **others}))
    return root


def _put(node: Node, path: Path, child: Node) -> Node:
    if not path:
        return child
    head = str(path[0])
    return replace(node, value={**node.value, head: _put(node.value[head], path[1:], child)})
