"""Delivery: the Argo CD or Flux objects that apply an overlay, and the rights that takes."""

from compiler.delivery.files import delivery_files

__all__ = ["delivery_files"]
