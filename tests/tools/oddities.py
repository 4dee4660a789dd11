"""The same tree as other people write it: line ends, separators, comments, anchors, lists, spellings of fields."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

import yaml

_SEPARATORS = ("---\n", "--- # next\n", "---  \n", "---\n---\n", "---\n# nothing here\n---\n", "\n---\n\n")
_HEADS = (
    *("---\n", "# a head\n", "\n\n", "# a head\n---\n", "--- # a head\n", "---\n---\n", "%YAML 1.1\n---\n"),
    *("\ufeff",),
)
_TAILS = ("---\n", "\n\n", "# the end\n", "...\n", "---", "--- \n# the end", "\n---\nnull\n", "---\n{}\n")
_COMMENTS = ("# a comment", "#", "#!x", "#  - not: an item", "# --- no separator", '# "quoted', "# {", "# é")
_SPELLINGS = (str.upper, str.title, str.lower, str.swapcase)
_OLD_NAMES = {"images": "imageTags"}


def dressed(files: dict[str, str], random: Random) -> dict[str, str]:
    """A tree whose files say the same (mostly) in another dress."""
    changed = dict(files)
    for path, text in files.items():
        if path.endswith("/kustomization.yaml"):
            changed[path] = _kustomization(text, random)
        elif path.endswith("/r.yaml"):
            changed[path] = _resources(text, random)
        if path.endswith(".yaml") and random.random() < 0.08:
            changed[path] = changed[path].replace("\n", "\r\n")
    return changed


def _kustomization(text: str, random: Random) -> str:
    if random.random() < 0.4:
        return text
    fields: dict[str, Any] = json.loads(text)
    if random.random() < 0.15:
        _rename(fields, random)
    if random.random() < 0.15 and "resources" in fields:
        folders = [path for path in fields["resources"] if path.startswith("..")]
        if folders:
            fields["resources"] = [path for path in fields["resources"] if path not in folders]
            fields["bases"] = folders
    written = str(
        yaml.safe_dump(
            fields,
            sort_keys=random.random() < 0.5,
            default_flow_style=random.choice((False, False, None, True)),
            width=random.choice((40, 80, 1000)),
            allow_unicode=random.random() < 0.5,
        )
    )
    if random.random() < 0.3:
        written = _commented(written, random)
    if random.random() < 0.15:
        written = random.choice(("---\n", "# a head\n", "\n", "--- # a head\n")) + written
    if random.random() < 0.1:
        written += random.choice(("---\nmore: x\n", "...\n", "# the end\n", "\n\n"))
    return written


def _rename(fields: dict[str, Any], random: Random) -> None:
    name = random.choice(list(fields))
    if name in _OLD_NAMES and random.random() < 0.5:
        fields[_OLD_NAMES[name]] = fields.pop(name)
    else:
        fields[random.choice(_SPELLINGS)(name)] = fields.pop(name)


def _resources(text: str, random: Random) -> str:
    documents = [document for document in text.split("---\n") if document]
    for dress, chance in _DRESSES:
        documents = [dress(document, random) if random.random() < chance else document for document in documents]
    if len(documents) > 1 and random.random() < 0.15:
        documents = [_list(documents, random)]
    written = documents[0] if documents else ""
    for document in documents[1:]:
        written += (random.choice(_SEPARATORS) if random.random() < 0.3 else "---\n") + document
    if random.random() < 0.12:
        written = random.choice(_HEADS) + written
    if random.random() < 0.12:
        written += random.choice(_TAILS)
    return written


def _list(documents: list[str], random: Random) -> str:
    kind = random.choice(("List", "List", "ConfigMapList", "ResourceList", "WidgetList"))
    head = f"apiVersion: v1\nkind: {kind}\n" + random.choice(("", "metadata: {}\n", "metadata: {name: all}\n"))
    dent = random.choice(("", "  "))
    items = "".join(
        f"{dent}- " + f"\n{dent}  ".join(document.rstrip("\n").split("\n")) + "\n" for document in documents
    )
    return f"{head}items:\n{items}" + random.choice(("", "", f"{dent}- null\n"))


def _commented(text: str, random: Random) -> str:
    """Comments on lines of their own, and behind plain lines."""
    lines: list[str] = []
    block: int | None = None
    for line in text.split("\n"):
        indent = len(line) - len(line.lstrip(" "))
        if block is not None and (not line.strip() or indent > block):
            lines.append(line)
            continue
        block = indent if line.rstrip()[-1:] in ("|", ">", "-", "+") and ": " in line else None
        if line and random.random() < 0.15:
            lines.append(" " * random.choice((0, indent, indent + 2)) + random.choice(_COMMENTS))
        if block is None and line.endswith(":") and random.random() < 0.2:
            line += " " + random.choice(_COMMENTS)
        lines.append(line)
    return "\n".join(lines)


def _anchored(text: str, random: Random) -> str:
    """A map of the document stands there again by alias, or merges into another."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if line in ("  labels:", "data:", "spec:", "metadata:", "  annotations:"):
            lines[number] = f"{line} &here"
            return "\n".join(lines).rstrip("\n") + "\n" + random.choice(_USES)
    return text


