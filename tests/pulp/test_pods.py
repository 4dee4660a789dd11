"""What every pod of every environment has."""

from __future__ import annotations

import pytest

from compiler.pulp.model import build_model
from compiler.pulp.pod import GENERATIONS
from compiler.pulp.requirements import Leaf
from tests.pulp.support import (
    DEPLOYED,
    EXAMPLES,
    build,
    container,
    containers,
    environment,
    example,
    of_kind,
    one,
    pods,
    production,
    spec,
    template,
)

UIDS = {"api": 700, "content": 700, "worker": 700, "jobs": 700, "web": 101, "database": 999, "redis": 999}


@pytest.mark.parametrize("folder", EXAMPLES)
def test_every_pod_is_restricted(folder: str) -> None:
    for name, pod in pods(build_model(example(folder))):
        account = pod["serviceAccountName"].removeprefix("pulp-")
        uid = UIDS[account]
        assert pod["securityContext"] == {
            "fsGroup": uid,
            "fsGroupChangePolicy": "OnRootMismatch",
            "runAsGroup": uid,
            "runAsNonRoot": True,
            "runAsUser": uid,
            "seccompProfile": {"type": "RuntimeDefault"},
        }, name
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        assert "hostNetwork" not in pod
        for made in containers(pod):
            assert made["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "privileged": False,
                "readOnlyRootFilesystem": True,
            }


@pytest.mark.parametrize("folder", EXAMPLES)
def test_every_container_has_requests_a_memory_limit_a_program_and_a_version(folder: str) -> None:
    for _, pod in pods(build_model(example(folder))):
        for made in containers(pod):
            assert made["resources"]["requests"].keys() == {"cpu", "memory"}
            assert "memory" in made["resources"]["limits"]
            assert made["command"]
            assert not made["image"].endswith((":latest", ":stable"))
            assert ":" in made["image"].rpartition("/")[2]


@pytest.mark.parametrize("folder", EXAMPLES)
def test_everything_writable_is_limited(folder: str) -> None:
    for _, pod in pods(build_model(example(folder))):
        kinds = {volume["name"]: volume for volume in pod["volumes"]}
        for volume in kinds.values():
            if "emptyDir" in volume:
                assert "sizeLimit" in volume["emptyDir"]
        for made in containers(pod):
            for mount in made["volumeMounts"]:
                volume = kinds.get(mount["name"], {})
                if "secret" in volume or "configMap" in volume:
                    assert mount["readOnly"] is True
                    assert "subPath" not in mount, "a subPath never sees an update"
                if "secret" in volume:
                    assert volume["secret"]["defaultMode"] == 0o440


@pytest.mark.parametrize("folder", DEPLOYED)
def test_no_password_is_in_an_environment_or_an_argument(folder: str) -> None:
    for _, pod in pods(build_model(example(folder))):
        for made in containers(pod):
            assert all("value" in item for item in made.get("env", ())), "values come from files, not from Secrets"
            assert not any("PASSWORD" in item["name"] for item in made.get("env", ()))
            assert not any("$(cat" in part and "password" in part for part in made["command"])


def test_variables_are_sorted() -> None:
    for _, pod in pods(production()):
        for made in containers(pod):
            keys = [item["name"] for item in made.get("env", ())]
            assert keys == sorted(keys)


def test_a_generation_is_on_the_pods_that_mount_its_secret_and_on_no_other() -> None:
    before, after = build(), build_model(spec(), {"pulp-redis-configuration": 4, "pulp-ca": 2})
    api = template(one(after, "Deployment", "pulp-api"))["metadata"]["annotations"][GENERATIONS]
    assert "pulp-redis-configuration=4" in api.split(",")
    assert "pulp-ca=2" in api.split(",")
    assert "pulp-secret-key=1" in api.split(",")
    assert "pulp-redis-tls" not in api
    assert api.split(",") == sorted(api.split(","))
    web = template(one(after, "Deployment", "pulp-web"))["metadata"]["annotations"][GENERATIONS]
    assert "pulp-redis-configuration" not in web
    old = template(one(before, "Deployment", "pulp-redis"))["metadata"]["annotations"][GENERATIONS]
    assert old == "pulp-redis-configuration=1"


