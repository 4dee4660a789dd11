"""Field specs walked all at once lead where each of them leads by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.fieldspec import FieldSpec, Specs, apply_spec, made_scalar
from compiler.kustomize.identity import Origin
from compiler.kustomize.resource import Resource
from compiler.kustomize.scalars import EMPTY_NULL, NULL, Scalar, copy, text_of

_NAMES = ("a", "b", "c")
_SEGMENTS = (*_NAMES, *_NAMES, "a[]", "b[]", "*", "0", "")
_NODES = st.recursive(
    st.sampled_from(["x", "y", NULL, EMPTY_NULL, Scalar("1", "int")]),
    lambda below: st.one_of(
        st.dictionaries(st.sampled_from(_NAMES), below, max_size=3),
        st.dictionaries(st.sampled_from(_NAMES), below, max_size=3),
        st.lists(below, max_size=3),
    ),
    max_leaves=12,
)
_SPECS = st.lists(
    st.tuples(st.lists(st.sampled_from(_SEGMENTS), min_size=1, max_size=4).map("/".join), st.booleans()), max_size=5
)
_MADE: tuple[Callable[[], Any] | None, ...] = (None, dict, made_scalar)


def outcome(node: dict[str, Any], walk: Callable[[Resource, Callable[[Any, Any], None]], None]) -> Any:
    """What a walk makes of a copy of an object: the fields it came to, in order, and the object; or the error."""
    resource = Resource({"apiVersion": "x/v1", "kind": "Foo", **copy(node)}, Origin("r.yaml", 1))
    seen: list[str] = []

    def leaf(container: Any, key: Any) -> None:
        found = container[key]
        seen.append(f"{key}={shown(found)}")
        if not isinstance(found, dict | list):
            container[key] = f"{text_of(found)}!"

    try:
        walk(resource, leaf)
    except KustomizeError as error:
        return str(error)
    return seen, shown(resource.node)


def shown(node: Any) -> str:
    """A node as text."""
    if isinstance(node, dict):
        return "{" + " ".join(sorted(f"{key}:{shown(value)}" for key, value in node.items())) + "}"
    if isinstance(node, list):
        return "[" + " ".join(map(shown, node)) + "]"
    return repr(node)


@settings(max_examples=1500, deadline=None)
@given(st.dictionaries(st.sampled_from(_NAMES), _NODES, max_size=3), _SPECS, st.sampled_from(_MADE))
def test_all_at_once_is_one_after_another(
    node: dict[str, Any], paths: list[tuple[str, bool]], made: Callable[[], Any] | None
) -> None:
    specs = Specs(FieldSpec("", "", "", path, create) for path, create in paths)

    def one_after_another(resource: Resource, leaf: Callable[[Any, Any], None]) -> None:
        for spec in specs.specs:
            apply_spec(resource, spec, leaf, made)

    assert outcome(node, lambda resource, leaf: specs.each(resource, leaf, made)) == outcome(node, one_after_another)
