"""The fields of a kustomization and their types: what the strict reader accepts (kustomize.md, section 4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Type = Any
"""``"string"``, ``"bool"``, ``"int64"``, ``"any"``, ``[Type]``, ``{"": Type}`` (a map) or the name of a struct."""

_STRINGS = ["string"]
_MAP = {"": "string"}
_GVK = {"group": "string", "version": "string", "kind": "string"}
_ID = {**_GVK, "name": "string", "namespace": "string"}
_SELECTOR = {**_ID, "annotationSelector": "string", "labelSelector": "string"}
_PAIRS = {"literals": _STRINGS, "files": _STRINGS, "envs": _STRINGS, "env": "string"}
_GENERATOR = {"namespace": "string", "name": "string", "behavior": "string", **_PAIRS, "options": "GeneratorOptions"}
_REPLACEMENT = {"source": "SourceSelector", "sourceValue": "string", "targets": ["TargetSelector"]}
_PATCH = {"path": "string", "patch": "string", "target": "Selector", "options": "PatchArgs"}
_HELM = {
    **dict.fromkeys(("name", "version", "repo", "releaseName", "namespace", "valuesFile"), "string"),
    **dict.fromkeys(("valuesMerge", "kubeVersion", "nameTemplate"), "string"),
    **dict.fromkeys(("includeCRDs", "skipHooks", "skipTests", "debug", "devel"), "bool"),
    "additionalValuesFiles": _STRINGS,
    "apiVersions": _STRINGS,
    "valuesInline": {"": "any"},
}

STRUCTS: Mapping[str, Mapping[str, Type]] = {
    "Kustomization": {
        "apiVersion": "string",
        "kind": "string",
        "metadata": "ObjectMeta",
        "openapi": _MAP,
        "namePrefix": "string",
        "nameSuffix": "string",
        "namespace": "string",
        "commonLabels": _MAP,
        "labels": ["Label"],
        "commonAnnotations": _MAP,
        "patchesStrategicMerge": _STRINGS,
        "patchesJson6902": ["Patch"],
        "patches": ["Patch"],
        "images": ["Image"],
        "imageTags": ["Image"],
        "replacements": ["ReplacementField"],
        "replicas": ["Replica"],
        "vars": ["Var"],
        "sortOptions": "SortOptions",
        "resources": _STRINGS,
        "components": _STRINGS,
        "crds": _STRINGS,
        "bases": _STRINGS,
        "configMapGenerator": ["ConfigMapArgs"],
        "secretGenerator": ["SecretArgs"],
        "helmGlobals": "HelmGlobals",
        "helmCharts": ["HelmChart"],
        "helmChartInflationGenerator": ["HelmChartArgs"],
        "generatorOptions": "GeneratorOptions",
        "configurations": _STRINGS,
        "generators": _STRINGS,
        "transformers": _STRINGS,
        "validators": _STRINGS,
        "buildMetadata": _STRINGS,
    },
    "ObjectMeta": {"name": "string", "namespace": "string", "labels": _MAP, "annotations": _MAP},
    "Label": {
        "pairs": _MAP,
        "includeSelectors": "bool",
        "includeTemplates": "bool",
        "fields": ["FieldSpec"],
    },
    "FieldSpec": {**_GVK, "path": "string", "create": "bool"},
    "Patch": _PATCH,
    "PatchArgs": {"allowNameChange": "bool", "allowKindChange": "bool"},
    "Selector": _SELECTOR,
    "Image": dict.fromkeys(("name", "newName", "tagSuffix", "newTag", "digest"), "string"),
    "Replica": {"name": "string", "count": "int64"},
    "Var": {"name": "string", "objref": "Target", "fieldref": "FieldSelector"},
    "Target": {"apiVersion": "string", **_ID},
    "FieldSelector": {"fieldPath": "string"},
    "SortOptions": {"order": "string", "legacySortOptions": "LegacySortOptions"},
    "LegacySortOptions": {"orderFirst": _STRINGS, "orderLast": _STRINGS},
    "ReplacementField": {"path": "string", **_REPLACEMENT},
    "Replacement": _REPLACEMENT,
    "SourceSelector": {**_ID, "fieldPath": "string", "options": "FieldOptions"},
    "TargetSelector": {
        "select": "Selector",
        "reject": ["Selector"],
        "fieldPaths": _STRINGS,
        "options": "FieldOptions",
    },
    "FieldOptions": {"delimiter": "string", "index": "int64", "encoding": "string", "create": "bool"},
    "GeneratorOptions": {
        "labels": _MAP,
        "annotations": _MAP,
        "disableNameSuffixHash": "bool",
        "immutable": "bool",
    },
    "ConfigMapArgs": _GENERATOR,
    "SecretArgs": {**_GENERATOR, "type": "string"},
    "HelmGlobals": {"chartHome": "string", "configHome": "string"},
    "HelmChart": _HELM,
    "HelmChartArgs": {
        **dict.fromkeys(("chartName", "chartVersion", "chartRepoUrl", "chartHome", "chartRepoName"), "string"),
        **dict.fromkeys(("helmBin", "helmHome", "values", "valuesMerge", "releaseName"), "string"),
        "releaseNamespace": "string",
        "valuesLocal": {"": "any"},
        "extraArgs": _STRINGS,
    },
    "TransformerConfig": {
        **{
            name: ["FieldSpec"]
            for name in (
                *("namePrefix", "nameSuffix", "namespace", "commonLabels", "labels", "templateLabels"),
                *("commonAnnotations", "varReference", "images", "replicas"),
            )
        },
        "nameReference": ["NameBackReferences"],
    },
    "NameBackReferences": {**_GVK, "fieldSpecs": ["FieldSpec"]},
    "AnnotationsTransformer": {"annotations": _MAP, "fieldSpecs": ["FieldSpec"]},
    "LabelTransformer": {"labels": _MAP, "fieldSpecs": ["FieldSpec"]},
    "HelmChartInflationGenerator": {**_HELM, "chartHome": "string", "configHome": "string"},
    "NamespaceTransformer": {
        "metadata": "ObjectMeta",
        "fieldSpecs": ["FieldSpec"],
        "unsetOnly": "bool",
        "setRoleBindingSubjects": "string",
    },
    "PrefixTransformer": {"prefix": "string", "fieldSpecs": ["FieldSpec"]},
    "PrefixSuffixTransformer": {"prefix": "string", "suffix": "string", "fieldSpecs": ["FieldSpec"]},
    "SuffixTransformer": {"suffix": "string", "fieldSpecs": ["FieldSpec"]},
    "PatchTransformer": _PATCH,
    "PatchStrategicMergeTransformer": {"paths": _STRINGS, "patches": "string"},
    "PatchJson6902Transformer": {"target": "Selector", "path": "string", "jsonOp": "string"},
    "ReplacementTransformer": {"replacements": ["ReplacementField"]},
    "ReplicaCountTransformer": {"replica": "Replica", "fieldSpecs": ["FieldSpec"]},
    "ImageTagTransformer": {"imageTag": "Image", "fieldSpecs": ["FieldSpec"]},
    "ValueAddTransformer": {"value": "string", "targets": ["ValueAddTarget"], "targetFilePath": "string"},
    "ValueAddTargets": {"targets": ["ValueAddTarget"]},
    "ValueAddTarget": {"selector": "Selector", "fieldPath": "string", "filePathPosition": "int64"},
    "IAMPolicyGenerator": {
        "cloud": "string",
        "kubernetesService": "KubernetesService",
        "serviceAccount": "ServiceAccount",
    },
    "KubernetesService": {"namespace": "string", "name": "string"},
    "ServiceAccount": {"name": "string", "projectId": "string"},
    "ConfigMapGenerator": {"metadata": "ObjectMeta", **_GENERATOR},
    "SecretGenerator": {"metadata": "ObjectMeta", **_GENERATOR, "type": "string"},
}

EMBEDDED: Mapping[str, frozenset[str]] = {
    "FieldSpec": frozenset(_GVK),
    "NameBackReferences": frozenset(_GVK),
    "Selector": frozenset(_ID),
    "SourceSelector": frozenset(_ID),
    "ReplacementField": frozenset(_REPLACEMENT),
    "ConfigMapGenerator": frozenset(_GENERATOR),
    "SecretGenerator": frozenset((*_GENERATOR, "type")),
    "HelmChartInflationGenerator": frozenset((*_HELM, "chartHome", "configHome")),
    "IAMPolicyGenerator": frozenset(("cloud", "kubernetesService", "serviceAccount")),
}
"""Fields that Go has from an embedded struct: sigs.k8s.io/yaml does not turn numbers into strings there and below."""
