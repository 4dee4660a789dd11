"""For each rule, a rendering that breaks it, and where the finding must be."""

from __future__ import annotations

from typing import Any

from tests.check.objects import Obj, container, deployment, obj, pod_spec

PEM = "-----BEGIN EC PRIVATE KEY-----\nnot a real one\n-----END EC PRIVATE KEY-----\n"
POD = "spec.template.spec"
FIRST = f"{POD}.containers[0]"

CONFIG = obj("v1", "ConfigMap", "conf", data={"a.txt": "1"})
SECRET = obj("v1", "SealedSecret", "cred", spec={"encryptedData": {"password": "AAAA"}}) | {
    "apiVersion": "bitnami.com/v1alpha1"
}


def one(**extra: Any) -> Obj:
    """A Deployment with one container with ``extra``."""
    return deployment(pod=pod_spec(container(**extra)))


def volume(source: Obj, mount: Obj | None = None) -> Obj:
    """A Deployment with one mounted volume."""
    mounted = container(volumeMounts=[{"name": "v", "mountPath": "/v", **(mount or {})}])
    return deployment(pod=pod_spec(mounted, volumes=[{"name": "v", **source}]))


def web() -> Obj:
    """A Deployment whose container has the port ``http``, 8080."""
    return one(ports=[{"name": "http", "containerPort": 8080}])


def service(**port: Any) -> Obj:
    """A Service in front of :func:`web`."""
    return obj("v1", "Service", "web-svc", spec={"selector": {"app": "web"}, "ports": [{"port": 80, **port}]})


def ingress(backend: Obj, **spec: Any) -> Obj:
    """An Ingress with one path."""
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": backend}}
    return obj("networking.k8s.io/v1", "Ingress", "in", spec={"rules": [{"http": {"paths": [path]}}], **spec})


def budget(app: str) -> Obj:
    """A PodDisruptionBudget."""
    return obj("policy/v1", "PodDisruptionBudget", "b", spec={"selector": {"matchLabels": {"app": app}}})


def autoscaler(target: str, resource: str = "cpu") -> Obj:
    """A HorizontalPodAutoscaler on a share of ``resource``."""
    metric = {"name": resource, "target": {"type": "Utilization", "averageUtilization": 70}}
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": target},
        "maxReplicas": 3,
        "metrics": [{"type": "Resource", "resource": metric}],
    }
    return obj("autoscaling/v2", "HorizontalPodAutoscaler", "h", spec=spec)


def policy(app: str, **spec: Any) -> Obj:
    """A NetworkPolicy."""
    return obj(
        "networking.k8s.io/v1", "NetworkPolicy", "n", spec={"podSelector": {"matchLabels": {"app": app}}, **spec}
    )


def stateful_set(service_name: str) -> Obj:
    """A StatefulSet."""
    made = deployment("web")
    made["kind"] = "StatefulSet"
    made["spec"]["serviceName"] = service_name
    return made


def security(**extra: Any) -> Obj:
    """A Deployment whose container's securityContext has ``extra``."""
    changed = container()
    changed["securityContext"].update(extra)
    return deployment(pod=pod_spec(changed))


def resources(**extra: Any) -> Obj:
    """A Deployment whose container has these resources."""
    return one(resources=extra)


