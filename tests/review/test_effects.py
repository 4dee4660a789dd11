"""What a change does in the cluster: restarts, Jobs, losses, refusals."""

from __future__ import annotations

import copy
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings

from compiler.review import compare
from compiler.review.losses import quantity
from tests.review.strategies import renderings

Objects = list[dict[str, Any]]


def effects(before: Objects, after: Objects) -> list[tuple[str, str, str]]:
    report = compare({"overlays/prod": before}, {"overlays/prod": after})
    return [(effect.kind, str(effect.key), effect.message) for effect in report.effects]


def obj(version: str, kind: str, name: str = "x", **fields: Any) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": "pulp"}, **fields}


def workload(kind: str = "Deployment", **spec: Any) -> dict[str, Any]:
    template = {
        "metadata": {"annotations": {"pulp-compiler/secret-generations": "db=1,server=1"}},
        "spec": {
            "containers": [{"name": "api", "image": "quay.io/pulp/pulp-minimal:3.85", "args": ["a"]}],
            "volumes": [{"name": "file", "persistentVolumeClaim": {"claimName": "pulp-file"}}],
        },
    }
    labels = {"matchLabels": {"app": "x"}}
    return obj("apps/v1", kind, spec={"replicas": 2, "selector": labels, "template": template, **spec})


def edited(original: dict[str, Any], edit: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    changed = copy.deepcopy(original)
    edit(changed)
    return changed


def pod(one: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = one["spec"]["template"]["spec"]
    return spec


def set_image(one: dict[str, Any]) -> None:
    pod(one)["containers"][0]["image"] = "quay.io/pulp/pulp-minimal:3.86"


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet"])
def test_a_new_image_restarts_and_says_from_which_to_which(kind: str) -> None:
    before = workload(kind)
    assert effects([before], [edited(before, set_image)]) == [
        ("restart", f"{kind} x", "restarts: image of api 3.85 → 3.86")
    ]


def test_a_secret_generation_restarts_and_says_so() -> None:
    before = workload()
    annotations = {"pulp-compiler/secret-generations": "cache=1,db=1,server=2"}
    after = edited(before, lambda one: one["spec"]["template"]["metadata"].update(annotations=annotations))
    assert effects([before], [after]) == [
        ("restart", "Deployment x", "restarts: generation of cache none → 1, server 1 → 2")
    ]


def test_new_content_of_a_generated_map_restarts_what_mounts_it() -> None:
    def side(value: str, text: str) -> Objects:
        name = f"pulp-settings-{value}"
        mount = {"name": "settings", "configMap": {"name": name}}
        using = edited(workload(), lambda one: pod(one)["volumes"].append(mount))
        return [using, obj("v1", "ConfigMap", name, data={"settings.py": text})]

    assert effects(side("5k9mb2t6hf", "a"), side("cg7t4d2m8k", "b")) == [
        ("restart", "Deployment x", "restarts: new content of ConfigMap pulp-settings")
    ]


def test_replicas_and_metadata_do_not_restart() -> None:
    before = workload()
    after = edited(before, lambda one: (one["spec"].update(replicas=3), one["metadata"].update(labels={"a": "b"})))
    assert effects([before], [after]) == []


@pytest.mark.parametrize(
    ("kind", "spec", "words"),
    [
        ("Deployment", {"strategy": {"type": "Recreate"}}, "restarts, all pods at once: "),
        ("Deployment", {"paused": True}, "restarts when it is resumed (it is paused): "),
        ("StatefulSet", {"updateStrategy": {"type": "OnDelete"}}, "changes its pods only when they are deleted"),
    ],
)
def test_how_it_restarts_depends_on_the_strategy(kind: str, spec: dict[str, Any], words: str) -> None:
    before = workload(kind, **spec)
    ((_, _, message),) = effects([before], [edited(before, set_image)])
    assert message.startswith(words)


def test_nothing_restarts_where_nothing_runs() -> None:
    before = workload(replicas=0)
    assert effects([before], [edited(before, set_image)]) == []


def test_scaling_to_nothing_stops() -> None:
    after = edited(workload(), lambda one: one["spec"].update(replicas=0))
    assert effects([workload()], [after]) == [("stop", "Deployment x", "scales to 0 replicas (from 2)")]


def job(name: str, image: str = "a") -> dict[str, Any]:
    return obj("batch/v1", "Job", name, spec={"template": {"spec": {"containers": [{"name": "m", "image": image}]}}})


def test_a_job_under_a_new_hash_runs_anew() -> None:
    assert effects([job("pulp-migrate-1a2b3c4d")], [job("pulp-migrate-5e6f7a8b", "b")]) == [
        ("run", "Job pulp-migrate", "runs anew: its name changed")
    ]
    assert effects([], [job("pulp-migrate-1a2b3c4d")])[0][0] == "run"


def test_a_job_cannot_change_its_template_unless_forced() -> None:
    ((kind, _, message),) = effects([job("m")], [job("m", "b")])
    assert (kind, message) == ("refused", "spec.template cannot change in place: the API server refuses it")
    forced = edited(job("m", "b"), lambda one: one["metadata"].update(annotations={FLUX: "Enabled"}))
    kinds = [kind for kind, _, _ in effects([job("m")], [forced])]
    assert kinds == ["run"]


FLUX = "kustomize.toolkit.fluxcd.io/force"


def claim(size: str = "10Gi", **spec: Any) -> dict[str, Any]:
    return obj("v1", "PersistentVolumeClaim", spec={"resources": {"requests": {"storage": size}}, **spec})


def test_a_removed_claim_could_lose_data() -> None:
    ((kind, _, message),) = effects([claim()], [])
    assert kind == "data"
    assert "reclaim policy" in message


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        ("argocd.argoproj.io/sync-options", "Validate=false,Prune=false"),
        ("kustomize.toolkit.fluxcd.io/prune", "disabled"),
    ],
)
def test_what_is_never_pruned_is_not_lost(annotation: str, value: str) -> None:
    kept = edited(claim(), lambda one: one["metadata"].update(annotations={annotation: value}))
    assert effects([kept], []) == []


