"""ConfigMap and Secret generators, and how what they make is absorbed (kustomize.md, section 12)."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.identity import CLUSTER, Origin, id_text
from compiler.kustomize.loader import Loader
from compiler.kustomize.resource import Resource, Resources
from compiler.kustomize.scalars import Quoted, Repeated, is_null, resolve_plain, text_of
from compiler.kustomize.setter import made_key, reads_otherwise, untagged

_SPACES = " \t\n\v\f\r\x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
"""What Go's ``unicode.IsSpace`` takes for a space."""
_LINE_LIMIT = 64 * 1024


class Generated:
    """What a generator asks for beside the object.

    Args:
        behavior: ``create``, ``merge``, ``replace`` or ``unspecified``.
        hashed: whether the name gets a suffix.
        by: what the real tool calls the generator (``configuredBy``); None for the one of the object's kind.
    """

    __slots__ = ("behavior", "by", "hashed")

    def __init__(self, behavior: str, hashed: bool, by: Mapping[str, str] | None = None) -> None:
        self.behavior = behavior
        self.hashed = hashed
        self.by = by


def generate(
    kind: str, entry: Mapping[str, Any], common: Mapping[str, Any], loader: Loader, origin: Origin
) -> Resource:
    """The ConfigMap or Secret of a generator entry.

    Args:
        kind: ``ConfigMap`` or ``Secret``.
        entry: the entry of ``configMapGenerator`` or ``secretGenerator``.
        common: ``generatorOptions``.
        origin: the kustomization.

    Raises:
        KustomizeError: no name, an unreadable source, or a repeated key.
    """
    name = entry.get("name", "")
    word = "configmap" if kind == "ConfigMap" else "secret"
    if not name:
        raise KustomizeError(f"a {word} must have a name", hint="add a name")
    options = merged_options(entry.get("options"), common)
    try:
        pairs = _pairs(entry, loader)
    except KustomizeError as error:
        error.message = f"loading KV pairs: {error.message}"
        raise
    values: dict[str, bytes] = {}
    for key, value in pairs:
        if key in values:
            raise KustomizeError(f"configmap {name} illegally repeats the key `{key}`", hint="each key comes once")
        values[key] = value
    metadata: dict[str, Any] = {"name": _made(name)}
    if entry.get("namespace"):
        metadata["namespace"] = _made(entry["namespace"])
    for field in ("labels", "annotations"):
        if options.get(field):
            metadata[field] = {made_key(key): value for key, value in sorted(options[field].items())}
    node: dict[str, Any] = {"apiVersion": "v1", "kind": kind, "metadata": metadata}
    if kind == "Secret":
        node["type"] = entry.get("type") or "Opaque"
        node["data"] = {made_key(key): _base64(values[key]) for key in sorted(values)}
    else:
        _fill_config_map(node, values)
    if options.get("immutable"):
        node["immutable"] = resolve_plain("true")
    resource = Resource(node, origin)
    behavior = entry.get("behavior", "")
    if behavior not in ("create", "merge", "replace"):
        behavior = "unspecified"
    resource.generator = Generated(behavior, not options.get("disableNameSuffixHash"))
    return resource


def merged_options(local: Mapping[str, Any] | None, common: Mapping[str, Any]) -> dict[str, Any]:
    """``options`` over ``generatorOptions``: per key for maps; a local false does not undo a common true."""
    local = local or {}
    return {
        **{field: {**common.get(field, {}), **local.get(field, {})} for field in ("labels", "annotations")},
        **{field: bool(local.get(field) or common.get(field)) for field in ("disableNameSuffixHash", "immutable")},
    }


def _made(text: str) -> Any:
    """A name that is set for the first time: quoted where YAML 1.1 reads it as something else, undecided otherwise."""
    return Quoted(text) if reads_otherwise(text) else untagged(None, text)


def _fill_config_map(node: dict[str, Any], values: Mapping[str, bytes]) -> None:
    for key in sorted(values):
        try:
            text = values[key].decode("utf-8")
            block = "\n" in text and text[0] != "\t"  # a block that begins with a tab cannot be printed
            node.setdefault("data", {})[made_key(key)] = Quoted(text) if block else text
        except UnicodeDecodeError:
            node.setdefault("binaryData", {})[made_key(key)] = _base64(values[key])
    if "data" in node and not node["data"]:
        del node["data"]


def _base64(value: bytes) -> str:
    from binascii import b2a_base64

    text = b2a_base64(value, newline=False).decode()
    if len(text) <= 70:
        return text
    return Quoted("".join(f"{text[i : i + 70]}\n" for i in range(0, len(text), 70)))


def _pairs(entry: Mapping[str, Any], loader: Loader) -> list[tuple[str, bytes]]:
    pairs: list[tuple[str, bytes]] = []
    envs = entry.get("envs", ())
    for source in envs:
        pairs.extend(_wrapped(f"env source files: {_shown(envs)}", _env_file, source, loader))
    literals = entry.get("literals", ())
    for source in literals:
        pairs.append(_wrapped(f"literal sources {_shown(literals)}", _literal, source))
    files = entry.get("files", ())
    for source in files:
        pairs.append(_wrapped(f"file sources: {_shown(files)}", _file, source, loader))
    return pairs