@pytest.mark.parametrize(
    ("kind", "name", "tls"), [("StatefulSet", "database", "database"), ("Deployment", "redis", "redis")]
)
def test_renewed_certificates_restart_neither_database_nor_cache(kind: str, name: str, tls: str) -> None:
    renewed = {f"pulp-{tls}-tls": 2, "pulp-ca": 2}
    after = one(build_model(spec(), renewed), kind, f"pulp-{name}")
    assert after == one(build(), kind, f"pulp-{name}")
    server, beside = template(after)["spec"]["containers"]
    seen = [{m["name"] for m in made["volumeMounts"]} for made in (server, beside)]
    assert all({f"{tls}-tls", "ca"} <= names for names in seen)
    assert not seen[1] & {"postgres-configuration", "redis-configuration", "pulp-postgres"}
    assert beside["command"][-3:] == [
        f"/etc/pulp/secrets/{tls}-tls/tls.crt",
        f"/etc/pulp/secrets/{tls}-tls/tls.key",
        "/etc/pulp/ca/ca.crt",
    ]
    plain = one(build(tls={"internal": "off"}), kind, f"pulp-{name}")
    assert len(template(plain)["spec"]["containers"]) == 1


def test_only_the_roles_that_need_a_secret_mount_it() -> None:
    made = build(pulp={"plugins": ["file", "container"]})
    mounts = {
        obj["metadata"]["name"]: {volume["secret"]["secretName"] for volume in volumes if "secret" in volume}
        for obj in of_kind(made, "Deployment", "StatefulSet")
        for volumes in [template(obj)["spec"]["volumes"]]
    }
    assert {name for name, found in mounts.items() if "pulp-container-auth" in found} == {"pulp-api"}
    assert mounts["pulp-web"] == {"pulp-web-tls", "pulp-web-client"}
    assert mounts["pulp-database"] == {"pulp-database-tls", "pulp-postgres-configuration"}
    assert not any("pulp-admin-password" in found for found in mounts.values())
    database = one(made, "StatefulSet", "pulp-database")["spec"]["template"]["spec"]["containers"][0]
    assert "/etc/pulp/secrets/postgres-configuration" not in [mount["mountPath"] for mount in database["volumeMounts"]]


def test_the_worker_may_take_an_hour_to_finish_its_task() -> None:
    pod = one(build(), "Deployment", "pulp-worker")["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] == 3600
    assert "lifecycle" not in pod["containers"][0]


@pytest.mark.parametrize(
    ("version", "action"),
    [("1.29", {"exec": {"command": ["sleep", "5"]}}), ("1.30", {"sleep": {"seconds": 5}})],
)
def test_servers_leave_the_endpoints_before_they_stop(version: str, action: dict[str, object]) -> None:
    made = build(kubernetes_version=version)
    for role in ("api", "content"):
        served = container(made, "Deployment", f"pulp-{role}")
        assert served["lifecycle"]["preStop"] == action
        grace = one(made, "Deployment", f"pulp-{role}")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
        assert int(served["command"][served["command"].index("--graceful-timeout") + 1]) + 5 < grace


def test_spread_can_be_firm_or_off() -> None:
    firm = one(production(api={"topology_spread": "require"}), "Deployment", "pulp-api")
    constraints = firm["spec"]["template"]["spec"]["topologySpreadConstraints"]
    assert {item["topologyKey"]: item["whenUnsatisfiable"] for item in constraints} == {
        "kubernetes.io/hostname": "DoNotSchedule",
        "topology.kubernetes.io/zone": "ScheduleAnyway",
    }
    off = one(production(api={"topology_spread": "off"}), "Deployment", "pulp-api")
    assert "topologySpreadConstraints" not in off["spec"]["template"]["spec"]


def test_a_volume_for_one_node_keeps_its_pods_together_and_never_surges() -> None:
    made = build()  # the demo's volume is ReadWriteOnce
    for role in ("api", "content", "worker"):
        deployment = one(made, "Deployment", f"pulp-{role}")
        assert deployment["spec"]["strategy"] == {"type": "Recreate"}
        pod = deployment["spec"]["template"]
        (term,) = pod["spec"]["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        assert term["labelSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
        assert term["topologyKey"] == "kubernetes.io/hostname"
    web = one(made, "Deployment", "pulp-web")
    assert web["spec"]["strategy"]["type"] == "RollingUpdate"
    shared = build(storage={"volume": {"size": "1Gi", "access_mode": "ReadWriteMany"}})
    assert one(shared, "Deployment", "pulp-api")["spec"]["strategy"]["type"] == "RollingUpdate"
    assert "affinity" not in one(shared, "Deployment", "pulp-api")["spec"]["template"]["spec"]


def test_a_persons_affinity_stays_beside_ours() -> None:
    own = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}}
    pod = one(build(api={"affinity": own}), "Deployment", "pulp-api")["spec"]["template"]["spec"]
    assert pod["affinity"]["nodeAffinity"] == own["nodeAffinity"]
    assert "podAffinity" in pod["affinity"]


