"""From the merged layers to the typed spec: pydantic checks, and every error gets its place in a layer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import ValidationError

from compiler.errors import CompilerError, ErrorGroup, Origin
from compiler.spec.messages import sentence
from compiler.spec.models import Spec
from compiler.spec.node import Node, Path, nearest, origin, plain


def validate(merged: Node) -> tuple[Spec | None, tuple[CompilerError, ...]]:
    """The spec that ``merged`` means, or everything that is wrong with it."""
    try:
        return Spec.model_validate(plain(merged)), ()
    except ValidationError as invalid:
        return None, tuple(_errors(invalid, merged))


def _errors(invalid: ValidationError, merged: Node) -> Iterable[CompilerError]:
    """One error for each place: the alternatives of a union are told in one sentence."""
    found: dict[tuple[Path, str], tuple[list[str], str | None, Origin]] = {}
    for error in invalid.errors(include_url=False, include_input=False):
        loc = error["loc"]
        node, path = nearest(merged, loc)
        missing = error["type"] == "missing"
        name = str((loc if missing else path)[-1]) if loc else ""
        message, hint = sentence(error["type"], error.get("ctx", {}), node, name)
        field = tuple(loc) if missing else path
        known = found.get((field, error["type"] if missing else ""))
        if known is not None:
            known[0].append(message)
        else:
            found[field, error["type"] if missing else ""] = ([message], hint, origin(node.place, field))
    for messages, hint, place in found.values():
        yield CompilerError(_joined(messages), origin=place, hint=hint)


def _joined(messages: list[str]) -> str:
    """``expected A, found X`` and ``expected B, found X`` as ``expected A or B, found X``."""
    unique = list(dict.fromkeys(messages))
    if len(unique) == 1:
        return unique[0]
    parts = [message.removeprefix("expected ").partition(", found ") for message in unique]
    return f"expected {' or '.join(part[0] for part in parts)}, found {parts[0][2]}"


def raise_all(errors: Sequence[CompilerError], files: Sequence[str]) -> None:
    """Raise what is in ``errors``, in the order of ``files`` and lines; nothing when there is none.

    Raises:
        CompilerError: the only error.
        ErrorGroup: several.
    """
    if not errors:
        return
    order = {path: index for index, path in enumerate(files)}

    def key(error: CompilerError) -> tuple[int, int, int]:
        place = error.origin
        if place is None:
            return (-1, 0, 0)
        return (order.get(place.path, len(order)), place.line or 0, place.column or 0)

    unique = list({str(error): error for error in sorted(errors, key=key)}.values())
    # A shared layer's errors are raised for each overlay over it: without this their tracebacks would grow.
    raise unique[0].with_traceback(None) if len(unique) == 1 else ErrorGroup(unique)
