"""What every part of the spec is made of: a strict section, and the names that Kubernetes and DNS allow."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints


class Section(BaseModel):
    """A strict, immutable part of the spec: an unknown key is an error, nothing is coerced."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True)


DnsLabel = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)]
"""An RFC 1123 label, as Kubernetes asks of namespaces."""

ServiceName = Annotated[str, StringConstraints(pattern=r"^[a-z]([-a-z0-9]*[a-z0-9])?$", max_length=40)]
"""An RFC 1035 label short enough that ``<name>-<part>-svc`` still is one."""

Hostname = Annotated[
    str,
    StringConstraints(
        pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$", max_length=253
    ),
]
"""An RFC 1123 host name in lower case (an international name in its A-label form)."""

SecretName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", max_length=253),
]
"""The name of a Secret or ConfigMap, and of most other objects: an RFC 1123 subdomain."""

SecretKey = Annotated[str, StringConstraints(pattern=r"^[-._a-zA-Z0-9]+$", max_length=253)]
"""A key of a Secret or ConfigMap, as Kubernetes allows it."""

Quantity = Annotated[str, StringConstraints(pattern=r"^[0-9]+(\.[0-9]+)?([EPTGMK]i|[numkMGTPE])?$")]
"""A Kubernetes resource quantity, e.g. ``10Gi`` or ``500m``."""

Undirected = Annotated[str, StringConstraints(pattern=r"^[^@\s].*$")]
"""Text on one line that dynaconf takes as it is: a value that begins with ``@`` is an instruction to it."""

K8sObject = dict[str, Any]
"""A Kubernetes structure in its own camelCase form, checked against its schema when the model is checked."""