@pytest.mark.parametrize(("before", "after", "kinds"), [("10Gi", "9.9Gi", ["data"]), ("1Gi", "2G", []), ("1", "2", [])])
def test_a_claim_may_grow_and_not_shrink(before: str, after: str, kinds: list[str]) -> None:
    assert [kind for kind, _, _ in effects([claim(before)], [claim(after)])] == kinds


def test_a_claim_cannot_change_its_storage_class() -> None:
    ((kind, _, message),) = effects([claim(storageClassName="slow")], [claim(storageClassName="fast")])
    assert kind == "data"
    assert message.startswith("spec.storageClassName cannot change in place")


def test_another_claim_behind_a_volume_leaves_the_data_where_it_was() -> None:
    after = edited(workload(), lambda one: pod(one).update(volumes=[{"name": "file", "emptyDir": {}}]))
    found = effects([workload()], [after])
    assert (
        "data",
        "Deployment x",
        "volume file uses no claim instead of claim pulp-file: its data is not moved",
    ) in found


def stateful(size: str = "1Gi", **spec: Any) -> dict[str, Any]:
    template = {"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": size}}}}
    return workload("StatefulSet", volumeClaimTemplates=[template], **spec)


def test_other_claim_templates_are_refused_and_a_matter_of_data() -> None:
    found = effects([stateful()], [stateful("2Gi")])
    assert [kind for kind, _, _ in found] == ["data", "refused"]


@pytest.mark.parametrize(("field", "value"), [("serviceName", "y"), ("podManagementPolicy", "Parallel")])
def test_a_stateful_set_refuses_other_fields(field: str, value: str) -> None:
    found = effects([stateful()], [edited(stateful(), lambda one: one["spec"].update({field: value}))])
    assert found == [("refused", "StatefulSet x", f"spec.{field} cannot change in place: the API server refuses it")]


def test_a_removed_stateful_set_keeps_its_claims_unless_told_otherwise() -> None:
    assert effects([stateful()], []) == [("stop", "StatefulSet x", "is removed: its pods stop, its claims stay")]
    policy = {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}}
    assert [kind for kind, _, _ in effects([stateful(**policy)], [])] == ["data"]


def test_scaling_down_with_the_policy_to_delete_loses_claims() -> None:
    policy = {"persistentVolumeClaimRetentionPolicy": {"whenScaled": "Delete"}}
    found = effects([stateful(**policy)], [stateful(**policy, replicas=1)])
    assert found == [("data", "StatefulSet x", "scales from 2 to 1 and loses those claims (whenScaled: Delete)")]