def _shown(sources: Any) -> str:
    return f"[{' '.join(sources)}]"


def _wrapped(what: str, function: Any, *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except KustomizeError as error:
        error.message = f"{what}: {error.message}"
        raise


def _literal(source: str) -> tuple[str, bytes]:
    key, equals, value = source.partition("=")
    if not key or not equals:
        raise KustomizeError(f"invalid literal source {source}, expected key=value", hint="write key=value")
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    return key, value.encode("utf-8", "surrogatepass")


def _file(source: str, loader: Loader) -> tuple[str, bytes]:
    key, equals, path = source.partition("=")
    if not equals:
        key, path = posixpath.basename(source), source
    elif "=" in path:
        raise KustomizeError(f"source {_quoted(source)} key name or file path contains '='")
    elif not key:
        raise KustomizeError(f"missing key name for file path {_quoted(path)} in source {_quoted(source)}")
    elif not path:
        raise KustomizeError(f"missing file path for key name {_quoted(key)} in source {_quoted(source)}")
    return key, loader.load(path)[0]


def _quoted(text: str) -> str:
    return f'"{text}"'


def _env_file(source: str, loader: Loader) -> list[tuple[str, bytes]]:
    content, path = loader.load(source)
    pairs: list[tuple[str, bytes]] = []
    for number, line in enumerate(content.split(b"\n"), 1):
        if len(line) >= _LINE_LIMIT:
            break
        line = line.removesuffix(b"\r")
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            raise KustomizeError(f"line {number} has invalid utf8 bytes", path=path, line=number) from None
        if number == 1:
            text = text.removeprefix("\ufeff")
        text = text.lstrip(_SPACES)
        if not text or text[0] == "#":
            continue
        key, equals, value = text.partition("=")
        if not key:
            continue
        pairs.append((key, value.encode() if equals else b""))
    return pairs


def absorb(resources: Resources, made: Resource) -> Resource | None:
    """Take a generated object in: add it, or merge it into or put it for the one of that name.

    Returns:
        The resource whose place it took, if any.

    Raises:
        KustomizeError: the behavior does not fit what is there.
    """
    wanted: Generated = made.generator
    identity = made.current()
    found = resources.with_any_id(identity)
    if not found:
        if wanted.behavior in ("merge", "replace"):
            raise KustomizeError(
                f"{_described(made)} does not exist; cannot merge or replace",
                hint="remove the behavior, or check name and namespace of the generator that it means",
            )
        made.needs_hash = wanted.hashed
        resources.append(made)
        return None
    if len(found) > 1:
        raise KustomizeError(
            f"found multiple objects {id_text(identity, made.namespace)} that could accept merge of it"
        )
    if wanted.behavior not in ("merge", "replace"):
        there = f"it is defined in {found[0].origin.path}:{found[0].origin.line}"
        raise KustomizeError(
            f"{_described(made)} exists; can not use behavior: '{wanted.behavior}', behavior must be merge or replace",
            hint=f"{there}; {'remove one of the two' if wanted.by else 'add behavior: merge or replace'}",
        )
    old = found[0]
    _inherit(made, old)
    if wanted.behavior == "merge":
        made.origin = old.origin
        wanted.by = old.generator.by if old.generator is not None else None
        for field in ("data", "binaryData"):
            _overlay(made.node, old.node, field)
    made.needs_hash = old.needs_hash and wanted.hashed
    resources.replace(old, made)
    return old


def _described(made: Resource) -> str:
    """The id of an object as the real tool prints one from memory."""
    group, _, version = made.api_version.rpartition("/")
    scope = "true" if made.current().namespace == CLUSTER else "false"
    return (
        f'id resid.ResId{{Gvk:resid.Gvk{{Group:"{group}", Version:"{version}", Kind:"{made.kind}", '
        f'isClusterScoped:{scope}}}, Name:"{made.name}", Namespace:"{made.namespace}"}}'
    )


def _inherit(made: Resource, old: Resource) -> None:
    metadata = made.node["metadata"]
    for field in ("labels", "annotations"):
        made.set_strings(field, {**old.strings(field), **made.strings(field)})
    metadata["name"] = untagged(metadata["name"], old.name)
    if old.namespace:
        metadata["namespace"] = untagged(metadata.get("namespace"), old.namespace)
    else:
        metadata.pop("namespace", None)
    made.previous = list(old.previous)
    made.prefixes, made.suffixes = list(old.prefixes), list(old.suffixes)
    made.trail = old.trail
    made.refs = old.refs


def _overlay(node: dict[str, Any], old: dict[str, Any], field: str) -> None:
    before = old.get(field)
    if type(before) is not dict:
        return
    after = node.get(field, {})
    merged = {
        str(key): "" if is_null(value) else str(text_of(value))
        for key, value in before.items()
        if type(value) is not Repeated
    }
    merged.update({str(key): str(text_of(value)) for key, value in after.items()})
    if merged:
        node[field] = {made_key(key): merged[key] for key in sorted(merged)}
