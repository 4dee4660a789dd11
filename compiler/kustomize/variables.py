"""``vars`` (deprecated): values of fields written as ``$(NAME)`` elsewhere (kustomize.md, section 14)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.fieldpath import get_place, split_field_path
from compiler.kustomize.fieldspec import Specs, apply_spec
from compiler.kustomize.identity import Id, effective, group_version
from compiler.kustomize.lazy import Pattern
from compiler.kustomize.resource import Resource, Resources
from compiler.kustomize.scalars import Quoted, Scalar, Shared, text_of
from compiler.kustomize.setter import put
from compiler.kustomize.values import value_of

if TYPE_CHECKING:
    from compiler.kustomize.kustfile import Kustomization

_INDEX = Pattern(r"(?<=[^.\[\]])\[[0-9]+\](?=\.|\Z)")
_DIGITS = Pattern(r"[-+]?[0-9]+\Z")


@dataclass(frozen=True, slots=True)
class Variable:
    """An entry of ``vars``.

    Args:
        name: what stands in ``$(…)``.
        reference: ``objref`` with ``group`` and ``version`` split out.
        path: ``fieldref.fieldPath``.
        place: which entry it is, for errors.
        file: where it is declared, for errors.
    """

    name: str
    reference: Mapping[str, str]
    path: str
    place: str
    file: Kustomization

    def where(self) -> str:
        """The file and line of its declaration."""
        return self.refused("").place()

    def refused(self, message: str, *, hint: str | None = None) -> KustomizeError:
        """An error at the place of its declaration."""
        return self.file.place(KustomizeError(message, field=self.place, hint=hint), "vars")

    def __str__(self) -> str:
        ref = self.reference
        kind = f"{ref['kind'] or '[noKind]'}.{ref['version'] or '[noVer]'}.{ref['group'] or '[noGrp]'}"
        return f"{{{self.name} {kind} {{{self.path}}}}}"


def read_variable(entry: Mapping[str, Any], place: str, file: Kustomization) -> Variable:
    """An entry of ``vars``, with its defaults.

    A variable without a name is one: it stands in ``$()``.
    """
    reference = dict(entry.get("objref") or {})
    name = entry.get("name", "")
    if reference.get("apiVersion"):
        reference["group"], reference["version"] = group_version(reference["apiVersion"])
    for field in ("group", "version", "kind", "name", "namespace"):
        reference.setdefault(field, "")
    path = (entry.get("fieldref") or {}).get("fieldPath") or "metadata.name"
    return Variable(name, reference, path, place, file)


def merge_variables(known: list[Variable], new: Sequence[Variable]) -> None:
    """Add variables to those of lower layers.

    Raises:
        KustomizeError: a name is there already.
    """
    for variable in new:
        for other in known:
            if other.name == variable.name:
                again = other.where() == variable.where()
                raise variable.refused(
                    f"merging vars [{' '.join(map(str, new))}]: var '{variable.name}' already encountered",
                    hint="its base is used twice, and a variable means one thing in the whole build: use replacements"
                    if again
                    else f"it is declared at {other.where()} as well",
                )
    known.extend(new)


def mark_targets(resources: Resources, variables: Sequence[Variable]) -> None:
    """Refuse a variable that could mean several objects where it is declared.

    Raises:
        KustomizeError: it selects more than one.
    """
    for variable in variables:
        found = _targets(resources, variable)
        if len(found) > 1:
            raise variable.refused(
                f"found {len(found)} resId matches for var {variable} (unable to disambiguate)",
                hint="add objref.namespace",
            )
        for resource in found:
            resource.refs = {*(resource.refs or ()), variable.name}


def _targets(resources: Resources, variable: Variable) -> list[Resource]:
    ref = variable.reference
    api_version = f"{ref['group']}/{ref['version']}" if ref["group"] else ref["version"]
    wanted = Id(api_version, ref["kind"], ref["name"], effective(api_version, ref["kind"], ref["namespace"]))
    found = []
    for resource in resources.named(ref["name"]):
        for identity in resource.all_ids():
            if identity[:3] == wanted[:3] and (not ref["namespace"] or identity.namespace == wanted.namespace):
                found.append(resource)
                break
    return found


def resolve_variables(resources: Resources, variables: Sequence[Variable], specs: Specs) -> list[str]:
    """Write the values of the variables into every field that may hold one.

    Returns:
        Warnings.

    Raises:
        KustomizeError: a variable without an object or field.
    """
    if not variables:
        return []
    values = {variable.name: _value(resources, variable) for variable in variables}
    used: set[str] = set()
    for resource in resources:
        for spec in specs.of(resource):
            apply_spec(resource, spec, lambda container, key: _expand_field(container, key, values, used))
    unused = sorted(set(values) - used)
    if unused:
        return [f"# Warning: well-defined vars that were never replaced: {','.join(unused)}"]
    return []


def _value(resources: Resources, variable: Variable) -> Any:
    candidates = [resource for resource in resources if resource.refs and variable.name in resource.refs]
    for resource in candidates:
        parts = split_field_path(_INDEX.sub(lambda match: f".{match[0]}", variable.path).lstrip("."))
        path = tuple(part.strip("[]") if part[1:-1].isdigit() else part for part in parts)
        try:
            place = get_place(resource.node, path)
            if place is not None:
                return _read(place[0][place[1]])
            hint = f"{resource.origin.path}:{resource.origin.line} has no {variable.path}"
        except (KustomizeError, ValueError):
            hint = (
                f"{resource.origin.path}:{resource.origin.line}: write {variable.path} as a plain number, or quote it"
            )
        raise variable.refused(f"field specified in var '{variable}' not found in corresponding resource", hint=hint)
    raise variable.refused(
        f"var '{variable}' cannot be mapped to a field in the set of known resources",
        hint="objref needs the exact apiVersion, kind and name",
    )


def _read(node: Any) -> Any:
    """The value of a field, as Go's ``Atoi``, ``ParseFloat`` and ``ParseBool`` read it; other text stays as it is.

    Raises:
        ValueError: they do not read it (``0x1F``, ``1_000``, more than 64 bits).
    """
    if type(node) is Shared:
        return _read(node.node)
    if isinstance(node, dict | list):
        return node
    if isinstance(node, str):
        return value_of(node)
    text = text_of(node)
    tag = node.tag if type(node) is Scalar and not node.quoted else ""
    if tag == "int":
        value = int(text) if _DIGITS.match(text) else 1 << 63
        if not -(1 << 63) <= value < 1 << 63:
            raise ValueError(text)
        return value
    if tag == "float":
        return float(text.replace("_", "?"))
    return text.lower() == "true" if tag == "bool" else text


def _expand_field(container: Any, key: Any, values: Mapping[str, Any], used: set[str]) -> None:
    node = container[key]
    if type(node) is dict:
        for name, value in list(node.items()):
            if isinstance(value, dict | list) or not _is_string(value):
                continue
            _write(node, name, text_of(value), values, used)
    elif type(node) is list:
        for i, value in enumerate(node):
            if isinstance(value, dict | list) or not _is_string(value):
                raise KustomizeError(
                    f"invalid value type expect a string, in item {i} of the list",
                    hint="varReference leads to texts, or to maps and lists of texts; a path may go on below a list",
                )
            _write(node, i, text_of(value), values, used)
    elif _is_string(node):
        _write(container, key, text_of(node), values, used)


def _is_string(node: Any) -> bool:
    """Whether a scalar is tagged as a string or not tagged at all."""
    if type(node) is Shared:
        return _is_string(node.node)
    return isinstance(node, str) or (type(node) is Scalar and node.tag == "")


def _write(container: Any, key: Any, text: str, values: Mapping[str, Any], used: set[str]) -> None:
    """Write the expanded text; what is visited becomes a string even where nothing is expanded."""
    if "$" not in text:
        if type(container[key]) is not str:
            put(container, key, Quoted(text))
        return
    expanded = expand(text, values, used)
    if isinstance(expanded, str):
        if expanded != text:
            put(container, key, Quoted(expanded))
    else:
        from compiler.kustomize.scalartext import format_number

        tag = "bool" if isinstance(expanded, bool) else "int" if isinstance(expanded, int) else "float"
        put(container, key, Scalar(format_number(expanded), tag))


def expand(text: str, values: Mapping[str, Any], used: set[str]) -> Any:
    """Expand ``$(NAME)``; ``$$`` is a dollar sign; a text that is one variable takes the variable's type.

    Returns:
        A string, or the variable's number or boolean.
    """
    out: list[str] = []
    i = 0
    while i < len(text):
        if text[i] != "$" or i + 1 == len(text):
            out.append(text[i])
            i += 1
            continue
        if text[i + 1] == "$":
            out.append("$")
            i += 2
            continue
        end = text.find(")", i + 2) if text[i + 1] == "(" else -1
        if end < 0:
            out.append(text[i : i + 2])
            i += 2
            continue
        name = text[i + 2 : end]
        value = values.get(name)
        if name not in values or isinstance(value, dict | list):
            out.append(f"$({name})")
        else:
            used.add(name)
            if i == 0 and end == len(text) - 1:
                return value
            out.append(value if isinstance(value, str) else _shown(value))
        i = end + 1
    return "".join(out)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        from compiler.kustomize.scalartext import go_float

        return go_float(value)
    return str(value)
