"""What is made of an effective spec, its errors told at the line of the layer that asked for what cannot be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from compiler.errors import CompilerError, Origin

if TYPE_CHECKING:
    from compiler.pulp.model import Compiled
    from compiler.spec import EffectiveSpec


def model_of(
    effective: EffectiveSpec, generations: Mapping[str, int] | None = None, reencrypting: frozenset[str] = frozenset()
) -> Compiled:
    """:func:`compiler.pulp.model.build_model` of an effective spec.

    Raises:
        CompilerError: the spec asks for something that cannot be; with its place, when the model names a key of it.
    """
    from compiler.pulp.model import build_model

    with placed(effective):
        return build_model(effective.spec, generations, reencrypting)


@contextmanager
def placed(effective: EffectiveSpec) -> Iterator[None]:
    """Give an error that names a key of the spec, but no file, the line of the layer that says the key.

    Raises:
        CompilerError: what was raised inside.
    """
    try:
        yield
    except CompilerError as error:
        if error.origin is None or error.origin.path or error.origin.field is None:
            raise
        field = error.origin.field
        place = effective.origin(field) or Origin(effective.layers[-1], field=field)
        raise CompilerError(error.message, origin=place, hint=error.hint) from None
