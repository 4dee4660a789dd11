"""``compiler explain``: where a rendered field has its value from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from compiler.cli import halfway
from compiler.cli.allow import allowing
from compiler.printable import printable

if TYPE_CHECKING:
    from compiler.errors import Origin
    from compiler.workspace.allowed import Allowed
    from compiler.workspace.explain import Explanation, Field, Step
    from compiler.workspace.explain_spec import SpecSource

_WIDTH = 60
_WORDS = {
    "HashTransformer": "the suffix is a hash of the content",
    "NameReferenceTransformer": "follows the name of an object",
    "Output": "written at the end (annotations as text, buildMetadata)",
}


@click.command(short_help="Say where a rendered field has its value from.")
@click.argument("path", type=click.Path())  # no pathlib.Path: it would make one slash of the two in a URL
@click.argument("target", required=False, metavar="[KIND/NAME")
@click.argument("field", required=False, metavar="[FIELDPATH]]")
@click.option("-o", "output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Format.")
@allowing
def command(path: str, target: str | None, field: str | None, output: str, allowed: Allowed) -> int:
    """Say where a rendered field has its value from.

    Prints the value and the steps that made it: the line of the base, then each patch and transformer that changed it,
    in order, and the key of the spec behind it. A map, a list or a whole object is shown one line per value, each with
    the line that it comes from. Without KIND/NAME, lists the objects. Secret values are masked.

    FIELDPATH is made of keys and dots; [name=api] and [0] choose items of a list, a dot inside a key is written \\. or
    ["a.b"]. A * in KIND, NAME or FIELDPATH stands for anything. A generated object goes by its name with or without
    the hash.

    \b
    Example:
      compiler explain overlays/prod Deployment/pulp-api spec.replicas
      compiler explain overlays/prod Deployment/pulp-api 'spec.template.spec.containers[name=*].image'
      compiler explain overlays/prod ConfigMap/pulp-settings
      compiler explain 'https://HOST/ORG/REPO//FOLDER?ref=COMMIT' --allow-remote
    """
    from compiler.kustomize.loader import repo_of
    from compiler.kustomize.tree import MemoryTree
    from compiler.workspace.explain import explain, locate

    if repo_of(path) is not None:
        explanation = explain(MemoryTree({}), path, target, field, allowed, url=True)
    else:
        halfway.refuse(path)
        tree, folder = locate(Path(path))
        explanation = explain(tree, folder, target, field, allowed)
    click.echo(_json(explanation) if output == "json" else _text(explanation), nl=False)
    return 0


def _text(explanation: Explanation) -> str:
    if explanation.stories:
        spaces: dict[str, set[str]] = {}
        for one in explanation.fields:
            spaces.setdefault(_name(one), set()).add(one.object.namespace)
        return "\n".join(_story(one, len(spaces[_name(one)]) > 1) for one in explanation.fields)
    if all(not field.path for field in explanation.fields):
        return _table([(str(field.blamed.origin), f"{_name(field)}{_where(field)}") for field in explanation.fields])
    groups: dict[str, list[Field]] = {}
    for field in explanation.fields:
        groups.setdefault(f"{_name(field)}{_where(field)}", []).append(field)
    rows = {
        name: [(str(one.blamed.origin), f"{one.path}: {_short(one.value)}") for one in fields]
        for name, fields in groups.items()
    }
    return "\n".join(f"{printable(name)}\n{_table(lines, '  ')}" for name, lines in rows.items())


def _name(field: Field) -> str:
    return f"{field.object.kind}/{field.object.name}"


def _where(field: Field) -> str:
    return f" in {field.object.namespace}" if field.object.namespace else ""


def _table(rows: list[tuple[str, str]], indent: str = "") -> str:
    width = max((len(left) for left, _ in rows), default=0)
    return "".join(f"{indent}{left:{width}}  {printable(right)}\n" for left, right in rows)


def _story(field: Field, ambiguous: bool) -> str:
    gone = field.steps[-1].change == "removed"
    where = _where(field) if ambiguous else ""
    lines = [f"{_name(field)} {field.path}{where}: {'(removed)' if gone else _short(field.value)}"]
    rows = [(_change(step), str(step.origin), _asked(step)) for step in field.steps]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    lines += [f"  {change:{widths[0]}}  {place:{widths[1]}}  {asked}".rstrip() for change, place, asked in rows]
    if field.spec is not None:
        lines.append(f"  spec: {_spec(field.spec)}")
    return "".join(f"{printable(line)}\n" for line in lines)


def _change(step: Step) -> str:
    if step.change == "made":
        return _short(step.after)
    return f"{_short(step.before)} → {'(removed)' if step.change == 'removed' else _short(step.after)}"


def _asked(step: Step) -> str:
    if step.follows is not None:
        return f"follows the name of {step.follows}"
    if step.by in _WORDS:
        return _WORDS[step.by]
    if step.asked is None:
        return "from the file"
    if (step.asked.path, step.asked.line) == (step.origin.path, step.origin.line) or not step.asked.field:
        return f"by {step.asked.field or step.by}"
    return f"by {step.asked.field} of {_bare(step.asked)}"


def _bare(origin: Origin) -> str:
    return origin.path if origin.line is None else f"{origin.path}:{origin.line}"


def _spec(spec: SpecSource) -> str:
    if not spec.said:
        return spec.key + ("" if spec.origin is None else f" ({_bare(spec.origin)})")
    place = f" ({_bare(spec.origin)})" if spec.origin is not None and _bare(spec.origin) != spec.said else ""
    return f"{spec.key}, from {spec.said}{place}"


def _short(value: Any) -> str:
    """A value on one line."""
    import json

    if isinstance(value, str):
        lines = value.count("\n") + (not value.endswith("\n"))
        if lines > 1:
            return f"text of {lines} lines"
        text = value.rstrip("\n")
        plain = text and text == value and text.isprintable() and text.strip() == text and not _looks_typed(text)
        text = text if plain else json.dumps(value, ensure_ascii=False)
    else:
        text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"


def _looks_typed(text: str) -> bool:
    """Whether a string could be read as a number, a boolean or null."""
    return text[0] in "+-.0123456789{[\"'" or text.lower() in ("true", "false", "null", "yes", "no", "on", "off", "~")


def _json(explanation: Explanation) -> str:
    import json

    data = {"path": explanation.folder, "fields": [_field(field) for field in explanation.fields]}
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _field(field: Field) -> dict[str, Any]:
    key, spec = field.object, field.spec
    return {
        "object": {"group": key.group, "kind": key.kind, "namespace": key.namespace, "name": key.name},
        "field": field.path,
        "value": field.value,
        "masked": field.masked,
        "steps": [
            {
                "change": step.change,
                "by": step.by,
                "at": _origin(step.origin),
                "entry": None if step.asked is None else {**_origin(step.asked), "field": step.asked.field},
                "before": step.before,
                "after": step.after,
                **({} if step.follows is None else {"follows": step.follows}),
            }
            for step in field.steps
        ],
        "spec": None
        if spec is None
        else {"key": spec.key, "source": spec.said, "at": None if spec.origin is None else _origin(spec.origin)},
    }


def _origin(origin: Origin) -> dict[str, Any]:
    return {"file": origin.path, "line": origin.line}
