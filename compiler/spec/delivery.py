"""Rules for delivery: an account that is the overlay's own, and that can apply what the overlay is made of."""

from __future__ import annotations

from compiler.spec.models import Spec
from compiler.spec.wrong import Wrong


def check_delivery(spec: Spec, wrong: Wrong) -> None:
    """``delivery.flux.service_account``."""
    flux = spec.delivery.flux if spec.delivery is not None else None
    if flux is None or flux.service_account is None:
        return
    place = ("delivery", "flux", "service_account")
    if flux.service_account == "default":
        wrong.add(
            "`default` is the account of every pod of that namespace without one, and they would all have its rights",
            place,
            hint="expected a name of the account's own, like pulp-applier",
        )
    if spec.namespace is not None and spec.namespace.create:
        wrong.add(
            "this account has rights inside the namespace only, so it cannot make the namespace",
            place,
            ("namespace", "create"),
            hint="have the namespace made by somebody else (`namespace.create: false`), or leave this key out",
        )
