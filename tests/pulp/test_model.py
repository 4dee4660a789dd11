"""The model as a whole: promises over generated specs, and what exists where."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.k8s.objects import key_of
from compiler.pulp.model import Compiled, build_model, pod_spec
from compiler.pulp.plugins import PLUGINS
from compiler.spec.models import Spec
from tests.pulp.support import (
    DEPLOYED,
    EXAMPLES,
    PRODUCTION,
    WORKLOADS,
    build,
    containers,
    example,
    has,
    merged,
    of_kind,
    one,
    pods,
    production,
    spec,
    template,
)

ROLE = st.fixed_dictionaries(
    {"replicas": st.integers(0, 4)},
    optional={
        "autoscale": st.just({"min": 2, "max": 5}),
        "topology_spread": st.sampled_from(["prefer", "require", "off"]),
        "disruption_budget": st.sampled_from([1, 2, "off"]),
        "env": st.dictionaries(st.sampled_from(["A", "B", "HTTPS_PROXY"]), st.text("ab", max_size=3), max_size=2),
    },
)
DATABASE = st.sampled_from(
    [
        {"embedded": {"size": "2Gi"}},
        {"external": {"host": "db.example.com"}},
        {"external": {"host": "db.example.com", "ca": "PEM\n", "cidrs": ["10.0.0.0/8"]}},
        {"external": {"host": "db.example.com", "secret": "theirs", "secret_key": "pw"}},
    ]
)
CACHE = st.sampled_from(
    [
        {"embedded": {"memory": "64Mi"}},
        {"external": {"host": "redis.example.com", "user": "u", "ca": "PEM\n"}},
        {"external": {"host": "redis.example.com", "secret": "their-cache"}},
        {"disabled": True},
    ]
)
STORAGE = st.sampled_from(
    [
        {"volume": {"size": "1Gi"}},
        {"volume": {"size": "1Gi", "access_mode": "ReadWriteOnce"}},
        {"claim": {"name": "artifacts"}},
        {"s3": {"bucket": "artifacts"}},
        {"s3": {"bucket": "artifacts", "endpoint": "http://minio:9000", "secret": "their-keys"}},
        {
            "s3": {
                "bucket": "artifacts",
                "credentials": "workload-identity",
                "service_account_annotations": {"eks.amazonaws.com/role-arn": "arn:x"},
            }
        },
    ]
)
EXPOSURE = st.sampled_from(
    [
        None,
        {"ingress": {"class": "nginx", "tls": {"issuer": "letsencrypt"}}},
        {"ingress": {"class": "traefik", "tls": {"secret": "their-tls"}}, "api": False},
        {"node_port": {"port": 30443}},
        {"load_balancer": {"annotations": {"x": "y"}}, "api": False},
    ]
)
REPLICA = st.sampled_from(
    [None, {"upstream": {"url": "https://centre.example.com:8443"}, "labels": {"pop": "a"}, "download": "on_demand"}]
)


@st.composite
def specs(draw: st.DrawFn) -> Spec:
    sections: dict[str, Any] = {
        "environment": draw(st.sampled_from(["demo", "production", "replica"])),
        "name": draw(st.sampled_from(["pulp", "p", "my-pulp"])),
        "namespace": {"name": "site", "create": draw(st.booleans())},
        "host": draw(st.sampled_from(["pulp.example.com", "a.b"])),
        "kubernetes_version": draw(st.sampled_from(["1.26", "1.29", "1.33"])),
        "labels": draw(st.dictionaries(st.sampled_from(["team", "app.kubernetes.io/name"]), st.just("x"), max_size=2)),
        "pulp": {
            "version": draw(st.sampled_from(["3.45.1", "3.85", "3.109.0"])),
            "plugins": draw(st.lists(st.sampled_from(sorted(PLUGINS)), min_size=1, max_size=4, unique=True)),
            "image_pull_secrets": draw(st.sampled_from([[], ["registry"]])),
        },
        **{role: draw(ROLE) for role in ("api", "content", "worker", "web")},
        "database": draw(DATABASE),
        "cache": draw(CACHE),
        "storage": draw(STORAGE),
        "exposure": draw(EXPOSURE),
        "replica": draw(REPLICA),
        "tls": {"internal": draw(st.sampled_from(["mutual", "server", "off"]))},
        "network_policies": {
            "enabled": draw(st.booleans()),
            "monitoring_namespace": draw(st.sampled_from([None, "monitoring"])),
        },
    }
    return Spec.model_validate(sections)


def referenced(compiled: Compiled) -> set[tuple[str, str, str]]:
    """(kind, name, key or "") of everything that pods refer to."""
    found: set[tuple[str, str, str]] = set()
    for _, pod in pods(compiled):
        found.add(("ServiceAccount", pod["serviceAccountName"], ""))
        for volume in pod["volumes"]:
            if "secret" in volume:
                name = volume["secret"]["secretName"]
                found.add(("Secret", name, ""))
                found |= {("Secret", name, item["key"]) for item in volume["secret"].get("items", ())}
            elif "configMap" in volume:
                found.add(("ConfigMap", volume["configMap"]["name"], ""))
            elif "persistentVolumeClaim" in volume:
                found.add(("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"], ""))
    return found


def available(wanted: Spec, compiled: Compiled) -> set[tuple[str, str, str]]:
    """The same for everything that the model has, requires or is told of."""
    found = {(obj["kind"], obj["metadata"]["name"], "") for obj in compiled.model.objects}
    found |= {("ConfigMap", made.name, "") for made in compiled.model.config_maps}
    for secret in compiled.requirements.secrets:
        found |= {("Secret", secret.name, key) for key in ("", *secret.keys())}
    for known in compiled.requirements.existing:
        found |= {("Secret", known.name, key) for key in ("", *known.keys)}
    found |= {("ConfigMap", bundle.name, "") for bundle in compiled.requirements.trust}
    if wanted.storage and wanted.storage.claim:
        found.add(("PersistentVolumeClaim", wanted.storage.claim.name, ""))
    return found


def resolve(obj: Any, pointer: str) -> Any:
    for token in pointer.split("/")[1:]:
        token = token.replace("~1", "/").replace("~0", "~")
        obj = obj[int(token)] if isinstance(obj, list) else obj[token]
    return obj


@settings(deadline=None, max_examples=120)
@given(specs())
def test_any_spec_gives_a_closed_deterministic_model(wanted: Spec) -> None:
    compiled = build_model(wanted)
    objects = compiled.model.objects
    assert build_model(wanted) == compiled
    assert json.loads(json.dumps(objects)) == list(objects)
    assert len(compiled.model.by_key()) == len(objects)
    assert len({made.name for made in compiled.model.config_maps}) == len(compiled.model.config_maps)

    missing = referenced(compiled) - available(wanted, compiled)
    assert not missing

    for obj in objects:
        assert ("namespace" in obj["metadata"]) is (obj["kind"] != "Namespace")
    templates = [template(obj)["metadata"]["labels"] for obj in of_kind(compiled, *WORKLOADS)]
    for service in of_kind(compiled, "Service"):
        chosen = [labels for labels in templates if service["spec"]["selector"].items() <= labels.items()]
        assert len(chosen) == 1
    for obj in of_kind(compiled, "Deployment", "StatefulSet"):
        assert obj["spec"]["selector"]["matchLabels"].items() <= template(obj)["metadata"]["labels"].items()
    for obj in of_kind(compiled, "PodDisruptionBudget"):
        assert any(obj["spec"]["selector"]["matchLabels"].items() <= labels.items() for labels in templates)

    for _, pod in pods(compiled):
        volumes = [volume["name"] for volume in pod["volumes"]]
        assert len(set(volumes)) == len(volumes)
        claims = {"my-pulp-postgres", "p-postgres", "pulp-postgres"}
        for made in containers(pod):
            assert {mount["name"] for mount in made["volumeMounts"]} <= set(volumes) | claims
            assert len({mount["mountPath"] for mount in made["volumeMounts"]}) == len(made["volumeMounts"])

    by_key = compiled.model.by_key()
    for key, marks in compiled.sources.items():
        for pointer, spec_key in marks.items():
            assert spec_key
            if key in by_key:
                resolve(by_key[key], pointer)


@settings(deadline=None, max_examples=60)
@given(specs())
def test_every_required_secret_is_mounted_by_who_is_said_to(wanted: Spec) -> None:
    compiled = build_model(wanted)
    for secret in compiled.requirements.secrets:
        mounting = set()
        for obj in of_kind(compiled, *WORKLOADS):
            names = {volume.get("secret", {}).get("secretName") for volume in pod_spec(obj)["volumes"]}
            if secret.name in names:
                name = obj["metadata"]["name"]
                mounting.add(f"{obj['kind']}/{name.rpartition('-')[0] if obj['kind'] == 'Job' else name}")
        assert set(secret.consumers) == mounting
        assert mounting


@pytest.mark.parametrize("folder", EXAMPLES)
def test_every_example_builds(folder: str) -> None:
    assert all(key_of(obj).name for obj in build_model(example(folder)).model.objects)


@pytest.mark.parametrize("folder", DEPLOYED)
def test_every_deployed_example_is_closed(folder: str) -> None:
    wanted = example(folder)
    compiled = build_model(wanted)
    assert not referenced(compiled) - available(wanted, compiled)


def test_the_base_is_what_every_environment_shares() -> None:
    compiled = build_model(example("base/pulp"))
    kinds = {obj["kind"] for obj in compiled.model.objects}
    assert kinds == {"ServiceAccount", "NetworkPolicy", "Deployment", "Service"}
    assert {obj["metadata"]["name"] for obj in of_kind(compiled, "Deployment")} == {
        "pulp-api",
        "pulp-content",
        "pulp-worker",
        "pulp-web",
    }
    assert not any("namespace" in obj["metadata"] for obj in compiled.model.objects)
    assert not compiled.requirements.secrets


def test_a_layer_has_no_jobs_and_requires_nothing() -> None:
    compiled = build_model(example("overlays/pop"))
    assert has(compiled, "StatefulSet", "pulp-database")
    assert has(compiled, "CronJob", "pulp-replicate")
    assert not of_kind(compiled, "Job")
    assert not compiled.requirements.secrets
    assert not compiled.requirements.trust


def test_an_overlay_has_the_shape_of_its_base() -> None:
    """Containers, and the volumes that the base has, keep their names, so that patches stay small."""
    base = build_model(example("base/pulp"))
    for folder in DEPLOYED:
        made = build_model(example(folder))
        for below in of_kind(base, "Deployment"):
            above = one(made, "Deployment", below["metadata"]["name"])
            low, high = pod_spec(below), pod_spec(above)
            assert [item["name"] for item in containers(low)] == [item["name"] for item in containers(high)]
            # What an environment adds comes first, where a strategic merge puts it.
            names = [item["name"] for item in low["volumes"]]
            assert [item["name"] for item in high["volumes"]][-len(names) :] == names
            for one_low, one_high in zip(containers(low), containers(high), strict=True):
                mounts = [mount["mountPath"] for mount in one_low["volumeMounts"]]
                assert [mount["mountPath"] for mount in one_high["volumeMounts"]][-len(mounts) :] == mounts


def test_namespace_only_when_asked_for() -> None:
    assert not has(build(), "Namespace", "site")
    made = one(build(namespace={"name": "site", "create": True}), "Namespace", "site")
    assert made["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_production_leaves_replicas_to_its_autoscaler_and_protects_its_pods() -> None:
    made = production(content={"autoscale": {"min": 3, "max": 12, "cpu": 70}})
    assert "replicas" not in one(made, "Deployment", "pulp-content")["spec"]
    scaler = one(made, "HorizontalPodAutoscaler", "pulp-content")["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (3, 12)
    assert scaler["metrics"][0]["resource"]["target"]["averageUtilization"] == 70
    for role in ("api", "content", "worker", "web"):
        budget = one(made, "PodDisruptionBudget", f"pulp-{role}")["spec"]
        assert budget["maxUnavailable"] == 1
        assert budget["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
    assert not has(made, "StatefulSet", "pulp-database")
    assert not has(made, "Deployment", "pulp-redis")


def test_a_single_pod_has_no_budget_that_would_block_a_drain() -> None:
    assert not of_kind(build(), "PodDisruptionBudget")
    assert not has(production(web={"replicas": 3, "disruption_budget": "off"}), "PodDisruptionBudget", "pulp-web")


def test_identity_is_on_the_accounts_that_use_the_bucket_only() -> None:
    role = {"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/pulp"}
    s3 = {"credentials": "workload-identity", "service_account_annotations": role}
    made = production(storage={"s3": s3})
    with_identity = {
        obj["metadata"]["name"] for obj in of_kind(made, "ServiceAccount") if obj["metadata"].get("annotations") == role
    }
    assert with_identity == {"pulp-api", "pulp-content", "pulp-worker"}
    assert all(obj["automountServiceAccountToken"] is False for obj in of_kind(made, "ServiceAccount"))
    assert "pulp-s3" not in {secret.name for secret in made.requirements.secrets}


def test_sources_say_which_key_decided() -> None:
    made = build_model(spec("production", **merged(PRODUCTION, {"api": {"replicas": 5}})))
    marks = made.sources[key_of(one(made, "Deployment", "pulp-api"))]
    assert marks[""] == "api"
    assert marks["/metadata/namespace"] == "namespace.name"
    assert marks["/spec/replicas"] == "api.replicas"
    assert marks["/spec/template/spec/containers/0/image"] == "pulp.version"
    budget = made.sources[key_of(one(made, "PodDisruptionBudget", "pulp-web"))]
    assert budget[""] == "web.disruption_budget"
    ingress = made.sources[key_of(one(made, "Ingress", "pulp"))]
    assert ingress["/spec/rules/0/host"] == "host"
    assert ingress["/metadata/annotations/cert-manager.io~1cluster-issuer"] == "exposure.ingress.tls.issuer"


def test_an_existing_secret_is_told_of_and_not_required() -> None:
    outer = {"host": "db.example.com", "secret": "cnpg-app", "secret_key": "pw"}
    made = production(database={"external": outer})
    assert "pulp-postgres-configuration" not in {secret.name for secret in made.requirements.secrets}
    (known,) = made.requirements.existing
    assert (known.name, known.keys) == ("cnpg-app", ("pw",))
    pod = pod_spec(one(made, "Deployment", "pulp-api"))
    volume = next(item for item in pod["volumes"] if item["name"] == "postgres-configuration")
    assert volume["secret"]["items"] == [{"key": "pw", "path": "password"}]
    assert volume["secret"]["secretName"] == "cnpg-app"
