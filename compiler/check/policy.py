"""Policy: the Pod Security Standards, images by tag, resources, tokens.

Source: Kubernetes, "Pod Security Standards": what breaks ``baseline`` is an error, what
breaks ``restricted`` a warning.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.check.finding import Finding
from compiler.check.pods import Container, Pod
from compiler.check.rendering import Rendering
from compiler.check.rules import found
from compiler.check.shape import at, map_at, maps_at, text_at
from compiler.k8s.quantity import is_quantity, parse_quantity

_VOLUMES = frozenset(
    [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ]
)
_DEFAULT_CAPABILITIES = frozenset(
    [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ]
)
_PROFILES = ("RuntimeDefault", "Localhost")


def check_policy(rendering: Rendering) -> Iterator[Finding]:
    """Pod security, images and resources of every pod template."""
    for pod in rendering.pods:
        yield from _host(pod)
        yield from _token(rendering, pod)
        for container in pod.containers():
            yield from _privileges(pod, container)
            yield from _restricted(pod, container)
            yield from _image(pod, container)
            yield from _resources(pod, container)


def _host(pod: Pod) -> Iterator[Finding]:
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.spec.get(field) is True:
            yield pod.found("security/host", field, "shares a namespace of the node")
    for index, volume in maps_at(pod.spec, "volumes"):
        kinds = set(volume) - {"name"}
        if "hostPath" in kinds:
            yield pod.found("security/host", f"volumes[{index}].hostPath", "mounts a folder of the node")
        elif kinds - _VOLUMES:
            text = f"the restricted standard has no {', '.join(sorted(kinds - _VOLUMES))} volumes"
            yield pod.found("security/restricted", f"volumes[{index}]", text)
    for container in pod.containers():
        for index, port in maps_at(container.data, "ports"):
            if port.get("hostPort"):
                yield found(
                    "security/host", pod.item, f"{container.path}.ports[{index}].hostPort", "a port of the node"
                )


def _privileges(pod: Pod, container: Container) -> Iterator[Finding]:
    place = f"{container.path}.securityContext"
    if at(container.data, "securityContext", "privileged") is True:
        yield found("security/privileged", pod.item, f"{place}.privileged", "is as good as root on the node")
    added = at(container.data, "securityContext", "capabilities", "add")
    for capability in added if isinstance(added, list) else ():
        path = f"{place}.capabilities.add"
        if str(capability) not in _DEFAULT_CAPABILITIES:
            yield found("security/privileged", pod.item, path, f"adds the capability {capability}")
        elif capability != "NET_BIND_SERVICE":
            text = f"adds the capability {capability}; the restricted standard allows NET_BIND_SERVICE alone"
            yield found("security/restricted", pod.item, path, text)


def _restricted(pod: Pod, container: Container) -> Iterator[Finding]:
    of_pod, own = map_at(pod.spec, "securityContext"), map_at(container.data, "securityContext")
    place = f"{container.path}.securityContext"

    def wrong(field: str, text: str) -> Finding:
        return found("security/restricted", pod.item, f"{place}.{field}", text)

    if own.get("allowPrivilegeEscalation") is not False:
        yield wrong("allowPrivilegeEscalation", "must be false")
    dropped = at(own, "capabilities", "drop")
    if not isinstance(dropped, list) or "ALL" not in dropped:
        yield wrong("capabilities.drop", "must hold ALL")
    if own.get("runAsNonRoot", of_pod.get("runAsNonRoot")) is not True:
        yield wrong("runAsNonRoot", "must be true, here or in the pod's securityContext")
    user = own.get("runAsUser", of_pod.get("runAsUser"))
    if user == 0 and not isinstance(user, bool):
        yield wrong("runAsUser", "must not be 0")
    profile = text_at(own, "seccompProfile", "type") or text_at(of_pod, "seccompProfile", "type")
    if profile not in _PROFILES:
        yield wrong("seccompProfile.type", "must be RuntimeDefault or Localhost, here or in the pod's securityContext")
    if own.get("readOnlyRootFilesystem") is not True:
        yield found("security/read-only-root", pod.item, f"{place}.readOnlyRootFilesystem", "should be true")


def _token(rendering: Rendering, pod: Pod) -> Iterator[Finding]:
    mounts = pod.spec.get("automountServiceAccountToken")
    name = text_at(pod.spec, "serviceAccountName") or "default"
    account = rendering.get("ServiceAccount", pod.namespace, name)
    if mounts is None and account is not None:
        mounts = account.data.get("automountServiceAccountToken")
    bound = any(
        subject.get("kind") == "ServiceAccount" and subject.get("name") == name
        for kind in ("RoleBinding", "ClusterRoleBinding")
        for binding in rendering.of_kind(kind)
        for _, subject in maps_at(binding.data, "subjects")
    )
    if mounts is not False and not bound:
        text = f"mounts a token of ServiceAccount {name}, to which no rendered binding gives a right; set it to false"
        yield pod.found("security/token", "automountServiceAccountToken", text)


def _image(pod: Pod, container: Container) -> Iterator[Finding]:
    image = text_at(container.data, "image")
    if not image or "@" in image:
        return
    tag = image.rpartition("/")[2].partition(":")[2]
    if tag in ("", "latest"):
        text = f"{image} has {'the tag latest' if tag else 'no tag'}: what runs changes by itself"
        yield found("image/tag", pod.item, f"{container.path}.image", text)


def _resources(pod: Pod, container: Container) -> Iterator[Finding]:
    requests = map_at(container.data, "resources", "requests")
    limits = map_at(container.data, "resources", "limits")
    place = f"{container.path}.resources"
    missing = [name for name in ("cpu", "memory") if name not in requests and name not in limits]
    if missing:
        text = f"container {container.name} requests no {' and no '.join(missing)}"
        yield found("resources/requests", pod.item, f"{place}.requests", text)
    if "memory" not in limits:
        text = f"container {container.name} may take all memory of its node"
        yield found("resources/memory-limit", pod.item, f"{place}.limits", text)
    for name in sorted(set(requests) & set(limits)):
        wanted, allowed = str(requests[name]), str(limits[name])
        if is_quantity(wanted) and is_quantity(allowed) and parse_quantity(wanted) > parse_quantity(allowed):
            text = f"requests {wanted} of {name}, more than the limit {allowed}"
            yield found("resources/limit-below-request", pod.item, f"{place}.requests.{name}", text)
