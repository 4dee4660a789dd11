"""Argo CD and Flux objects: no more rights than the overlay needs, and valid to their own schemas."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.check.finding import Item
from compiler.check.schema import check_schemas
from compiler.delivery import applier_role, delivery_files
from compiler.delivery.rights import VERBS, resource_of
from compiler.overlay import HEADER
from compiler.spec.models import Spec

REPO = "https://git.example.com/acme/pulp.git"
ARGOCD: dict[str, Any] = {"argocd": {"repo": REPO}}
FLUX: dict[str, Any] = {"flux": {"repo": REPO}}
OBJECTS: list[dict[str, Any]] = [
    {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "pulp-api-svc"}, "spec": {}},
    {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "pulp-content"}, "spec": {}},
    {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "m"}, "spec": {"activeDeadlineSeconds": 3601}},
    {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "pulp-content"},
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "pulp-content"}},
    },
]


def spec(delivery: dict[str, Any] | None, **extra: Any) -> Spec:
    return Spec.model_validate(
        {"namespace": {"name": "ns"}, "pulp": {"version": "3.85"}, "delivery": delivery, **extra}, by_alias=True
    )


def made(
    delivery: dict[str, Any], backend: Any = "sops", objects: list[dict[str, Any]] | None = None, **extra: Any
) -> dict[str, dict[str, Any]]:
    """The delivery objects by kind."""
    chosen = OBJECTS if objects is None else objects
    ((_, text),) = delivery_files(spec(delivery, **extra), chosen, path="overlays/prod", backend=backend).items()
    return {one["kind"]: one for one in yaml.safe_load_all(text)}


@pytest.mark.parametrize(("delivery", "file"), [(ARGOCD, "delivery/argocd.yaml"), (FLUX, "delivery/flux.yaml")])
def test_the_file_is_named_after_what_reads_it_and_begins_with_the_header(delivery: dict[str, Any], file: str) -> None:
    ((path, text),) = delivery_files(spec(delivery), OBJECTS, path="overlays/prod", backend="sops").items()
    assert path == file
    assert text.startswith(HEADER)


@pytest.mark.parametrize("delivery", [ARGOCD, FLUX])
def test_what_is_emitted_is_valid_to_its_schemas(delivery: dict[str, Any]) -> None:
    findings, unvalidated = check_schemas([Item(one) for one in made(delivery).values()], "1.33")
    assert (findings, unvalidated) == ([], {})


@pytest.mark.parametrize("overrides", [{"abstract": True}, {"delivery": None}, {"namespace": None}])
def test_a_layer_or_an_overlay_without_delivery_has_no_file(overrides: dict[str, Any]) -> None:
    one = spec(ARGOCD).model_copy(update=overrides)
    assert delivery_files(one, OBJECTS, path="overlays/prod", backend="sops") == {}


def test_the_project_allows_the_namespace_the_repository_and_the_kinds_in_use_and_no_others() -> None:
    project = made(ARGOCD, "sealed-secrets")["AppProject"]["spec"]
    assert project["sourceRepos"] == [REPO]
    assert project["destinations"] == [{"server": "https://kubernetes.default.svc", "namespace": "ns"}]
    assert project["clusterResourceWhitelist"] == []
    assert [(kind["group"], kind["kind"]) for kind in project["namespaceResourceWhitelist"]] == [
        ("", "ConfigMap"),
        ("", "Service"),
        ("apps", "Deployment"),
        ("autoscaling", "HorizontalPodAutoscaler"),
        ("batch", "Job"),
        ("bitnami.com", "SealedSecret"),
    ]


def test_a_plain_secret_is_allowed_only_where_sops_makes_one() -> None:
    def kinds(backend: str) -> set[str]:
        project = made(ARGOCD, backend)["AppProject"]["spec"]
        return {kind["kind"] for kind in project["namespaceResourceWhitelist"]}

    assert "Secret" in kinds("sops")
    assert "Secret" not in kinds("sealed-secrets")


def test_the_namespace_is_allowed_only_when_the_spec_creates_it() -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ns"}}
    created = made(ARGOCD, objects=[*OBJECTS, namespace], namespace={"name": "ns", "create": True})
    assert created["AppProject"]["spec"]["clusterResourceWhitelist"] == [{"group": "", "kind": "Namespace"}]
    smuggled = made(ARGOCD, objects=[*OBJECTS, namespace])["AppProject"]["spec"]
    assert smuggled["clusterResourceWhitelist"] == []
    assert "Namespace" not in [kind["kind"] for kind in smuggled["namespaceResourceWhitelist"]]


def test_the_application_follows_the_spec() -> None:
    options = {"prune": False, "self_heal": False, "revision": "release", "namespace": "gitops", "cluster": "https://c"}
    application = made({"argocd": {"repo": REPO, **options}})["Application"]
    assert application["metadata"]["namespace"] == "gitops"
    body = application["spec"]
    assert body["source"] == {"repoURL": REPO, "targetRevision": "release", "path": "overlays/prod"}
    assert body["destination"] == {"server": "https://c", "namespace": "ns"}
    assert body["syncPolicy"]["automated"] == {"prune": False, "selfHeal": False}
    assert "CreateNamespace=false" in body["syncPolicy"]["syncOptions"]
    assert body["project"] == application["metadata"]["name"] == "pulp-prod"


def test_deleting_the_application_deletes_nothing_of_pulp() -> None:
    assert "finalizers" not in made(ARGOCD)["Application"]["metadata"]


def test_replicas_are_ignored_exactly_where_an_autoscaler_owns_them() -> None:
    assert made(ARGOCD)["Application"]["spec"]["ignoreDifferences"] == [
        {"group": "apps", "kind": "Deployment", "name": "pulp-content", "jsonPointers": ["/spec/replicas"]}
    ]
    assert "ignoreDifferences" not in made(ARGOCD, objects=OBJECTS[:3])["Application"]["spec"]


def test_flux_follows_the_spec() -> None:
    options = {"revision": "release", "interval": "5m", "prune": False, "decryption_secret": "age", "git_secret": "git"}
    objects = made({"flux": {"repo": REPO, "namespace": "gitops", **options}})
    repository, kustomization = objects["GitRepository"], objects["Kustomization"]
    assert repository["spec"] == {
        "interval": "5m",
        "url": REPO,
        "ref": {"branch": "release"},
        "secretRef": {"name": "git"},
    }
    body = kustomization["spec"]
    assert body["sourceRef"] == {"kind": "GitRepository", "name": repository["metadata"]["name"]}
    assert body["path"] == "./overlays/prod"
    assert (body["prune"], body["wait"]) == (False, True)
    assert body["decryption"] == {"provider": "sops", "secretRef": {"name": "age"}}
    assert "targetNamespace" not in body
    assert repository["metadata"]["namespace"] == kustomization["metadata"]["namespace"] == "gitops"


def test_flux_decrypts_nothing_where_nothing_is_sealed_for_it() -> None:
    assert "decryption" not in made(FLUX, "sealed-secrets")["Kustomization"]["spec"]


def test_flux_waits_longer_than_the_slowest_job_may_take() -> None:
    assert made(FLUX)["Kustomization"]["spec"]["timeout"] == "66m"
    assert made(FLUX, objects=OBJECTS[:2])["Kustomization"]["spec"]["timeout"] == "15m"


@settings(max_examples=25, deadline=None)
@given(st.permutations(OBJECTS), st.sampled_from(["sops", "sealed-secrets"]), st.sampled_from([ARGOCD, FLUX]))
def test_the_same_objects_in_any_order_give_the_same_bytes(
    objects: list[dict[str, Any]], backend: Any, delivery: dict[str, Any]
) -> None:
    one = spec(delivery)
    wanted = delivery_files(one, OBJECTS, path="overlays/prod", backend=backend)
    assert delivery_files(one, objects, path="overlays/prod", backend=backend) == wanted


def test_names_carry_the_overlay_and_repeat_nothing() -> None:
    def name(path: str) -> str:
        ((_, text),) = delivery_files(spec(FLUX), OBJECTS, path=path, backend="sops").items()
        return str(next(yaml.safe_load_all(text))["metadata"]["name"])

    assert [name(path) for path in ("overlays/prod", "overlays/pulp-prod", "overlays/pulp")] == [
        "pulp-prod",
        "pulp-prod",
        "pulp",
    ]


def test_the_appliers_role_holds_the_resources_in_use_and_no_wildcard() -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ns"}}
    role = applier_role([*OBJECTS, namespace], name="pulp-applier", namespace="ns", kinds=[("", "Secret")])
    assert [(rule["apiGroups"], rule["resources"]) for rule in role["rules"]] == [
        ([""], ["secrets", "services"]),
        (["apps"], ["deployments"]),
        (["autoscaling"], ["horizontalpodautoscalers"]),
        (["batch"], ["jobs"]),
    ]
    assert all(rule["verbs"] == list(VERBS) for rule in role["rules"])
    words = itertools.chain.from_iterable(value for rule in role["rules"] for value in rule.values())
    assert "*" not in set(words)
    assert check_schemas([Item(role)], "1.33") == ([], {})


@pytest.mark.parametrize(
    ("kind", "resource"),
    [
        ("NetworkPolicy", "networkpolicies"),
        ("Ingress", "ingresses"),
        ("Endpoints", "endpoints"),
        ("Gateway", "gateways"),
        ("StorageClass", "storageclasses"),
        ("Service", "services"),
    ],
)
def test_resources_are_named_as_kubernetes_names_them(kind: str, resource: str) -> None:
    assert resource_of(kind) == resource
