"""Values that Kubernetes allows where its OpenAPI says only "string" (source: the Kubernetes API reference pages)."""

from __future__ import annotations

_PROTOCOL = ("TCP", "UDP", "SCTP")
_CORE = "api.core.v1."
_SELECTOR = ("In", "NotIn", "Exists", "DoesNotExist")
_MODES = ("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod")

ENUMS: dict[tuple[str, str], tuple[str, ...]] = {
    (f"{_CORE}Container", "imagePullPolicy"): ("Always", "IfNotPresent", "Never"),
    (f"{_CORE}Container", "terminationMessagePolicy"): ("File", "FallbackToLogsOnError"),
    (f"{_CORE}ContainerPort", "protocol"): _PROTOCOL,
    (f"{_CORE}ServicePort", "protocol"): _PROTOCOL,
    (f"{_CORE}ServiceSpec", "type"): ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName"),
    (f"{_CORE}ServiceSpec", "sessionAffinity"): ("ClientIP", "None"),
    (f"{_CORE}ServiceSpec", "externalTrafficPolicy"): ("Cluster", "Local"),
    (f"{_CORE}ServiceSpec", "internalTrafficPolicy"): ("Cluster", "Local"),
    (f"{_CORE}ServiceSpec", "ipFamilyPolicy"): ("SingleStack", "PreferDualStack", "RequireDualStack"),
    (f"{_CORE}ServiceSpec", "ipFamilies"): ("IPv4", "IPv6"),
    (f"{_CORE}PodSpec", "restartPolicy"): ("Always", "OnFailure", "Never"),
    (f"{_CORE}PodSpec", "dnsPolicy"): ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
    (f"{_CORE}PodSpec", "preemptionPolicy"): ("PreemptLowerPriority", "Never"),
    (f"{_CORE}PodSecurityContext", "fsGroupChangePolicy"): ("OnRootMismatch", "Always"),
    (f"{_CORE}SeccompProfile", "type"): ("RuntimeDefault", "Localhost", "Unconfined"),
    (f"{_CORE}AppArmorProfile", "type"): ("RuntimeDefault", "Localhost", "Unconfined"),
    (f"{_CORE}HTTPGetAction", "scheme"): ("HTTP", "HTTPS"),
    (f"{_CORE}Toleration", "operator"): ("Exists", "Equal"),
    (f"{_CORE}Toleration", "effect"): ("NoSchedule", "PreferNoSchedule", "NoExecute"),
    (f"{_CORE}NodeSelectorRequirement", "operator"): (*_SELECTOR, "Gt", "Lt"),
    ("apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement", "operator"): _SELECTOR,
    (f"{_CORE}TopologySpreadConstraint", "whenUnsatisfiable"): ("DoNotSchedule", "ScheduleAnyway"),
    (f"{_CORE}TopologySpreadConstraint", "nodeAffinityPolicy"): ("Honor", "Ignore"),
    (f"{_CORE}TopologySpreadConstraint", "nodeTaintsPolicy"): ("Honor", "Ignore"),
    (f"{_CORE}PersistentVolumeClaimSpec", "accessModes"): _MODES,
    (f"{_CORE}PersistentVolumeClaimSpec", "volumeMode"): ("Filesystem", "Block"),
    (f"{_CORE}VolumeMount", "mountPropagation"): ("None", "HostToContainer", "Bidirectional"),
    ("api.apps.v1.DeploymentStrategy", "type"): ("Recreate", "RollingUpdate"),
    ("api.apps.v1.StatefulSetSpec", "podManagementPolicy"): ("OrderedReady", "Parallel"),
    ("api.apps.v1.StatefulSetUpdateStrategy", "type"): ("RollingUpdate", "OnDelete"),
    ("api.apps.v1.DaemonSetUpdateStrategy", "type"): ("RollingUpdate", "OnDelete"),
    ("api.batch.v1.CronJobSpec", "concurrencyPolicy"): ("Allow", "Forbid", "Replace"),
    ("api.batch.v1.JobSpec", "completionMode"): ("NonIndexed", "Indexed"),
    ("api.batch.v1.JobSpec", "podReplacementPolicy"): ("TerminatingOrFailed", "Failed"),
    ("api.batch.v1.PodFailurePolicyRule", "action"): ("FailJob", "FailIndex", "Ignore", "Count"),
    ("api.networking.v1.NetworkPolicyPort", "protocol"): _PROTOCOL,
    ("api.networking.v1.NetworkPolicySpec", "policyTypes"): ("Ingress", "Egress"),
    ("api.networking.v1.HTTPIngressPath", "pathType"): ("Exact", "Prefix", "ImplementationSpecific"),
    ("api.policy.v1.PodDisruptionBudgetSpec", "unhealthyPodEvictionPolicy"): ("IfHealthyBudget", "AlwaysAllow"),
    ("api.autoscaling.v2.MetricSpec", "type"): ("Object", "Pods", "Resource", "ContainerResource", "External"),
    ("api.autoscaling.v2.MetricTarget", "type"): ("Utilization", "Value", "AverageValue"),
    ("api.autoscaling.v2.HPAScalingPolicy", "type"): ("Pods", "Percent"),
    ("api.autoscaling.v2.HPAScalingRules", "selectPolicy"): ("Max", "Min", "Disabled"),
}
"""(definition, field) to its values; for a list, the values of an item."""
