"""Comments beside keys that end in a build nobody can read: ``data: # words`` over a map or list that became empty.

Kustomize keeps comments while it works, and goes over YAML text before a JSON patch and at the end. There it writes the
key, its comment, and ``{}`` or ``[]`` on a line of its own, which it cannot read again. Maps and lists that were empty
from the start, or stand between braces, do not suffer from it; nor does one with an anchor or a tag before the comment.
"""

from __future__ import annotations

from typing import Any

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.lazy import Pattern
from compiler.kustomize.resource import Resource

_AFTER_KEY = Pattern(r"[ \t]*:[ \t]+#")
_Path = tuple[str | None, ...]
"""Keys, and None for any item of a list."""


def holds_comment(text: str) -> bool:
    """Whether a comment may stand behind a key of a YAML text: cheap, and right when it says no."""
    return _AFTER_KEY.search(text) is not None


def go_over(resource: Resource) -> None:
    """Do to an object what writing it and reading it again does, where comments of its file matter.

    Args:
        resource: one with the text that it was read from (``commented``).

    Raises:
        KustomizeError: the real tool could not read what it wrote.
    """
    import yaml

    from compiler.kustomize.tails import grow_last_text

    try:
        tree = yaml.compose(resource.commented, Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        return
    _require_readable(resource, tree)
    grow_last_text(resource.node, tree, resource.commented)


def _require_readable(resource: Resource, tree: Any) -> None:
    """Refuse an object in which something with a comment beside its key became empty."""
    lines = resource.commented.split("\n")
    for path in _commented(tree, lines, ()):
        if any(type(found) in (dict, list) and not found for found in _at(resource.node, path)):
            name = ".".join(part or "[]" for part in path)
            raise KustomizeError(
                "yaml: could not find expected ':'",
                path=resource.origin.path,
                line=resource.origin.line,
                field=name,
                hint=f"remove the comment behind {path[-1]}: in the file, or the empty field",
            )


def _commented(node: Any, lines: list[str], path: _Path) -> list[_Path]:
    import yaml

    found: list[_Path] = []
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            found.extend(_commented(item, lines, (*path, None)))
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            here = (*path, key.value)
            mark = key.end_mark
            if _AFTER_KEY.match(lines[mark.line][mark.column :]) and _is_block(value):
                found.append(here)
            found.extend(_commented(value, lines, here))
    return found


def _is_block(value: Any) -> bool:
    import yaml

    if isinstance(value, yaml.ScalarNode):
        return value.value == "" and not value.style
    return not value.flow_style


def _at(node: Any, path: _Path) -> list[Any]:
    found = [node]
    for part in path:
        if part is None:
            found = [item for below in found if type(below) is list for item in below]
        else:
            found = [below[part] for below in found if type(below) is dict and part in below]
    return found
