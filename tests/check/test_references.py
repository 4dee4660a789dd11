"""What counts as there, and what need not be."""

from __future__ import annotations

from typing import Any

import pytest

from compiler.check import Declared, Finding, check_rendering
from tests.check.cases import CONFIG, SECRET, autoscaler, budget, ingress, one, policy, service, volume, web
from tests.check.objects import Obj, container, deployment, items, obj, pod_spec, rules


def check(*objects: Obj, declared: Declared | None = None) -> tuple[Finding, ...]:
    return check_rendering("o", items(*objects), kubernetes_version="1.33", declared=declared).findings


def env(kind: str, name: str, key: str, **extra: Any) -> Obj:
    ref = {"name": name, "key": key, **extra}
    return one(env=[{"name": "P", "valueFrom": {f"{kind}KeyRef": ref}}])


SOPS = {"mac": "ENC[AES256_GCM,data:x,type:str]"}
SEALED = "ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]"
SEALED_BY_SOPS = obj("v1", "Secret", "cred", data={"password": SEALED}, sops=SOPS)
EXTERNAL = {"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret"}
PRODUCERS = {
    "sealed secret": SECRET,
    "sops": SEALED_BY_SOPS,
    "external secret": obj("", "", "cred", spec={"data": [{"secretKey": "password", "remoteRef": {"key": "k"}}]})
    | EXTERNAL,
    "external secret by target": obj("", "", "x", spec={"target": {"name": "cred"}, "dataFrom": [{}]}) | EXTERNAL,
}


@pytest.mark.parametrize("producer", PRODUCERS)
def test_what_becomes_a_secret_counts_as_the_keys_it_will_hold(producer: str) -> None:
    assert not check(PRODUCERS[producer], env("secret", "cred", "password"))


@pytest.mark.parametrize("producer", ["sealed secret", "sops", "external secret"])
def test_a_key_that_it_will_not_hold_is_found(producer: str) -> None:
    assert rules(check(PRODUCERS[producer], env("secret", "cred", "token"))) == ["reference/secret-key"]


def test_a_certificate_counts_as_its_secret() -> None:
    certificate = obj(
        "cert-manager.io/v1", "Certificate", "c", spec={"secretName": "cred", "issuerRef": {"name": "ca"}}
    )
    assert not check(certificate, env("secret", "cred", "tls.key"))


def test_declared_secrets_count_with_their_keys_and_with_any_key_when_unknown() -> None:
    use = env("secret", "outside", "password")
    assert rules(check(use)) == ["reference/secret"]
    assert not check(use, declared={("Secret", "outside"): ["password"]})
    assert not check(use, declared={("Secret", "outside"): None})
    assert rules(check(use, declared={("Secret", "outside"): ["user"]})) == ["reference/secret-key"]
    assert rules(check(use, declared={("ConfigMap", "outside"): None})) == ["reference/secret"]


def test_a_declared_key_is_not_in_a_secret_that_is_rendered_without_it() -> None:
    found = check(SECRET, env("secret", "cred", "token"), declared={("Secret", "cred"): ["token"]})
    assert rules(found) == ["reference/secret-key"]


@pytest.mark.parametrize("kind", ["secret", "configMap"])
def test_an_optional_reference_may_be_open(kind: str) -> None:
    assert not check(env(kind, "gone", "a", optional=True))
    source = {"secret": {"secretName": "gone", "optional": True}, "configMap": {"name": "gone", "optional": True}}
    assert not check(volume({kind: source[kind]}))


def test_a_reference_does_not_cross_namespaces() -> None:
    elsewhere = CONFIG | {"metadata": {"name": "conf", "namespace": "other"}}
    assert rules(check(elsewhere, env("configMap", "conf", "a.txt"))) == ["reference/config-map"]


def test_projected_sources_and_their_items_are_checked() -> None:
    def projected(key: str) -> Obj:
        sources = [{"configMap": {"name": "conf", "items": [{"key": key, "path": "x"}]}}, {"secret": {"name": "cred"}}]
        return volume({"projected": {"sources": sources}})

    assert not check(CONFIG, SECRET, projected("a.txt"))
    (finding,) = check(CONFIG, SECRET, projected("b.txt"))
    assert finding.field.endswith("volumes[0].projected.sources[0].configMap.items[0].key")
    assert rules(check(CONFIG, projected("a.txt"))) == ["reference/secret"]


def test_a_file_mounted_by_subpath_must_be_a_key() -> None:
    def mounted(file: str, **extra: Any) -> Obj:
        return volume({"configMap": {"name": "conf", **extra}}, {"subPath": file})

    assert not check(CONFIG, mounted("a.txt"))
    assert rules(check(CONFIG, mounted("b.txt"))) == ["reference/config-map-key"]
    assert not check(CONFIG, mounted("b.txt", items=[{"key": "a.txt", "path": "b.txt"}]))
    assert not check(CONFIG, mounted("b", items=[{"key": "a.txt", "path": "b/a.txt"}]))


def test_the_certificate_bundle_of_the_cluster_is_everywhere() -> None:
    assert not check(volume({"configMap": {"name": "kube-root-ca.crt"}}))


def test_init_containers_and_cron_jobs_are_looked_into() -> None:
    pod = pod_spec(initContainers=[container(name="gate", envFrom=[{"configMapRef": {"name": "gone"}}])])
    (finding,) = check(deployment(pod=pod))
    assert finding.field == "spec.template.spec.initContainers[0].envFrom[0].configMapRef.name"
    job = {"spec": {"template": {"spec": pod | {"restartPolicy": "Never"}}}}
    (finding,) = check(obj("batch/v1", "CronJob", "c", spec={"schedule": "@daily", "jobTemplate": job}))
    assert finding.field.startswith("spec.jobTemplate.spec.template.spec.initContainers[0]")


