"""Selecting resources: targets with patterns, and Kubernetes label selectors (kustomize.md, section 11)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.identity import group_version
from compiler.kustomize.lazy import Pattern
from compiler.kustomize.patterns import anchored, is_literal
from compiler.kustomize.resource import Resource, Resources

Test = Callable[[Mapping[str, str]], bool]


def select(resources: Resources, target: Mapping[str, Any]) -> list[Resource]:
    """The resources that a patch target names, in order.

    Raises:
        KustomizeError: an invalid pattern or selector.
    """
    name = target.get("name", "")
    tests = {field: anchored(target.get(field, "")) for field in ("group", "version", "kind", "name", "namespace")}
    labels = label_selector(target.get("labelSelector", ""))
    annotations = label_selector(target.get("annotationSelector", ""))
    candidates = resources.named(name) if name and is_literal(name) else resources.items
    found = []
    for resource in candidates:
        current = resource.current()
        if target.get("kind") and not tests["kind"](current.kind):
            continue
        original = resource.original()
        if not tests["namespace"](original.namespace) and not tests["namespace"](current.namespace):
            continue
        if not tests["name"](original.name) and not tests["name"](current.name):
            continue
        group, version = group_version(current.api_version)
        if not tests["group"](group) or not tests["version"](version):
            continue
        if labels is not None and not labels(resource.strings("labels")):
            continue
        if annotations is not None and not annotations(resource.strings("annotations")):
            continue
        found.append(resource)
    return found


_TOKEN = Pattern(r"\s*(?:(!=|==|=|<|>|!|,|\(|\))|([^\s!=<>,()]+)|(\S))")
_NAME = Pattern(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?\Z")
_PREFIX = Pattern(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*\Z")
_LETTERS = "selectors know letters, digits, - _ . and, in a key, one /: select other annotations by name or kind"


@cache
def label_selector(text: str) -> Test | None:
    """A test for the labels (or annotations) that a selector asks for; None when it asks for nothing.

    Args:
        text: Kubernetes syntax: ``a=b``, ``a!=b``, ``a in (x,y)``, ``a notin (x)``, ``a``, ``!a``, ``a>1``.

    Raises:
        KustomizeError: the syntax is wrong, or a key or value is no valid label.
    """
    if not text.strip():
        return None
    parser = _Parser(text)
    tests = [parser.requirement()]
    while parser.peek() == ",":
        parser.take()
        tests.append(parser.requirement())
    if parser.peek() is not None:
        raise parser.wrong("',' or 'end of string'")
    return lambda labels: all(test(labels) for test in tests)


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.symbols = [match[1] or match[2] or match[3] for match in _TOKEN.finditer(text)]
        self.at = 0

    def peek(self) -> str | None:
        return self.symbols[self.at] if self.at < len(self.symbols) else None

    def take(self) -> str | None:
        symbol = self.peek()
        self.at += 1
        return symbol

    def wrong(self, expected: str) -> KustomizeError:
        return KustomizeError(
            f"unable to parse requirement: found '{self.peek() or ''}', expected: {expected} (selector {self.text!r})",
            hint="write label selectors as a=b, a!=b, a in (x,y), a notin (x), a, !a",
        )

    def requirement(self) -> Test:
        if self.peek() == "!":
            self.take()
            key = self.key()
            return lambda labels: key not in labels
        key = self.key()
        operator = self.peek()
        if operator in (None, ","):
            return lambda labels: key in labels
        self.take()
        if operator in ("=", "=="):
            value = self.value()
            return lambda labels: labels.get(key) == value
        if operator == "!=":
            value = self.value()
            return lambda labels: labels.get(key) != value
        if operator in ("<", ">"):
            return self.number(key, operator)
        if operator in ("in", "notin"):
            values = self.values()
            if operator == "in":
                return lambda labels: labels.get(key) in values
            return lambda labels: labels.get(key) not in values
        self.at -= 1
        raise self.wrong("in, notin, =, ==, !=, gt, lt")

    def key(self) -> str:
        symbol = self.peek()
        if symbol is None or symbol in ("!=", "==", "=", "<", ">", ",", "(", ")", "!"):
            raise self.wrong("identifier")
        self.take()
        prefix, slash, name = symbol.rpartition("/")
        if not _NAME.match(name) or (slash and not _PREFIX.match(prefix)):
            raise KustomizeError(
                f"unable to parse requirement: invalid label key {symbol!r} (selector {self.text!r})", hint=_LETTERS
            )
        return symbol

    def value(self) -> str:
        symbol = self.peek()
        if symbol is None or symbol == ",":
            return ""
        if symbol in ("!=", "==", "=", "<", ">", "(", ")", "!"):
            raise self.wrong("identifier")
        self.take()
        if not _NAME.match(symbol):
            raise KustomizeError(
                f"unable to parse requirement: invalid label value {symbol!r} (selector {self.text!r})", hint=_LETTERS
            )
        return symbol

    def values(self) -> frozenset[str]:
        if self.take() != "(":
            self.at -= 1
            raise self.wrong("'('")
        found = set()
        while True:
            found.add("" if self.peek() == ")" else self.value())
            symbol = self.take()
            if symbol == ")":
                return frozenset(found)
            if symbol != ",":
                self.at -= 1
                raise self.wrong("',' or ')'")

    def number(self, key: str, operator: str) -> Test:
        symbol = self.value()
        try:
            limit = int(symbol)
        except ValueError:
            raise KustomizeError(
                f"unable to parse requirement: for 'Gt', 'Lt' operators, the value must be an integer: {symbol!r}"
            ) from None

        def test(labels: Mapping[str, str]) -> bool:
            try:
                value = int(labels.get(key, ""))
            except ValueError:
                return False
            return value > limit if operator == ">" else value < limit

        return test
