"""From securityContext (pod and container) to the identity of a process."""

from __future__ import annotations

from typing import Any

from tests.e2e.podrunner.images import Image
from tests.e2e.podrunner.kernel import CAPABILITIES
from tests.e2e.podrunner.objects import Object, RunnerError
from tests.e2e.podrunner.sandbox import Identity

# containerd's defaults (oci/spec.go).
_DEFAULT = frozenset(
    [
        "CHOWN",
        "DAC_OVERRIDE",
        "FSETID",
        "FOWNER",
        "MKNOD",
        "NET_RAW",
        "SETGID",
        "SETUID",
        "SETFCAP",
        "SETPCAP",
        "NET_BIND_SERVICE",
        "SYS_CHROOT",
        "KILL",
        "AUDIT_WRITE",
    ]
)


def identity(pod_spec: Object, container: Object, image: Image) -> Identity:
    """Who the container's processes are.

    Raises:
        RunnerError: runAsNonRoot and uid 0, as kubelet refuses it; privileged, which a test tool must not grant.
    """
    pod: dict[str, Any] = pod_spec.get("securityContext") or {}
    own: dict[str, Any] = container.get("securityContext") or {}
    if own.get("privileged"):
        raise RunnerError(f"container {container['name']} is privileged: the runner does not do that")

    def either(name: str) -> Any:
        return own[name] if own.get(name) is not None else pod.get(name)

    uid = image.user if either("runAsUser") is None else int(either("runAsUser"))
    if either("runAsNonRoot") and uid == 0:
        raise RunnerError(f"container {container['name']} has runAsNonRoot and would run as root")
    gid = image.group(uid) if either("runAsGroup") is None else int(either("runAsGroup"))
    groups = {gid, *(int(group) for group in pod.get("supplementalGroups") or ())}
    if pod.get("fsGroup") is not None:
        groups.add(int(pod["fsGroup"]))
    return Identity(uid, gid, tuple(sorted(groups)), _capabilities(own), own.get("allowPrivilegeEscalation") is False)


def _capabilities(context: dict[str, Any]) -> frozenset[str]:
    asked = context.get("capabilities") or {}
    drop = {str(name).removeprefix("CAP_") for name in asked.get("drop") or ()}
    add = {str(name).removeprefix("CAP_") for name in asked.get("add") or ()}
    everything = frozenset(CAPABILITIES)
    kept = frozenset() if "ALL" in drop else (everything if "ALL" in add else _DEFAULT) - drop
    return (kept | (add - {"ALL"})) & everything
