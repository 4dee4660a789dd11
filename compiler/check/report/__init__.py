"""Reports as text: for a terminal, for scripts, for code scanning, for a workflow's annotations."""

from compiler.check.report.formats import FORMATS, Writer

__all__ = ["FORMATS", "Writer"]
