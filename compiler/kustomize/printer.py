"""Printing: nodes to the text that go-yaml v2 writes, byte for byte (kustomize.md, section 18)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from compiler.kustomize.mergekeys import unmerged, with_texts_for_keys
from compiler.kustomize.natural import sort_keys
from compiler.kustomize.scalars import Folded, Scalar, Shared, resolve_plain
from compiler.kustomize.scalartext import BREAKS, SHORT, one_line, scalar_text

_MAX_MEMO = 100_000
_known = SHORT.get

_Add: TypeAlias = Callable[[str], None]
_Keys: TypeAlias = "tuple[str, ...]"
_Label: TypeAlias = "str | None"
"""A key as it is written, with its colon; None for one that is too long, or has line breaks, and so stands alone."""
_Field: TypeAlias = "tuple[str, str, str]"
"""A key, how a line with it begins up to its value, and the whole line where its value is a map or a list."""
_orders: dict[_Keys, list[tuple[str, _Label]]] = {}


def print_document(node: dict[str, Any]) -> str:
    """One object as YAML text, ending in one newline.

    Raises:
        KustomizeError: it cannot be printed (a key that is not a string, a control character).
    """
    if not node:
        return "{}\n"
    out: list[str] = []
    _map(with_texts_for_keys(node), _column(""), out.append)
    out.append("")
    return "\n".join(out)


class _Column:
    """Where a map or list stands: how its first line begins, and with as many spaces all others.

    Maps with the same keys in the same column have the same lines up to their values, so those are made once.

    Args:
        lead: the beginning of the first line: spaces, or dashes where it is an item of a list.
    """

    __slots__ = ("_items", "below", "fields", "indent", "lead", "next")

    def __init__(self, lead: str) -> None:
        self.lead = lead
        self.indent = len(lead)
        self.fields: dict[_Keys, list[_Field]] = {}
        """The fields of maps met here, in the order in which they are printed."""
        self.next = self if not lead.strip(" ") else _column(" " * len(lead))
        """That of whatever begins on the lines after the first."""
        self.below: _Column | None = None
        """That of a map in one of the fields; made when there is one."""
        self._items: tuple[_Column, _Column] | None = None

    def items(self) -> tuple[_Column, _Column]:
        """Those of the first item of a list that begins here, and of all others."""
        if self._items is None:
            self._items = _column(f"{self.lead}- "), _column(f"{self.next.lead}- ")
        return self._items

    def learn(self, keys: _Keys) -> list[_Field] | None:
        """The fields of a map with these keys, in order; None where one of them has to stand alone."""
        order, keep = _order(keys)
        start = self.lead
        fields: list[_Field] = []
        for key, label in order:
            if label is None:
                return None
            fields.append((key, f"{start}{label} ", f"{start}{label}"))
            start = self.next.lead
        if keep:
            if len(self.fields) > _MAX_MEMO:
                self.fields.clear()
            self.fields[keys] = fields
        return fields


_columns: dict[str, _Column] = {}


def _column(lead: str) -> _Column:
    found = _columns.get(lead)
    if found is None:
        found = _columns[lead] = _Column(lead)
    return found


def _map(node: dict[str, Any], column: _Column, add: _Add) -> None:
    keys = tuple(node)
    fields = column.fields.get(keys)
    if fields is None:
        node = unmerged(node)
        fields = column.learn(tuple(node))
        if fields is None:
            _map_with_long_keys(node, column, add)
            return
    for key, head, opening in fields:
        value = node[key]
        kind = type(value)
        if kind is str:
            add(head + (_known(value) or scalar_text(value, column.indent + 2, len(head))))
        elif kind is dict:
            if value:
                add(opening)
                below = column.below
                if below is None:
                    below = column.below = _column(" " * (column.indent + 2))
                _map(value, below, add)
            else:
                add(head + "{}")
        elif kind is list:
            if value:
                add(opening)
                _list(value, column.next, add)
            else:
                add(head + "[]")
        else:
            if kind is Shared:
                value = value.node
                kind = type(value)
            text = value.printed if kind is Scalar else None if kind is Folded else _known(value)
            add(head + (text or scalar_text(value, column.indent + 2, len(head))))


def _list(node: list[Any], column: _Column, add: _Add) -> None:
    item, other = column.items()
    for value in node:
        kind = type(value)
        if kind is dict:
            if value:
                _map(value, item, add)
            else:
                add(item.lead + "{}")
        elif kind is list:
            if value:
                _list(value, item, add)
            else:
                add(item.lead + "[]")
        else:
            text = None if kind is Folded else _known(value)
            add(item.lead + (text or scalar_text(value, item.indent, item.indent)))
        item = other


def _map_with_long_keys(node: dict[str, Any], column: _Column, add: _Add) -> None:
    for key, label in _order(tuple(node))[0]:
        if label is None:
            _long_key(key, node[key], column, add)
        else:
            _map({key: node[key]}, column, add)
        column = column.next


def _long_key(key: str, value: Any, column: _Column, add: _Add) -> None:
    indent = column.indent + 2
    add(f"{column.lead}? {one_line(key, indent, indent, fold=False)}")
    lead = f"{column.next.lead}: "
    if type(value) is dict and value:
        _map(value, _column(lead), add)
    elif type(value) is list and value:
        _list(value, _column(lead), add)
    else:
        text = "{}" if type(value) is dict else "[]" if type(value) is list else scalar_text(value, indent, indent)
        add(lead + text)


def _order(keys: _Keys) -> tuple[list[tuple[str, _Label]], bool]:
    """Keys in the order in which they are printed, and whether they mean the same in every map.

    ``1`` and ``"1"`` are equal, and one of them cannot be printed.
    """
    known = _orders.get(keys)
    if known is not None:
        return known, True
    order: list[tuple[str, _Label]] = []
    keep = True
    for key in sort_keys(keys):
        keep = keep and key != "<<" and type(resolve_plain(key)) is not Scalar
        text = one_line(key, 0, 0, fold=False)
        long = len(key.encode("utf-8", "surrogatepass")) > 128 or any(mark in key for mark in "\r" + BREAKS)
        order.append((key, None if long else f"{text}:"))
    if keep:
        if len(_orders) > _MAX_MEMO:
            _orders.clear()
        _orders[keys] = order
    return order, keep
