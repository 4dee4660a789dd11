"""What pods take in: Secrets and ConfigMaps with their keys, claims, ServiceAccounts and pull secrets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from compiler.check.finding import Finding, Item
from compiler.check.pods import Pod
from compiler.check.rendering import Rendering
from compiler.check.rules import found
from compiler.check.shape import map_at, maps_at, text_at

_RULES = {"Secret": "reference/secret", "ConfigMap": "reference/config-map"}
_PULL_KEYS = frozenset([".dockerconfigjson", ".dockercfg"])
_IN_EVERY_NAMESPACE = {("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")}


@dataclass(frozen=True)
class Use:
    """A place that names a Secret or a ConfigMap.

    Args:
        kind: ``Secret`` or ``ConfigMap``.
        name: its name.
        path: of the reference.
        keys: each key that is used, and the path that names it.
        optional: whether the pod starts without it.
    """

    kind: str
    name: str
    path: str
    keys: tuple[tuple[str, str], ...] = ()
    optional: bool = False


def check_sources(rendering: Rendering) -> Iterator[Finding]:
    """Secrets, ConfigMaps (with keys) and claims in volumes, variables and mounts."""
    for pod in rendering.pods:
        for use in (*volume_uses(pod), *variable_uses(pod), *subpath_uses(pod)):
            yield from resolve(rendering, pod.item, use)
        for index, volume in maps_at(pod.spec, "volumes"):
            name = text_at(volume, "persistentVolumeClaim", "claimName")
            if name and not rendering.exists("PersistentVolumeClaim", pod.namespace, name):
                path = f"volumes[{index}].persistentVolumeClaim.claimName"
                missing = f"PersistentVolumeClaim {name} is not in the rendering"
                yield pod.found("reference/claim", path, missing + _suggest(rendering, pod, name))


def check_accounts(rendering: Rendering) -> Iterator[Finding]:
    """ServiceAccounts of pods, pull secrets of pods and ServiceAccounts."""
    for pod in rendering.pods:
        for field in ("serviceAccountName", "serviceAccount"):
            name = text_at(pod.spec, field)
            known = ("ServiceAccount", name) in _IN_EVERY_NAMESPACE
            if name and not known and not rendering.exists("ServiceAccount", pod.namespace, name):
                yield pod.found("reference/service-account", field, f"ServiceAccount {name} is not in the rendering")
        yield from _pull_secrets(rendering, pod.item, pod.spec, f"{pod.path}.")
    for account in rendering.of_kind("ServiceAccount"):
        yield from _pull_secrets(rendering, account, account.data, "")


def resolve(rendering: Rendering, item: Item, use: Use) -> Iterator[Finding]:
    """What is wrong with one use: the object is not there, or it lacks a key."""
    if not use.name or use.optional or (use.kind, use.name) in _IN_EVERY_NAMESPACE:
        return
    rule, namespace = _RULES[use.kind], item.key.namespace
    if not rendering.exists(use.kind, namespace, use.name):
        text = f"{use.kind} {use.name} is neither in the rendering nor declared"
        names = rendering.names(use.kind, namespace)
        yield found(rule, item, use.path, text + _did_you_mean(use.name, names))
        return
    keys = rendering.keys(use.kind, namespace, use.name)
    if keys is None:
        return
    for key, path in use.keys:
        if key not in keys:
            held = ", ".join(sorted(keys)) or "none"
            text = f'{use.kind} {use.name} has no key "{key}"; it holds: {held}'
            yield found(f"{rule}-key", item, path, text)


def volume_uses(pod: Pod) -> Iterator[Use]:
    """Secrets and ConfigMaps that are volumes, or parts of projected ones, or hold a driver's credentials."""
    for index, volume in maps_at(pod.spec, "volumes"):
        path = f"{pod.path}.volumes[{index}]"
        yield from _source_uses(volume, path, "secretName")
        for number, source in maps_at(volume, "projected", "sources"):
            yield from _source_uses(source, f"{path}.projected.sources[{number}]", "name")
        driver = text_at(volume, "csi", "nodePublishSecretRef", "name")
        yield Use("Secret", driver, f"{path}.csi.nodePublishSecretRef.name")


def variable_uses(pod: Pod) -> Iterator[Use]:
    """Secrets and ConfigMaps in ``env`` and ``envFrom``."""
    for container in pod.containers():
        for index, variable in maps_at(container.data, "env"):
            for field, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
                ref = map_at(variable, "valueFrom", field)
                path = f"{container.path}.env[{index}].valueFrom.{field}"
                keys = ((text_at(ref, "key"), f"{path}.key"),)
                yield Use(kind, text_at(ref, "name"), f"{path}.name", keys, ref.get("optional") is True)
        for index, source in maps_at(container.data, "envFrom"):
            for field, kind in (("secretRef", "Secret"), ("configMapRef", "ConfigMap")):
                ref = map_at(source, field)
                path = f"{container.path}.envFrom[{index}].{field}.name"
                yield Use(kind, text_at(ref, "name"), path, optional=ref.get("optional") is True)


def subpath_uses(pod: Pod) -> Iterator[Use]:
    """Single files of a Secret or ConfigMap volume, mounted by ``subPath``."""
    volumes = {text_at(volume, "name"): volume for _, volume in maps_at(pod.spec, "volumes")}
    for container in pod.containers():
        for index, mount in maps_at(container.data, "volumeMounts"):
            volume, file = volumes.get(text_at(mount, "name")), text_at(mount, "subPath")
            if volume is None or not file:
                continue
            for field, kind, key in (("secret", "Secret", "secretName"), ("configMap", "ConfigMap", "name")):
                source = map_at(volume, field)
                listed = {text_at(item, "path"): text_at(item, "key") for _, item in maps_at(source, "items")}
                if not source or any(path.startswith(f"{file}/") for path in listed):
                    continue
                path = f"{container.path}.volumeMounts[{index}].subPath"
                used = ((listed.get(file, file), path),)
                yield Use(kind, text_at(source, key), path, used, source.get("optional") is True)


def _source_uses(volume: dict[str, Any], path: str, secret_field: str) -> Iterator[Use]:
    for field, kind, name in (("secret", "Secret", secret_field), ("configMap", "ConfigMap", "name")):
        source = map_at(volume, field)
        place = f"{path}.{field}"
        keys = tuple((text_at(item, "key"), f"{place}.items[{index}].key") for index, item in maps_at(source, "items"))
        yield Use(kind, text_at(source, name), f"{place}.{name}", keys, source.get("optional") is True)


def _pull_secrets(rendering: Rendering, item: Item, holder: Any, prefix: str) -> Iterator[Finding]:
    for index, entry in maps_at(holder, "imagePullSecrets"):
        use = Use("Secret", text_at(entry, "name"), f"{prefix}imagePullSecrets[{index}].name")
        wrong = list(resolve(rendering, item, use))
        yield from wrong
        keys = rendering.keys("Secret", item.key.namespace, use.name)
        if not wrong and keys is not None and not keys & _PULL_KEYS:
            text = f"Secret {use.name} has no key .dockerconfigjson, so it pulls no image"
            yield found("reference/secret-key", item, use.path, text)


def _suggest(rendering: Rendering, pod: Pod, name: str) -> str:
    return _did_you_mean(name, rendering.names("PersistentVolumeClaim", pod.namespace))


def _did_you_mean(name: str, names: Iterable[str]) -> str:
    from compiler.check.schema.validator import nearest

    meant = nearest(name, tuple(names))
    return f"; did you mean {meant}?" if meant else ""
