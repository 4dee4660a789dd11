"""Random trees full of odd scalars: quoted, plain and block texts over several lines, with what YAML trips over."""

from __future__ import annotations

from random import Random

from compiler.kustomize import KustomizeError, MemoryTree, build

_PARTS = (
    *("a", "b ", "foo", ": ", " #", "#c", "-", "- ", "?", "? ", "*", "&", "!", "|", ">", "'", '"', "%", "@", "`"),
    *("{", "}", "[", "]", ",", "=", "<<", "...", "---", "\\", "\\n", "\t", " ", "  ", "/", ".", "$(V)", "{{ x }}"),
    *("0", "1", "12", ".5", "+.5", "1.", "1.0", "1e3", "E", "0x1F", "0o17", "017", "1_000", "+1", "-1", "0b1", "1:2"),
    *(
        "true",
        "yes",
        "No",
        "null",
        "~",
        ".inf",
        ".nan",
        "2020-01-01",
        "12:30",
        "http://a/b",
        "é",
        "日本",
        "\u00a0",
        "😀",
    ),
)
_HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n"
_INDENT = " " * 4
_KUSTOMIZATIONS = (
    "resources: [r.yaml]\n",
    "resources: [r.yaml]\n",
    "resources: [r.yaml]\ncommonAnnotations: {a: b}\nnamePrefix: p-\n",
    "resources: [r.yaml]\npatches:\n- target: {kind: ConfigMap}\n  patch: |\n"
    "    - {op: add, path: /data/zz, value: b}\n",
    "resources: [r.yaml]\npatches:\n- patch: |\n    apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: web}\n"
    "    data: {zz: b}\n",
)
_MANY = 40


def scalar_tree(random: Random) -> dict[str, str]:
    """One object with many scalars, each of which our engine takes alone; or, seldom, one that it refuses.

    A scalar that is refused would hide all others, hence the choice: what both refuse is tried by itself.
    """
    kustomization = random.choice(_KUSTOMIZATIONS)
    alone = random.random() < 0.2
    chosen: list[str] = []
    while len(chosen) < _MANY:
        text = _scalar(random)
        accepted = _is_accepted(kustomization, f"{_HEAD}  k:{text}\n")
        if alone and not accepted:
            chosen = [text]
            break
        if accepted:
            chosen.append(text)
    entries = "".join(f"  k{index}:{text}\n" for index, text in enumerate(chosen))
    return {"top/kustomization.yaml": kustomization, "top/r.yaml": _HEAD + entries}


def _is_accepted(kustomization: str, resource: str) -> bool:
    try:
        build(MemoryTree({"top/kustomization.yaml": kustomization.encode(), "top/r.yaml": resource.encode()}), "top")
    except KustomizeError:
        return False
    return True


def _words(random: Random, most: int) -> str:
    return "".join(random.choice(_PARTS) for _ in range(random.randint(1, most)))


def _scalar(random: Random) -> str:
    kind = random.random()
    if kind < 0.35:
        return f" {_words(random, 6)}"
    if kind < 0.6:
        return f" {_quoted(_words(random, 10), random.choice(_QUOTES))}"
    if kind < 0.7:
        return _over_lines(random)
    if kind < 0.78:
        return f" a{_words(random, 3)}" + "".join(
            "\n" * random.randint(1, 2) + f"{_INDENT}b{_words(random, 3)}" for _ in range(random.randint(1, 3))
        )
    return _block(random)


_QUOTES = ('"', "'")


def _quoted(text: str, quote: str) -> str:
    if quote == "'":
        return "'" + text.replace("'", "''") + "'"
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t") + '"'


def _over_lines(random: Random) -> str:
    quote = random.choice(_QUOTES)
    parts = [_quoted(_words(random, 4), quote)[1:-1] for _ in range(random.randint(2, 4))]
    text = parts[0]
    for part in parts[1:]:
        text += "\n" * random.randint(1, 3) + _INDENT + " " * random.randint(0, 2) + part
    return f" {quote}{text}{quote}"


def _block(random: Random) -> str:
    indented = random.random() < 0.2
    header = random.choice("|>") + ("2" if indented else "") + random.choice(("", "", "-", "+"))
    lines: list[str] = []
    begun = indented
    for _ in range(random.randint(1, 5)):
        if random.random() < 0.2:
            lines.append(random.choice(("", _INDENT, _INDENT + " ")))
            continue
        lines.append(_INDENT + " " * (random.choice((0, 0, 0, 1, 2, 4)) if begun else 0) + _words(random, 12))
        begun = True
    return f" {header}{random.choice(('', ' # c'))}\n" + "\n".join(lines) + "\n" * random.randint(0, 2)
