"""Setting fields as the real setter does: which quotes stay, which tag a new text has (kustomize.md, section 1)."""

from __future__ import annotations

from typing import Any

from compiler.kustomize.scalars import Folded, Key, Quoted, Scalar, Shared, is_null, resolve_once, resolve_plain


def made_key(text: str) -> str:
    """A key that a transformer makes: it has no tag, so ``1`` and ``true`` become keys that cannot be printed."""
    found = resolve_plain(text)
    if type(found) is Scalar or text == "<<":
        key = Key(text)
        key.tag = found.tag if type(found) is Scalar else "merge"
        return key
    return text


def is_quoted(node: Any) -> bool:
    """Whether a scalar carries quotes."""
    if type(node) is Shared:
        return is_quoted(node.node)
    return isinstance(node, Quoted) or (type(node) is Scalar and node.quoted and node.tag != "null")


def set_style(old: Any, new: Any) -> Any:
    """The value ``new`` with the quotes (or their absence) of ``old``, as the real setter keeps them."""
    quoted = is_quoted(old)
    if isinstance(new, str):
        if quoted:
            style = Folded if type(old) is Folded else Quoted
            return new if type(new) is style else style(new)
        return str(new) if isinstance(new, Quoted) else new
    if type(new) is Shared:
        return set_style(old, new.node)
    if type(new) is Scalar and new.quoted != quoted:
        if quoted and new.tag == "":
            return Quoted(new.text)
        return Scalar(new.text, new.tag, quoted)
    return new


def put(container: Any, key: Any, value: Any) -> None:
    """Write into an existing place of a map or list; a shared scalar changes wherever it stands."""
    old = container[key]
    if type(old) is Shared and not isinstance(value, dict | list):
        old.node = value.node if type(value) is Shared else value
    else:
        container[key] = value


def set_field(container: dict[str, Any], name: str, value: Any) -> None:
    """Set a field as the real setter does: the quotes of an old value stay, null removes, a new key has no tag."""
    if value is None or is_null(value):
        container.pop(name, None)
    elif name in container:
        put(container, name, set_style(container[name], value))
    else:
        container[made_key(name)] = value


def untagged(old: Any, text: str) -> Any:
    """The text as an undecided scalar in the style of ``old`` (names, images, references)."""
    return Quoted(text) if is_quoted(old) else undecided(text)


def undecided(text: str) -> Any:
    """The text as a plain scalar without a tag."""
    return Scalar(text, "") if type(resolve_once(text)) is Scalar else _Undecided(text)


class _Undecided(str):
    """A plain string without a tag: a later change of its text may make a number of it."""

    __slots__ = ()


def is_undecided(node: Any) -> bool:
    """Whether a plain scalar has no tag: what it is shows when it is printed."""
    return type(node) is _Undecided or (type(node) is Scalar and node.tag == "" and not node.quoted)


_YAML11_WORDS = frozenset(
    ["y", "Y", "yes", "Yes", "YES", "n", "N", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF"]
)


def reads_otherwise(text: str) -> bool:
    """Whether YAML 1.1 reads a plain text as a number or a boolean (nulls and dates do not count)."""
    found = resolve_plain(text)
    return found.tag in ("int", "float", "bool") if type(found) is Scalar else text in _YAML11_WORDS


def is_misread(text: str) -> bool:
    """Whether YAML 1.1 reads the plain text of a string as something else: the real setter puts it in quotes."""
    return text in _YAML11_WORDS or (text != "" and type(resolve_plain(text)) is Scalar)


def with_text(old: Any, text: str) -> Any:
    """The node ``old`` with another text: its tag and style stay (what a replacement does to a scalar)."""
    if type(old) is Shared:
        return with_text(old.node, text)
    if type(old) is Scalar:
        if old.tag == "" and not old.quoted:
            return untagged(None, text)
        return Scalar(text, old.tag, old.quoted)
    if type(old) is _Undecided:
        return untagged(None, text)
    if isinstance(old, Quoted):
        return type(old)(text)
    return text if type(text) is str else str(text)