def test_what_a_role_is_given_is_on_its_pods() -> None:
    made = build(
        worker={
            "env": {"HTTPS_PROXY": "http://proxy:3128", "HOME": "/elsewhere"},
            "node_selector": {"disk": "fast"},
            "tolerations": [{"key": "pulp", "operator": "Exists"}],
            "priority_class": "high",
            "pod_labels": {"cost": "42", "app.kubernetes.io/name": "mine"},
            "pod_annotations": {"note": "x"},
            "resources": {"requests": {"cpu": "2", "memory": "4Gi"}, "limits": {"memory": "8Gi"}},
            "scratch": "50Gi",
        }
    )
    pod = one(made, "Deployment", "pulp-worker")["spec"]["template"]
    assert pod["metadata"]["labels"]["cost"] == "42"
    assert pod["metadata"]["labels"]["app.kubernetes.io/name"] == "pulp", "selectors are not the person's"
    assert pod["metadata"]["annotations"]["note"] == "x"
    assert pod["spec"]["nodeSelector"] == {"disk": "fast"}
    assert pod["spec"]["priorityClassName"] == "high"
    served = container(made, "Deployment", "pulp-worker")
    assert environment(served)["HTTPS_PROXY"] == "http://proxy:3128"
    assert environment(served)["HOME"] == "/tmp"
    assert served["resources"]["limits"] == {"memory": "8Gi"}
    work = next(volume for volume in pod["spec"]["volumes"] if volume["name"] == "work")
    assert work["emptyDir"]["sizeLimit"] == "50Gi"


def test_memory_follows_the_number_of_processes() -> None:
    small = container(build(), "Deployment", "pulp-api")["resources"]
    large = container(build(api={"workers": 6}), "Deployment", "pulp-api")["resources"]
    assert int(large["requests"]["memory"][:-2]) - int(small["requests"]["memory"][:-2]) == 4 * 208


def test_a_new_upstream_ca_restarts_api_and_content_alone() -> None:
    before, after = build(), build_model(spec(), {"pulp-upstream-ca": 2})
    changed = {
        obj["metadata"]["name"]
        for obj in after.model.objects
        if obj["kind"] in ("Deployment", "StatefulSet") and obj not in before.model.objects
    }
    assert changed == {"pulp-api", "pulp-content"}


def test_every_client_certificate_has_a_name_of_its_own() -> None:
    leaves = [
        material
        for secret in build().requirements.secrets
        for material in secret.materials
        if isinstance(material, Leaf) and material.purpose == "client"
    ]
    assert len({leaf.common_name for leaf in leaves}) == len(leaves) > 2
