"""Plain data of nodes, and nodes of plain data: what a scalar finally is (kustomize.md, section 1)."""

from __future__ import annotations

from typing import Any

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.lazy import Pattern
from compiler.kustomize.mergekeys import unmerged, with_texts_for_keys
from compiler.kustomize.scalars import NULL, Folded, Repeated, Scalar, Shared, parse_int, resolve_plain, rfc3339

_QUOTED_INSTEAD = Pattern(
    "[^\\t\\n\\x20-\\x7e\\xa0-\\ud7ff\\ue000-\\ufefe\\uff00-\\ufffd]|[ ](?:[\\n\\u2028\\u2029]|\\Z)"
)
"""What go-yaml v3 writes in quotes whatever its style was: characters that need escapes, a space at a line's end."""
_FOLDED_BREAKS = Pattern(r"(?<![^\n])([^ \t\n].*)(\n+)(?=[^ \t\n])")
"""The breaks between two lines that begin with no blank: reading makes a space of one, and takes one of more away."""


def value_of(node: Any) -> Any:
    """The final plain value of a scalar: str, int, float, bool or None.

    Raises:
        KustomizeError: the text does not fit the tag (``cannot decode !!str `word` as a !!int``).
    """
    if isinstance(node, str):
        return refolded(node) if type(node) is Folded else str(node)
    if type(node) is Shared:
        return value_of(node.node)
    if type(node) is Repeated:
        raise node.refusal()
    assert isinstance(node, Scalar)  # noqa: S101 - containers never come here
    text, tag = node.text, node.tag
    found = resolve_plain(text)
    found_tag = found.tag if type(found) is Scalar else "str"
    if node.quoted and (tag in ("", found_tag)):
        return text
    if tag == "":
        tag = found_tag
    if tag != found_tag and not (tag == "float" and found_tag == "int"):
        raise KustomizeError(f"yaml: cannot decode !!{found_tag} `{text}` as a !!{tag}")
    if tag == "str":
        return text
    if tag == "null":
        return None
    if tag == "bool":
        return text[0] in "tT"
    if tag == "int":
        return parse_int(text)
    if tag == "timestamp":
        return rfc3339(text)
    return _float_value(text)


def _float_value(text: str) -> float:
    lowered = text.lower().lstrip("+-")
    if lowered == ".nan":
        raise KustomizeError("json: unsupported value: NaN", hint="JSON has no such number: quote it")
    if lowered == ".inf":
        sign = "-" if text[0] == "-" else "+"
        raise KustomizeError(f"json: unsupported value: {sign}Inf", hint="JSON has no such number: quote it")
    whole = parse_int(text)
    return float(whole) if whole is not None else float(text.replace("_", ""))


def refolded(text: str) -> str:
    """A folded block as it is after the real tool has written it once and read it back.

    The emitter of go-yaml doubles the first break after a line that begins with no blank, unless the whole text begins
    with one; reading takes one of the two away again, but not before a line that begins with a blank nor at a kept end.
    A text with a line that ends in a space, or with characters that need escapes, is written in quotes instead.
    """
    if not text.lstrip("\n") or _QUOTED_INSTEAD.search(text):
        return str(text)
    if text.lstrip("\n")[0] in " \t":
        return _FOLDED_BREAKS.sub(lambda match: match[1] + (match[2][1:] or " "), text)
    out: list[str] = []
    doubled = False
    for line in text.split("\n"):
        if line:
            blank = line[0] in " \t"
            if blank and doubled:
                out.append("")
            doubled = not blank
        out.append(line)
    if doubled and text.endswith("\n\n"):
        out.append("")
    return "\n".join(out)


def require_readable_text(node: Any) -> None:
    """Refuse a text that the real tool writes as a block and cannot read again: one that begins with a tab.

    Raises:
        KustomizeError: it is such a text.
    """
    if node[:1] != "\t" or type(node) not in (str, Folded):
        return
    if not _QUOTED_INSTEAD.search(node) if type(node) is Folded else "\n" in node:
        raise KustomizeError(
            "yaml: found a tab character where an indentation space is expected",
            hint="begin the text with something else than a tab",
        )


def plain(node: Any) -> Any:
    """Plain data (dict, list, str, int, float, bool, None) of a node.

    Raises:
        KustomizeError: a key is not a string, or stands there twice; or what :func:`value_of` raises.
    """
    if type(node) is dict:
        return {str(key): plain(value) for key, value in unmerged(node).items()}
    if type(node) is list:
        return [plain(value) for value in node]
    return value_of(node)


def plain_object(node: dict[str, Any]) -> dict[str, Any]:
    """Plain data of a whole object.

    Raises:
        KustomizeError: as :func:`plain` does.
    """
    return {str(key): plain(value) for key, value in with_texts_for_keys(node).items()}


def from_plain(data: Any) -> Any:
    """The node of plain data; strings become strings whatever they look like."""
    if isinstance(data, str):
        return str(data)
    if data is None:
        return NULL
    if isinstance(data, bool):
        return resolve_plain("true" if data else "false")
    if isinstance(data, int):
        return Scalar(str(data), "int")
    if isinstance(data, float):
        return Scalar(repr(data), "float")
    if isinstance(data, dict):
        return {str(key): from_plain(value) for key, value in data.items()}
    return [from_plain(value) for value in data]
