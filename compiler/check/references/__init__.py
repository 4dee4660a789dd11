"""References within a rendering, each kind of them a function from the rendering to findings."""

from collections.abc import Iterator

from compiler.check.finding import Finding
from compiler.check.references.binding import check_role_bindings
from compiler.check.references.mounts import check_accounts, check_sources
from compiler.check.references.network import check_ingresses, check_network_policies, check_services
from compiler.check.references.workload import check_autoscalers, check_budgets, check_stateful_sets
from compiler.check.rendering import Rendering

__all__ = ["check_references"]


def check_references(rendering: Rendering) -> Iterator[Finding]:
    """Everything that an object of the rendering names exists, in the rendering or declared beside it."""
    for check in (
        check_sources,
        check_accounts,
        check_services,
        check_ingresses,
        check_network_policies,
        check_budgets,
        check_autoscalers,
        check_stateful_sets,
        check_role_bindings,
    ):
        yield from check(rendering)
