"""Typed models of the spec, one file for each group of sections."""

from compiler.spec.models.backing import Cache, Database, Storage
from compiler.spec.models.common import Section
from compiler.spec.models.pulp import Image, Images, Pulp
from compiler.spec.models.signing import Signing
from compiler.spec.models.site import Delivery, Exposure, Namespace, Replica, Spec
from compiler.spec.models.workload import Api, Autoscale, Content, GunicornWorkload, Web, Worker, Workload

__all__ = [
    "Api",
    "Autoscale",
    "Cache",
    "Content",
    "Database",
    "Delivery",
    "Exposure",
    "GunicornWorkload",
    "Image",
    "Images",
    "Namespace",
    "Pulp",
    "Replica",
    "Section",
    "Signing",
    "Spec",
    "Storage",
    "Web",
    "Worker",
    "Workload",
]