CASES: dict[str, tuple[list[Obj], str]] = {
    "schema/required": (
        [{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": [{}]}}],
        "spec.ports[0].port",
    ),
    "schema/unknown-field": ([deployment(replcas=1)], "spec.replcas"),
    "schema/unknown-kind": ([obj("extensions/v1beta1", "Ingress", "x") | {"apiVersion": "apps/v1beta1"}], "apiVersion"),
    "schema/type": ([deployment(replicas="1")], "spec.replicas"),
    "schema/value": ([one(imagePullPolicy="always")], f"{FIRST}.imagePullPolicy"),
    "schema/format": (
        [one(resources={"requests": {"cpu": "1 core", "memory": "1Gi"}, "limits": {"memory": "1Gi"}})],
        f"{FIRST}.resources.requests.cpu",
    ),
    "schema/duplicate-item": ([one(ports=[{"containerPort": 1}, {"containerPort": 1}])], f"{FIRST}.ports[1]"),
    "object/duplicate": ([CONFIG, CONFIG], ""),
    "object/name": ([obj("v1", "ConfigMap", "Conf_1")], "metadata.name"),
    "object/label": ([CONFIG | {"metadata": {"name": "c", "labels": {"a": "b c"}}}], "metadata.labels"),
    "object/namespace": ([CONFIG, obj("v1", "ConfigMap", "x") | {"metadata": {"name": "x"}}], "metadata.namespace"),
    "reference/secret": ([one(envFrom=[{"secretRef": {"name": "gone"}}])], f"{FIRST}.envFrom[0].secretRef.name"),
    "reference/secret-key": (
        [SECRET, one(env=[{"name": "P", "valueFrom": {"secretKeyRef": {"name": "cred", "key": "pasword"}}}])],
        f"{FIRST}.env[0].valueFrom.secretKeyRef.key",
    ),
    "reference/config-map": ([volume({"configMap": {"name": "gone"}})], f"{POD}.volumes[0].configMap.name"),
    "reference/config-map-key": (
        [CONFIG, volume({"configMap": {"name": "conf", "items": [{"key": "b.txt", "path": "b"}]}})],
        f"{POD}.volumes[0].configMap.items[0].key",
    ),
    "reference/service-account": ([deployment(pod=pod_spec(serviceAccountName="gone"))], f"{POD}.serviceAccountName"),
    "reference/claim": (
        [volume({"persistentVolumeClaim": {"claimName": "gone"}})],
        f"{POD}.volumes[0].persistentVolumeClaim.claimName",
    ),
    "reference/service-pods": ([service()], "spec.selector"),
    "reference/service-port": ([web(), service(targetPort="htp")], "spec.ports[0].targetPort"),
    "reference/ingress-service": (
        [ingress({"name": "gone", "port": {"number": 80}})],
        "spec.rules[0].http.paths[0].backend.service.name",
    ),
    "reference/ingress-port": (
        [web(), service(targetPort="http"), ingress({"name": "web-svc", "port": {"number": 8080}})],
        "spec.rules[0].http.paths[0].backend.service.port",
    ),
    "reference/budget-pods": ([web(), budget("wbe")], "spec.selector"),
    "reference/autoscaler-target": ([web(), autoscaler("wbe")], "spec.scaleTargetRef"),
    "reference/autoscaler-requests": (
        [resources(limits={"memory": "1Gi"}, requests={"memory": "1Gi"}), autoscaler("web")],
        "spec.metrics[0].resource",
    ),
    "reference/autoscaler-replicas": (
        [web() | {"spec": web()["spec"] | {"replicas": 2}}, autoscaler("web")],
        "spec.replicas",
    ),
    "reference/network-policy-pods": ([web(), policy("wbe")], "spec.podSelector"),
    "reference/network-policy-port": (
        [web(), policy("web", ingress=[{"ports": [{"port": 80}]}])],
        "spec.ingress[0].ports[0].port",
    ),
    "reference/role": (
        [
            obj(
                "rbac.authorization.k8s.io/v1",
                "RoleBinding",
                "r",
                roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "gone"},
            )
        ],
        "roleRef.name",
    ),
    "reference/stateful-set-service": ([stateful_set("gone")], "spec.serviceName"),
    "pod/selector": ([deployment(selector={"matchLabels": {"app": "other"}})], "spec.selector"),
    "pod/volume": ([one(volumeMounts=[{"name": "gone", "mountPath": "/x"}])], f"{FIRST}.volumeMounts[0].name"),
    "pod/unused-volume": ([deployment(pod=pod_spec(volumes=[{"name": "v", "emptyDir": {}}]))], f"{POD}.volumes[0]"),
    "pod/duplicate-volume": (
        [
            deployment(
                pod=pod_spec(
                    container(volumeMounts=[{"name": "v", "mountPath": "/v"}]),
                    volumes=[{"name": "v", "emptyDir": {}}, {"name": "v", "emptyDir": {}}],
                )
            )
        ],
        POD,
    ),
    "pod/duplicate-mount": (
        [
            deployment(
                pod=pod_spec(
                    container(volumeMounts=[{"name": "v", "mountPath": "/v"}, {"name": "v", "mountPath": "/v/"}]),
                    volumes=[{"name": "v", "emptyDir": {}}],
                )
            )
        ],
        f"{FIRST}.volumeMounts[1].mountPath",
    ),
    "pod/duplicate-container": ([deployment(pod=pod_spec(container(), container()))], POD),
    "pod/probe-port": (
        [one(ports=[{"name": "http", "containerPort": 80}], livenessProbe={"httpGet": {"port": "htp"}})],
        f"{FIRST}.livenessProbe.httpGet.port",
    ),
    "secret/plain": ([obj("v1", "Secret", "s", stringData={"a": "b"})], "stringData"),
    "secret/config-map": ([obj("v1", "ConfigMap", "c", data={"db-password": "hunter2"})], "data.db-password"),
    "secret/private-key": ([one(args=[PEM])], f"{FIRST}.args[0]"),
    "secret/env": ([one(env=[{"name": "DB_PASSWORD", "value": "hunter2"}])], f"{FIRST}.env[0].value"),
    "security/host": ([deployment(pod=pod_spec(hostNetwork=True))], f"{POD}.hostNetwork"),
    "security/privileged": ([security(privileged=True)], f"{FIRST}.securityContext.privileged"),
    "security/restricted": (
        [security(allowPrivilegeEscalation=True)],
        f"{FIRST}.securityContext.allowPrivilegeEscalation",
    ),
    "security/read-only-root": (
        [security(readOnlyRootFilesystem=False)],
        f"{FIRST}.securityContext.readOnlyRootFilesystem",
    ),
    "security/token": (
        [deployment(pod=pod_spec(automountServiceAccountToken=None))],
        f"{POD}.automountServiceAccountToken",
    ),
    "image/tag": ([one(image="registry.example.com:5000/app")], f"{FIRST}.image"),
    "resources/requests": (
        [resources(requests={"memory": "1Gi"}, limits={"memory": "1Gi"})],
        f"{FIRST}.resources.requests",
    ),
    "resources/memory-limit": ([resources(requests={"cpu": 1, "memory": "1Gi"})], f"{FIRST}.resources.limits"),
    "resources/limit-below-request": (
        [resources(requests={"cpu": "100m", "memory": "1Gi"}, limits={"memory": "1000M"})],
        f"{FIRST}.resources.requests.memory",
    ),
}
"""Rule to objects and the field of its finding; nothing else may be found in them, but for ``ALSO``."""

ALSO: dict[str, set[str]] = {
    "pod/duplicate-volume": {"schema/duplicate-item"},
    "pod/duplicate-container": {"schema/duplicate-item"},
    "reference/autoscaler-requests": {"resources/requests"},
}
"""What else a case breaks by its nature."""
