"""Where go-yaml reads YAML otherwise than libyaml, from which both come: the events of a text as go-yaml has them.

In a flow map or list go-yaml takes ``a:`` before a comma or bracket as text, and ends a plain scalar at ``?``; between
double quotes it knows ``\\'`` and does not know ``\\/``; a tag may have a comma.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from yaml import YAMLError
from yaml._yaml import CParser
from yaml.events import MappingEndEvent, MappingStartEvent, ScalarEvent, SequenceEndEvent, SequenceStartEvent
from yaml.parser import ParserError
from yaml.scanner import ScannerError

from compiler.kustomize.lazy import Pattern

MAX_REPAIRS = 1_000
"""The most places of one text that are repaired: each costs a new start."""
_SLASH = Pattern(r"(?:[^\\]|\\[^/])*\\/")


class Reading:
    """A text and its events.

    Args:
        text: YAML.
    """

    def __init__(self, text: str) -> None:
        self.text = text.removeprefix("\ufeff") if text[1:2] != "\ufeff" else text  # libyaml does not count the mark
        self.repairs: dict[int, str] = {}
        """What stands in the text for what libyaml would refuse: code points, and what they mean."""
        self.count = 0
        self._places: tuple[str, str] | None = None
        self._flow = 0
        self._parser: Any = None

    def start(self) -> Callable[[], Any]:
        """What yields the next event, from the beginning of the text.

        Raises (the returned function, too):
            YAMLError: the text is malformed.
        """
        self._parser = CParser(self.text)
        self._flow = 0
        if self.repairs or "?" in self.text or "\\/" in self.text:
            return self._checked
        found: Callable[[], Any] = self._parser.get_event
        return found

    def repair(self, error: YAMLError) -> bool:
        """Whether go-yaml reads on where libyaml stopped; the text is changed so that libyaml does."""
        if not isinstance(error, ScannerError) or error.problem_mark is None or self.count >= MAX_REPAIRS:
            return False
        at = error.problem_mark.index
        if error.problem == "found unexpected ':'":
            self._put(at, 0)
        elif error.problem == "found unknown escape character" and self.text[at : at + 2] == "\\'":
            self._put(at, 1)
        elif error.context == "while scanning a tag" and self.text[at : at + 1] == ",":
            self._change(at, "_")
        else:
            return False
        return True

    def _put(self, at: int, place: int) -> None:
        if self._places is None:
            free = (chr(code) for code in range(0xE000, 0xF8FF) if chr(code) not in self.text)
            self._places = next(free), next(free)
            self.repairs = {ord(self._places[0]): ":", ord(self._places[1]): ""}
        self._change(at, self._places[place])

    def _change(self, at: int, stand_in: str) -> None:
        self.text = f"{self.text[:at]}{stand_in}{self.text[at + 1 :]}"
        self.count += 1

    def _checked(self) -> Any:
        event = self._parser.get_event()
        kind = type(event)
        if kind is ScalarEvent:
            if self._flow and not event.style and "?" in event.value:
                problem, note = "did not find expected ',' or ']'", "between brackets, quote what has a question mark"
                raise ParserError(None, None, problem, event.start_mark, note)
            if event.style == '"' and _SLASH.match(self.text[event.start_mark.index : event.end_mark.index]):
                raise ScannerError(None, None, "found unknown escape character", event.start_mark, "write / as it is")
            if self.repairs:
                event.value = event.value.translate(self.repairs)
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            if self._flow or event.flow_style:
                self._flow += 1
        elif (kind is MappingEndEvent or kind is SequenceEndEvent) and self._flow:
            self._flow -= 1
        return event
