"""Delivery: the Argo CD or Flux objects that apply an overlay, and the rights that takes."""

from compiler.delivery.files import delivery_files
from compiler.delivery.rights import applier_role

__all__ = ["applier_role", "delivery_files"]
