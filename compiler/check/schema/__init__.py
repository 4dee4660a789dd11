"""Strict validation of objects against Kubernetes' schemas, offline and fast."""

from compiler.check.schema.objects import check_schemas
from compiler.check.schema.tables import Tables, load_tables

__all__ = ["Tables", "check_schemas", "load_tables"]
