"""All checks of one rendering."""

from __future__ import annotations

from collections.abc import Sequence

from compiler.check.finding import Finding, Item, Report
from compiler.check.hygiene import check_hygiene
from compiler.check.policy import check_policy
from compiler.check.references import check_references
from compiler.check.rendering import Declared, Rendering
from compiler.check.schema import check_schemas
from compiler.check.sealed import check_sealed
from compiler.check.shapes import check_objects, check_pods
from compiler.check.unmade import Wanted, check_unmade, unmade


def check_rendering(
    path: str,
    items: Sequence[Item],
    *,
    kubernetes_version: str,
    declared: Declared | None = None,
    abstract: bool = False,
    sealed: Sequence[Item] = (),
    required: Sequence[Wanted] = (),
) -> Report:
    """Check one rendering.

    Args:
        path: the overlay's folder, for the report.
        items: the rendered objects, with their origins.
        kubernetes_version: minor version of the cluster, ``1.33``.
        declared: Secrets, ConfigMaps and other objects that exist beside the rendering: (kind, name) to their keys,
            ``None`` when any key may be there.
        abstract: a layer to build on: what it refers to may come later, so references are not checked.
        sealed: the overlay's sealed objects as they were sealed, to see what the overlay did to them.
        required: what the secrets room makes for the overlay, to see what of it is missing.

    Raises:
        CompilerError: there are no schemas for that version.
    """
    rendering = Rendering(items, declared or {})
    missing = unmade(rendering, required)
    rendering = Rendering(items, {**{(one.kind, one.name): one.keys for one in missing}, **rendering.declared})
    findings, unvalidated = check_schemas(items, kubernetes_version)
    findings += check_objects(rendering)
    findings += check_pods(rendering)
    findings += check_hygiene(rendering)
    findings += check_policy(rendering)
    findings += check_sealed(rendering, sealed)
    if not abstract:
        findings += check_references(rendering)
        findings += check_unmade(path, missing, sealed)
    return Report(path, tuple(sorted(set(findings), key=_order)), len(items), unvalidated, abstract)


def _order(finding: Finding) -> tuple[object, ...]:
    return (finding.object, finding.field, finding.rule, finding.message)
