"""Checks: schema, references, policy and secret hygiene, each a function from a rendering to findings."""

from compiler.check.finding import Finding, Item, Report, Severity
from compiler.check.rendered import check_rendering
from compiler.check.rendering import Declared
from compiler.check.unmade import Wanted

__all__ = ["Declared", "Finding", "Item", "Report", "Severity", "Wanted", "check_rendering"]