def test_a_selector_cannot_change() -> None:
    after = edited(workload(), lambda one: one["spec"].update(selector={"matchLabels": {"app": "y"}}))
    assert effects([workload()], [after])[0][:2] == ("refused", "Deployment x")


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [(None, "None", True), ("10.0.0.1", "10.0.0.2", True), ("None", None, False), (None, None, False)],
)
def test_the_address_of_a_service_cannot_change(before: Any, after: Any, refused: bool) -> None:
    def service(address: Any, port: int) -> dict[str, Any]:
        spec = {"ports": [{"name": "http", "port": port}]}
        return obj("v1", "Service", spec=spec | ({"clusterIP": address} if address else {}))

    assert bool(effects([service(before, 1)], [service(after, 2)])) == refused


def test_a_locked_map_cannot_change() -> None:
    before = obj("v1", "ConfigMap", immutable=True, data={"a": "1"})
    after = obj("v1", "ConfigMap", immutable=True, data={"a": "2"})
    assert [kind for kind, _, _ in effects([before], [after])] == ["refused"]
    assert effects([{**before, "immutable": False}], [after]) == []


def test_a_removed_secret_names_who_used_it() -> None:
    secret = obj("v1", "Secret", "db", data={"password": "eA=="})
    user = edited(
        workload(),
        lambda one: pod(one)["containers"][0].update(
            env=[{"name": "P", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}]
        ),
    )
    assert effects([secret, user], [user]) == [
        ("data", "Secret db", "is removed: its values are gone from the cluster (it was used by Deployment x)")
    ]


@pytest.mark.parametrize(
    "maker",
    [
        obj("bitnami.com/v1alpha1", "SealedSecret", "db", spec={"encryptedData": {}}),
        obj("external-secrets.io/v1", "ExternalSecret", "other", spec={"target": {"name": "db"}}),
        obj("cert-manager.io/v1", "Certificate", "other", spec={"secretName": "db"}),
    ],
)
def test_a_secret_that_something_else_makes_is_not_lost(maker: dict[str, Any]) -> None:
    assert effects([obj("v1", "Secret", "db")], [maker]) == []


@pytest.mark.parametrize(
    ("version", "kind", "effect"),
    [
        ("v1", "Namespace", "data"),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition", "data"),
        ("postgresql.cnpg.io/v1", "Cluster", "data"),
        ("apps/v1", "Deployment", "stop"),
        ("networking.k8s.io/v1", "Ingress", "stop"),
    ],
)
def test_removals_that_matter(version: str, kind: str, effect: str) -> None:
    assert [kind for kind, _, _ in effects([obj(version, kind)], [])] == [effect]


def test_a_removed_overlay_loses_what_was_in_it() -> None:
    report = compare({"overlays/pop": [claim()]}, {})
    assert [(effect.kind, effect.overlays) for effect in report.effects] == [("data", ("overlays/pop",))]


def test_what_is_not_deployed_has_no_effect() -> None:
    report = compare({"o": [claim()]}, {"o": []}, not_deployed=["o"])
    assert report.effects == ()
    assert len(report.objects) == 1


def test_an_overlay_that_does_not_build_is_no_mass_deletion() -> None:
    from compiler.review import Failure

    report = compare({"o": [claim()]}, {}, failures=[Failure("o", "after", "broken")])
    assert (report.objects, report.removed, report.effects) == ((), (), ())
    assert report.differs()


@pytest.mark.parametrize(
    ("text", "number"),
    [("10Gi", 10 * 2**30), ("500m", Decimal("0.5")), ("1e3", 1000), ("1E", 10**18), (5, 5), ("x", None), (True, None)],
)
def test_quantities(text: Any, number: Any) -> None:
    assert quantity(text) == number


@settings(max_examples=80, deadline=None)
@given(renderings(), renderings())
def test_objects_of_any_shape_are_compared_without_a_failure(
    before: dict[str, Objects], after: dict[str, Objects]
) -> None:
    report = compare(before, after)
    assert compare(before, before).differs() is False
    assert all(effect.overlays for effect in report.effects)
