"""Rules across fields: what each key allows by itself, but not beside the others."""

from __future__ import annotations

from compiler.errors import CompilerError
from compiler.spec.models import Spec
from compiler.spec.node import Node


def check(spec: Spec, node: Node) -> tuple[CompilerError, ...]:
    """Everything that is wrong between the fields of ``spec``, each with its place in the merged layers ``node``."""
    del spec, node
    return ()