def test_pull_secrets_exist_and_can_pull() -> None:
    pod = pod_spec(imagePullSecrets=[{"name": "cred"}])
    assert rules(check(deployment(pod=pod))) == ["reference/secret"]
    assert rules(check(SECRET, deployment(pod=pod))) == ["reference/secret-key"]
    assert not check(deployment(pod=pod), declared={("Secret", "cred"): [".dockerconfigjson"]})
    account = obj("v1", "ServiceAccount", "a", imagePullSecrets=[{"name": "gone"}])
    assert [(f.rule, f.field) for f in check(account)] == [("reference/secret", "imagePullSecrets[0].name")]


def test_claims_come_from_the_rendering_or_are_declared() -> None:
    use = volume({"persistentVolumeClaim": {"claimName": "data"}})
    claim = obj(
        "v1", "PersistentVolumeClaim", "data",
        spec={"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    )  # fmt: skip
    assert not check(use, claim)
    assert not check(use, declared={("PersistentVolumeClaim", "data"): None})


def test_a_claim_template_is_a_volume_of_its_pods() -> None:
    made = deployment("web", pod_spec(container(volumeMounts=[{"name": "data", "mountPath": "/d"}])))
    made["kind"] = "StatefulSet"
    made["spec"] |= {"serviceName": "web-svc", "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {}}]}
    headless = obj(
        "v1", "Service", "web-svc", spec={"clusterIP": "None", "selector": {"app": "web"}, "ports": []}
    )  # fmt: skip
    assert not check(made, headless)


@pytest.mark.parametrize("target", ["http", 8080])
def test_a_target_port_resolves_by_name_and_by_number(target: Any) -> None:
    assert not check(web(), service(targetPort=target))


def test_a_port_without_a_target_is_its_own_target() -> None:
    assert rules(check(web(), service())) == ["reference/service-port"]
    assert not check(web(), service(port=8080))


def test_the_protocol_of_a_port_counts() -> None:
    assert rules(check(web(), service(targetPort=8080, protocol="UDP"))) == ["reference/service-port"]


def test_services_that_select_nothing_on_purpose_are_left_alone() -> None:
    assert not check(obj("v1", "Service", "outer", spec={"type": "ExternalName", "externalName": "db.example.com"}))
    assert not check(obj("v1", "Service", "manual", spec={"ports": [{"port": 80}]}))


@pytest.mark.parametrize("port", [{"number": 80}, {"name": "web"}])
def test_an_ingress_backend_resolves_by_name_and_by_number(port: Obj) -> None:
    assert not check(web(), service(targetPort=8080, name="web"), ingress({"name": "web-svc", "port": port}))


def test_tls_of_an_ingress_is_there_declared_or_made_by_an_issuer() -> None:
    tls = ingress({"name": "web-svc", "port": {"number": 80}}, tls=[{"secretName": "cert"}])
    around = (web(), service(targetPort=8080))
    assert rules(check(*around, tls)) == ["reference/secret"]
    assert not check(*around, tls, declared={("Secret", "cert"): ["tls.crt", "tls.key"]})
    (finding,) = check(*around, tls, declared={("Secret", "cert"): ["tls.crt"]})
    assert 'no key "tls.key"' in finding.message
    tls["metadata"]["annotations"] = {"cert-manager.io/cluster-issuer": "letsencrypt"}
    assert not check(*around, tls)


def test_sound_budgets_autoscalers_and_policies_have_no_finding() -> None:
    peers = [{"podSelector": {"matchLabels": {"app": "web"}}}]
    rule = {"from": peers, "ports": [{"port": "http"}, {"port": 8080}]}
    assert not check(web(), budget("web"), autoscaler("web"), policy("web", ingress=[rule], policyTypes=["Ingress"]))


def test_a_policy_for_the_ports_of_a_service_is_found() -> None:
    """Policies see the pod's port; the Service's is a usual mistake that cuts everything off."""
    findings = check(web(), service(targetPort=8080), policy("web", ingress=[{"ports": [{"port": 80}]}]))
    assert rules(findings) == ["reference/network-policy-port"]


def test_a_policy_for_all_pods_and_peers_of_other_namespaces_are_left_alone() -> None:
    peers = [{"podSelector": {"matchLabels": {"app": "x"}}, "namespaceSelector": {}}]
    everything = obj(
        "networking.k8s.io/v1", "NetworkPolicy", "n", spec={"podSelector": {}, "ingress": [{"from": peers}]}
    )
    assert not check(web(), everything)


@pytest.mark.parametrize(
    ("operator", "values", "selects"),
    [
        ("In", ["web"], True),
        ("In", ["db"], False),
        ("NotIn", ["db"], True),
        ("NotIn", ["web"], False),
        ("Exists", None, True),
        ("DoesNotExist", None, False),
    ],
)
def test_match_expressions_select_as_kubernetes_does(operator: str, values: list[str] | None, selects: bool) -> None:
    expression = {"key": "app", "operator": operator} | ({"values": values} if values else {})
    made = budget("web")
    made["spec"]["selector"] = {"matchExpressions": [expression]}
    assert rules(check(web(), made)) == ([] if selects else ["reference/budget-pods"])
