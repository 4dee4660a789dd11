"""The rules by id: how grave each is, and what it asks for, in one line (``docs/check.md`` has the same table)."""

from __future__ import annotations

from dataclasses import dataclass

from compiler.check.finding import Finding, Item, Severity


@dataclass(frozen=True)
class Rule:
    """One rule.

    Args:
        severity: of all of its findings.
        title: what must hold.
    """

    severity: Severity
    title: str


RULES: dict[str, Rule] = {
    "schema/required": Rule("error", "Required fields are there."),
    "schema/unknown-field": Rule("error", "Every field is one that the kind has."),
    "schema/unknown-kind": Rule("error", "The cluster's version serves the kind."),
    "schema/type": Rule("error", "Values have the type of their field."),
    "schema/value": Rule("error", "Values are among the allowed ones, and in range."),
    "schema/format": Rule("error", "Quantities, base64 and times are well-formed."),
    "schema/duplicate-item": Rule("error", "Items of a keyed list differ in their key."),
    "object/duplicate": Rule("error", "An object stands in the rendering once."),
    "object/name": Rule("error", "Names have the form that the kind asks for."),
    "object/label": Rule("error", "Keys and values of labels, and keys of annotations, are well-formed."),
    "object/namespace": Rule("error", "Namespaced objects of one rendering share one namespace."),
    "reference/secret": Rule("error", "A Secret that is used exists."),
    "reference/secret-key": Rule("error", "A key of a Secret that is used exists."),
    "reference/config-map": Rule("error", "A ConfigMap that is used exists."),
    "reference/config-map-key": Rule("error", "A key of a ConfigMap that is used exists."),
    "reference/service-account": Rule("error", "The ServiceAccount of a pod exists."),
    "reference/claim": Rule("error", "A PersistentVolumeClaim that is used exists."),
    "reference/service-pods": Rule("error", "A Service selects pods."),
    "reference/service-port": Rule("error", "A Service's target port is a port of its pods."),
    "reference/ingress-service": Rule("error", "An Ingress' backend Service exists."),
    "reference/ingress-port": Rule("error", "An Ingress' backend port is a port of its Service."),
    "reference/budget-pods": Rule("error", "A PodDisruptionBudget selects pods."),
    "reference/autoscaler-target": Rule("error", "A HorizontalPodAutoscaler's target exists."),
    "reference/autoscaler-requests": Rule("error", "Containers request the resource that they are scaled by."),
    "reference/autoscaler-replicas": Rule("warning", "A workload leaves its replicas to its autoscaler."),
    "reference/network-policy-pods": Rule("warning", "A NetworkPolicy selects pods, and so do its peers."),
    "reference/network-policy-port": Rule("warning", "A NetworkPolicy opens ports that its pods have."),
    "reference/role": Rule("error", "A RoleBinding's Role and ServiceAccounts exist."),
    "reference/stateful-set-service": Rule("error", "A StatefulSet's governing Service exists."),
    "pod/selector": Rule("error", "A workload's selector matches the labels of its own pods."),
    "pod/volume": Rule("error", "A mounted volume exists."),
    "pod/unused-volume": Rule("warning", "A volume is mounted."),
    "pod/duplicate-volume": Rule("error", "Volumes and claim templates of a pod have different names."),
    "pod/duplicate-mount": Rule("error", "Mounts of a container have different paths."),
    "pod/duplicate-container": Rule("error", "Containers of a pod have different names."),
    "pod/probe-port": Rule("error", "A port that a probe names is a port of its container."),
    "secret/not-made": Rule("error", "The Secrets and trust bundles that a spec needs were made, or wait to be set."),
    "secret/unset": Rule("warning", "The Secrets that wait for a person's values were set."),
    "secret/plain": Rule("error", "A Secret is sealed."),
    "secret/config-map": Rule("error", "A ConfigMap holds no private key or password."),
    "secret/private-key": Rule("error", "No field holds a private key or an age identity."),
    "secret/env": Rule("error", "A variable named like a secret takes its value from a Secret."),
    "sealed/missing": Rule(
        "error", "A sealed object is in the rendering, under the name and namespace that pods need."
    ),
    "sealed/name": Rule("error", "A sealed object keeps its name."),
    "sealed/namespace": Rule("error", "A sealed object keeps its namespace."),
    "sealed/key-removed": Rule("error", "A sealed object keeps its keys."),
    "sealed/key-moved": Rule("error", "A sealed value stays under its key."),
    "sealed/key-added": Rule("error", "Nothing is added to a sealed object."),
    "sealed/unsealed": Rule("error", "A sealed object keeps its sops block."),
    "sealed/changed": Rule("error", "A sealed object keeps its values, type and template."),
    "sealed/scope": Rule("error", "Annotations that say how an object is sealed stay."),
    "sealed/copied": Rule("error", "No other object holds ciphertext."),
    "security/host": Rule("error", "Pods share no namespace, path or port with their node."),
    "security/privileged": Rule("error", "No container is privileged or adds capabilities."),
    "security/restricted": Rule("warning", "Pods keep the restricted Pod Security Standard."),
    "security/read-only-root": Rule("warning", "Containers have a read-only root file system."),
    "security/token": Rule("warning", "Pods that need no API access mount no ServiceAccount token."),
    "image/tag": Rule("warning", "Images carry a published tag or a digest."),
    "resources/requests": Rule("warning", "Containers request CPU and memory."),
    "resources/memory-limit": Rule("warning", "Containers have a memory limit."),
    "resources/limit-below-request": Rule("error", "No request is above its limit."),
}
"""Rule id to rule."""


def found(rule: str, item: Item, field: str, message: str) -> Finding:
    """A finding of ``rule`` about ``item``, with the rule's severity and the item's origin."""
    return Finding(rule, RULES[rule].severity, message, item.key, field, item.origin)
