"""Comparing renderings and printing what differs. Knows renderings as lists of plain objects, not how they were made.

Secrets are hidden before anything is compared: nothing downstream of :func:`compare` holds one.
"""

from compiler.review.compare import compare, compare_objects
from compiler.review.jsonout import print_json, report_data
from compiler.review.markdown import LIMIT, MARKER, print_markdown
from compiler.review.model import (
    Effect,
    Failure,
    FieldChange,
    Hunk,
    Match,
    ObjectChange,
    ObjectGroup,
    Report,
    WholeOverlay,
    Written,
)
from compiler.review.origins import Question, answered, questions
from compiler.review.text import print_text

__all__ = [
    "LIMIT",
    "MARKER",
    "Effect",
    "Failure",
    "FieldChange",
    "Hunk",
    "Match",
    "ObjectChange",
    "ObjectGroup",
    "Question",
    "Report",
    "WholeOverlay",
    "Written",
    "answered",
    "compare",
    "compare_objects",
    "print_json",
    "print_markdown",
    "print_text",
    "questions",
    "report_data",
]
