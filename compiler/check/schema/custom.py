"""Strict schemas of the custom resources that the compiler emits, in the notation of :mod:`.tables`.

Sources: the CRDs of Sealed Secrets (bitnami.com/v1alpha1), Argo CD (argoproj.io/v1alpha1) and Flux
(source.toolkit.fluxcd.io/v1, kustomize.toolkit.fluxcd.io/v1), as far as a repository would write them; status is left
open.
"""

from __future__ import annotations

_META = "#apimachinery.pkg.apis.meta.v1.ObjectMeta"
_TOP = {"apiVersion!": "s", "kind!": "s", "metadata!": _META, "status": "o"}

KINDS: dict[str, str] = {
    "bitnami.com/v1alpha1/SealedSecret": "custom.SealedSecret",
    "argoproj.io/v1alpha1/Application": "custom.Application",
    "argoproj.io/v1alpha1/AppProject": "custom.AppProject",
    "source.toolkit.fluxcd.io/v1/GitRepository": "custom.GitRepository",
    "kustomize.toolkit.fluxcd.io/v1/Kustomization": "custom.Kustomization",
}
"""``group/version/Kind`` to the name of its definition."""

DEFINITIONS: dict[str, dict[str, str] | str] = {
    "custom.NameReference": {"name!": "s"},
    "custom.ObjectReference": {"apiVersion": "s", "kind!": "s", "name!": "s", "namespace": "s"},
    "custom.SealedSecret": {**_TOP, "spec!": "#custom.SealedSecretSpec"},
    "custom.SealedSecretSpec": {"encryptedData!": "{y", "template": "#custom.SealedSecretTemplate"},
    "custom.SealedSecretTemplate": {"metadata": _META, "type": "s", "immutable": "b", "data": "{s"},
    "custom.Application": {**_TOP, "spec!": "#custom.ApplicationSpec", "operation": "o"},
    "custom.ApplicationSpec": {
        "destination!": "#custom.ApplicationDestination",
        "ignoreDifferences": "[]#custom.IgnoreDifference",
        "info": "[]o",
        "project!": "s",
        "revisionHistoryLimit": "l",
        "source": "#custom.ApplicationSource",
        "sources": "[]#custom.ApplicationSource",
        "syncPolicy": "#custom.SyncPolicy",
    },
    "custom.ApplicationDestination": {"name": "s", "namespace": "s", "server": "s"},
    "custom.ApplicationSource": {
        "chart": "s",
        "directory": "o",
        "helm": "o",
        "kustomize": "o",
        "path": "s",
        "plugin": "o",
        "ref": "s",
        "repoURL!": "s",
        "targetRevision": "s",
    },
    "custom.IgnoreDifference": {
        "group": "s",
        "jqPathExpressions": "[]s",
        "jsonPointers": "[]s",
        "kind!": "s",
        "managedFieldsManagers": "[]s",
        "name": "s",
        "namespace": "s",
    },
    "custom.SyncPolicy": {
        "automated": "#custom.SyncAutomated",
        "managedNamespaceMetadata": "o",
        "retry": "#custom.SyncRetry",
        "syncOptions": "[]s",
    },
    "custom.SyncAutomated": {"allowEmpty": "b", "enabled": "b", "prune": "b", "selfHeal": "b"},
    "custom.SyncRetry": {"backoff": "#custom.SyncBackoff", "limit": "l", "refresh": "b"},
    "custom.SyncBackoff": {"duration": "s", "factor": "l", "maxDuration": "s"},
    "custom.AppProject": {**_TOP, "spec!": "#custom.AppProjectSpec"},
    "custom.AppProjectSpec": {
        "clusterResourceBlacklist": "[]o",
        "clusterResourceWhitelist": "[]#custom.GroupKind",
        "description": "s",
        "destinationServiceAccounts": "[]o",
        "destinations": "[]#custom.ApplicationDestination",
        "namespaceResourceBlacklist": "[]#custom.GroupKind",
        "namespaceResourceWhitelist": "[]#custom.GroupKind",
        "orphanedResources": "o",
        "permitOnlyProjectScopedClusters": "b",
        "roles": "[]o",
        "signatureKeys": "[]o",
        "sourceNamespaces": "[]s",
        "sourceRepos": "[]s",
        "syncWindows": "[]o",
    },
    "custom.GroupKind": {"group!": "s", "kind!": "s", "name": "s"},
    "custom.GitRepository": {**_TOP, "spec!": "#custom.GitRepositorySpec"},
    "custom.GitRepositorySpec": {
        "ignore": "s",
        "include": "[]o",
        "interval!": "s",
        "provider": "=generic|azure|github",
        "proxySecretRef": "#custom.NameReference",
        "recurseSubmodules": "b",
        "ref": "#custom.GitReference",
        "secretRef": "#custom.NameReference",
        "serviceAccountName": "s",
        "sparseCheckout": "[]s",
        "suspend": "b",
        "timeout": "s",
        "url!": "s",
        "verify": "o",
    },
    "custom.GitReference": {"branch": "s", "commit": "s", "name": "s", "semver": "s", "tag": "s"},
    "custom.Kustomization": {**_TOP, "spec!": "#custom.KustomizationSpec"},
    "custom.KustomizationSpec": {
        "commonMetadata": "o",
        "components": "[]s",
        "decryption": "#custom.Decryption",
        "deletionPolicy": "=MirrorPrune|Delete|WaitForTermination|Orphan",
        "dependsOn": "[]o",
        "force": "b",
        "healthCheckExprs": "[]o",
        "healthChecks": "[]#custom.ObjectReference",
        "ignoreMissingComponents": "b",
        "images": "[]o",
        "interval!": "s",
        "kubeConfig": "o",
        "namePrefix": "s",
        "nameSuffix": "s",
        "patches": "[]o",
        "path": "s",
        "postBuild": "o",
        "prune!": "b",
        "retryInterval": "s",
        "serviceAccountName": "s",
        "sourceRef!": "#custom.ObjectReference",
        "suspend": "b",
        "targetNamespace": "s",
        "timeout": "s",
        "wait": "b",
    },
    "custom.Decryption": {
        "provider!": "=sops",
        "secretRef": "#custom.NameReference",
        "serviceAccountName": "s",
    },
}
"""Name to body."""
