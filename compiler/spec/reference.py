"""The reference of the spec as Markdown: every key with its type, default, example and meaning."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from compiler.spec.environments import DEFAULTS, ENVIRONMENTS
from compiler.spec.groups import GROUPS
from compiler.spec.keys import Key, keys_of, walk
from compiler.spec.messages import PATTERNS
from compiler.spec.models import Section, Spec
from compiler.spec.node import Path, render
from compiler.spec.schema import environment_defaults, tidy

_INTRODUCTION = """\
# The spec

<!-- Written by `compiler spec reference`; do not edit. -->

A `pulp.yaml` is a layer. `extends: ../../base/pulp` names the folder of the layer below, relative to its own folder;
the chain ends in a layer without `extends`. Of two layers the upper one wins:

* maps merge, key by key;
* lists and single values replace;
* `null` removes what lower layers and the environment said, so that the default holds again;
* of a group of which only one may be chosen, the upper layer's choice replaces the lower one's;
* `abstract` and `extends` are not inherited.

A layer is strict YAML 1.2: unknown and duplicate keys are errors, `yes` and `on` are strings, `true` is a boolean, and
a version such as `"3.85"` needs its quotes. Tabs, merge keys (`<<`) and tags are refused.

For completion in an editor with the YAML language server, save `compiler spec schema` as a file and begin a layer with
`# yaml-language-server: $schema=PATH`.

An overlay with an `environment` that is not `abstract` is deployed, so it needs a `namespace`, a `database`, a `cache`
and a `storage` (and a `host`, when it is exposed or a replica). Where the environment has a default for one of them, it
need not be said.

In names, [RFC 1123](https://www.rfc-editor.org/rfc/rfc1123) and [RFC 1035](https://www.rfc-editor.org/rfc/rfc1035) are
those that Kubernetes refers to. Structures called a *Kubernetes object* keep Kubernetes' own camelCase form and are
checked by `compiler check` against the schemas of `kubernetes_version`.
"""


def reference() -> str:
    """The whole page."""
    parts = [_INTRODUCTION, _groups(), _environments(), "## Keys\n", _extends(), _table(Spec, ())]
    for path, key in walk():
        if key.section is not None:
            parts.append(_section(path, key.section, key))
        elif key.members is not None:
            parts.append(_section((*path, "NAME"), key.members, key))
    return "\n".join(parts)


def _groups() -> str:
    rows = [f"| `{render(path)}` | {', '.join(f'`{name}`' for name in members)} |" for path, members in GROUPS.items()]
    return "\n".join(["## Choices\n", "| of | at most one |", "|---|---|", *rows, ""])


def _environments() -> str:
    """What each environment defaults to; a key that no environment sets has the default of its own row below."""
    paths = dict.fromkeys(path for name in ENVIRONMENTS for path in _leaf_paths(DEFAULTS[name]))
    rows = []
    for path in paths:
        values = environment_defaults(path)
        cells = " | ".join(f"`{values[name]}`" if name in values else "" for name in ENVIRONMENTS)
        rows.append(f"| `{render(path)}` | {cells} |")
    head = f"| key | {' | '.join(ENVIRONMENTS)} |"
    return "\n".join(["## Environments\n", head, "|---" * (len(ENVIRONMENTS) + 1) + "|", *rows, ""])


def _leaf_paths(data: dict[str, Any], path: Path = ()) -> Iterator[Path]:
    for key, value in data.items():
        if isinstance(value, dict):
            yield from _leaf_paths(value, (*path, key))
        else:
            yield (*path, key)


def _extends() -> str:
    return "`extends` (string, only in a layer): folder of the layer below. Example: `../../base/pulp`.\n"


def _section(path: Path, section: type[Section], key: Key) -> str:
    said = tidy(section.__doc__ or "")
    own = tidy(key.info.description or "")
    text = said if own in ("", said) else f"{own} {said}"
    return f"### `{render(path)}`\n\n{text}\n\n{_table(section, path)}"


def _table(section: type[Section], path: Path) -> str:
    rows = ["| key | type | default | example | meaning |", "|---|---|---|---|---|"]
    for name, key in keys_of(section).items():
        here = (*path, name)
        cells = [f"`{name}`", _type(here, key), _default(here, key), _example(here, key), _meaning(key)]
        rows.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join([*rows, ""])


def _meaning(key: Key) -> str:
    return tidy(key.info.description or "")


def _default(path: Path, key: Key) -> str:
    default = key.info.get_default(call_default_factory=True)
    own = "required" if key.info.is_required() else "" if default is None or key.section else f"`{_flow(default)}`"
    by_environment = ", ".join(f"{name} `{value}`" for name, value in environment_defaults(path).items())
    return "; ".join(part for part in (own, by_environment) if part)


def _example(path: Path, key: Key) -> str:
    if key.section is not None:
        return f"[below](#{_anchor(path)})"
    return f"`{_flow(example_of(key))}`"


def _anchor(path: Path) -> str:
    """How Markdown links to the heading of a section."""
    return "".join(char for char in render(path).lower() if char.isalnum() or char in "_-")


def example_of(key: Key) -> Any:
    """A value that the key takes: its own example, or what follows from its default and type."""
    if key.info.examples:
        return key.info.examples[0]
    words = _schema_of(key)
    default = key.info.get_default(call_default_factory=True)
    if words.get("type") == "boolean":
        return not default
    if "enum" in words:
        return next(word for word in words["enum"] if word != default)
    return words.get("const", default)


def _schema_of(key: Key) -> dict[str, Any]:
    schema: dict[str, Any] = _json_schema(key)
    return next((part for part in schema.get("anyOf", [schema]) if part.get("type") != "null"), schema)


def _json_schema(key: Key) -> dict[str, Any]:
    """The JSON Schema of the key's value."""
    from pydantic import TypeAdapter

    return TypeAdapter(key.info.rebuild_annotation()).json_schema()


def _type(path: Path, key: Key) -> str:
    """The type of a key in words."""
    if key.section is not None:
        return "string or section" if path == ("namespace",) else "section"
    if key.members is not None:
        return f"map of [sections](#{_anchor((*path, 'NAME'))})"
    schema = _json_schema(key)
    parts = [part for part in schema.get("anyOf", [schema]) if part.get("type") != "null"]
    return " or ".join(_words(part) for part in parts)


def _words(schema: dict[str, Any]) -> str:
    if "const" in schema:
        return f"`{_flow(schema['const'])}`"
    if "enum" in schema:
        return f"one of {', '.join(f'`{word}`' for word in schema['enum'])}"
    if "pattern" in schema:
        words = PATTERNS[schema["pattern"]]
        limit = f", at most {schema['maxLength']} characters" if "maxLength" in schema else ""
        return words + limit
    match schema.get("type"):
        case "integer":
            low, high = schema.get("minimum"), schema.get("maximum")
            limits = f" from {low} to {high}" if high is not None else f", at least {low}" if low is not None else ""
            return f"whole number{limits}"
        case "boolean":
            return "`true` or `false`"
        case "array":
            return f"list of: {_words(schema['items'])}"
        case "object":
            values = schema.get("additionalProperties")
            strings = isinstance(values, dict) and values.get("type") == "string"
            return "map of strings" if strings else "Kubernetes object or plain data"
    return "string"


def _flow(value: Any) -> str:
    """A value as one would write it in a layer, on one line."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False) if not value or value[0].isdigit() or "\n" in value else value
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flow(name)}: {_flow(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return json.dumps(value)