_USES = (
    "again: *here\n",
    "again:\n  <<: *here\n",
    "again:\n  <<: *here\n  app: own\n",
    "again:\n  app: own\n  <<: [*here, {z: 1}]\n",
    "again:\n- *here\n- *here\n",
    'again: {"<<": *here, z: 1}\n',
    "again:\n  deep: &deep\n    <<: *here\n  twice: *deep\n",
)
_SCALARS = (
    *("|2\n      two more\n    ", "|+\n    kept\n\n", "|-1\n    far\n", ">-\n    a\n    b\n\n      c\n"),
    *("|1-\n   x\n", f"{'word ' * 40}end\n", f'"{"word " * 40}end "\n', f"'{'w' * 200}'\n"),
    *(f'"{"é" * 90} {"x" * 30}"\n', "!!str 5\n", "! 7\n", "!x y\n", "!!binary aGVsbG8=\n", "!!float 3\n"),
    *("{a:, b}\n", "[a, {b: c}, [d]]\n", "{? a : b, c}\n", "\n    plain\n    over lines\n", "&x y\n"),
    *('"\\x41\\u00e9\\n"\n', "'it''s'\n", "0o17\n", "1_0\n", "<<\n", "=\n", ".nan\n", "-.inf\n", "2001-1-1\n"),
    *("2001-01-01 1:2:3\n", "12:30:45\n", "0b11\n", "+1\n", "1e400\n", "@x\n", "%x\n", "?x\n", ":x\n", "-x\n"),
    *("x:y\n", "x #y\n", "#\n", "|\n    a\tb\n", "|\n    a \n    b\n", "\U0001f600\n", '"a\\tb"\n', '"\\0"\n'),
    *('"\u2028"\n', '"x\\\n    y"\n', "'x\n\n    y'\n", "~x\n", "'#'\n", '"%"\n', "18446744073709551615\n"),
    *("18446744073709551616\n", "-9223372036854775809\n", "0.1e-7\n", "1e21\n", "123456789.125\n", "0x\n", "08\n"),
    *("1__0\n",),
)


def _odd_scalar(text: str, random: Random) -> str:
    """One more field, with an odd value."""
    return text + random.choice(("odd: ", "? odd\n: ", "odd:   ", '"odd": ')) + random.choice(_SCALARS).rstrip(" ")


def _flow(text: str, random: Random) -> str:
    """The document as JSON, or nearly."""
    try:
        data = yaml.load(text, Loader=yaml.BaseLoader)
    except yaml.YAMLError:
        return text
    written = json.dumps(data, indent=random.choice((None, 1, 2)), ensure_ascii=random.random() < 0.5)
    return written + random.choice(("\n", " \n", " # done\n"))


_Dress = Callable[[str, Random], str]
_DRESSES: tuple[tuple[_Dress, float], ...] = ((_odd_scalar, 0.15), (_anchored, 0.1), (_commented, 0.2), (_flow, 0.04))
