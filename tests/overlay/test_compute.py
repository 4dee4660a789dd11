"""What a computed folder looks like."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml

from compiler.errors import CompilerError
from compiler.k8s.objects import GeneratedConfigMap, Model, Object
from compiler.kustomize import build
from compiler.kustomize.tree import MemoryTree
from compiler.overlay import HEADER, compute, flat
from tests.overlay.folders import under


def deployment(name: str = "api", image: str = "pulp:1", **spec: Any) -> Object:
    containers = [{"name": "main", "image": image}, {"name": "side", "image": "side:1", "env": []}]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": 1, "template": {"spec": {"containers": containers}}, **spec},
    }


def config(name: str = "settings", text: str = "A = 1\n", **files: str) -> GeneratedConfigMap:
    return GeneratedConfigMap(name, {"settings.py": text, **files}, {"app": "pulp"})


def model(*objects: Object, maps: tuple[GeneratedConfigMap, ...] = (), namespace: str | None = None) -> Model:
    placed = []
    for obj in objects:
        obj = copy.deepcopy(obj)
        if namespace:
            obj["metadata"]["namespace"] = namespace
        placed.append(obj)
    return Model(tuple(placed), maps, namespace)


def overlay(parent: Model, wanted: Model, **options: Any) -> dict[str, Any]:
    """Compute, prove that it builds to what is wanted, and return the parsed files."""
    files = compute(parent, wanted, base="../base", **options)
    tree = MemoryTree(
        {
            **under("base", compute(None, parent, base=None)),
            **under("over", files),
            **under("flat", flat(wanted)),
            "over/custom/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n",
        }
    )
    assert build(tree, "over").text == build(tree, "flat").text
    return {path: yaml.safe_load(text) if path.endswith(".yaml") else text for path, text in files.items()}


def test_every_yaml_file_says_in_its_first_line_that_it_is_generated() -> None:
    files = compute(model(deployment()), model(deployment("other")), base="../base")
    assert len(files) == 3
    assert all(text.startswith(HEADER) for text in files.values())


def test_a_base_has_one_object_a_file_with_its_fields_in_reading_order() -> None:
    obj = {
        "spec": {"b": 1, "a": 2},
        "metadata": {"labels": {"x": "y"}, "name": "w"},
        "kind": "Widget",
        "apiVersion": "e/v1",
    }
    files = compute(None, model(obj), base=None)
    assert list(files) == ["kustomization.yaml", "resources/widget-w.yaml"]
    assert files["resources/widget-w.yaml"] == (
        f'{HEADER}apiVersion: e/v1\nkind: Widget\nmetadata:\n  name: w\n  labels:\n    x: "y"\nspec:\n  b: 1\n  a: 2\n'
    )


def test_a_namespace_shared_by_all_is_said_once() -> None:
    files = overlay(model(deployment()), model(deployment(), namespace="pulp"))
    assert files["kustomization.yaml"]["namespace"] == "pulp"
    assert list(files) == ["kustomization.yaml"]


def test_an_image_that_changed_everywhere_is_said_once() -> None:
    parent = model(deployment("a", "quay.io/pulp/pulp:3.85"), deployment("b", "quay.io/pulp/pulp:3.85"))
    wanted = model(deployment("a", "mirror/pulp:3.86"), deployment("b", "mirror/pulp:3.86"))
    files = overlay(parent, wanted)
    assert files["kustomization.yaml"]["images"] == [
        {"name": "quay.io/pulp/pulp", "newName": "mirror/pulp", "newTag": "3.86"}
    ]
    assert list(files) == ["kustomization.yaml"]


def test_an_image_that_changed_in_one_place_only_is_a_patch() -> None:
    parent = model(deployment("a"), deployment("b"))
    files = overlay(parent, model(deployment("a", "pulp:2"), deployment("b")))
    assert "images" not in files["kustomization.yaml"]
    assert files["patches/deployment-a.yaml"]["spec"]["template"]["spec"]["containers"] == [
        {"name": "main", "image": "pulp:2"}
    ]


def test_a_digest_is_pinned_by_images() -> None:
    pinned = "pulp@sha256:" + "0" * 64
    files = overlay(model(deployment()), model(deployment(image=pinned)))
    assert files["kustomization.yaml"]["images"] == [{"name": "pulp", "digest": "sha256:" + "0" * 64}]


def test_replicas_alone_need_no_patch() -> None:
    files = overlay(model(deployment()), model(deployment(replicas=3)))
    assert files["kustomization.yaml"]["replicas"] == [{"name": "api", "count": 3}]
    assert list(files) == ["kustomization.yaml"]


def test_replicas_of_two_workloads_of_one_name_that_differ_are_patches() -> None:
    other = {**deployment(), "kind": "StatefulSet"}
    changed = copy.deepcopy(other)
    changed["spec"]["replicas"] = 5
    files = overlay(model(deployment(), other), model(deployment(), changed))
    assert "replicas" not in files["kustomization.yaml"]
    assert files["patches/statefulset-api.yaml"]["spec"] == {"replicas": 5}


def test_an_object_that_goes_is_deleted_by_a_patch() -> None:
    files = overlay(model(deployment("a"), deployment("b")), model(deployment("a")))
    assert files["patches/deployment-b.yaml"] == {
        "$patch": "delete",
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "b"},
    }


def test_a_field_that_goes_is_null_and_a_list_element_is_deleted_by_its_key() -> None:
    wanted = deployment()
    del wanted["spec"]["replicas"]
    wanted["spec"]["template"]["spec"]["containers"].pop()
    wanted["spec"]["template"]["spec"]["nodeSelector"] = {"zone": "a"}
    files = overlay(model(deployment()), model(wanted))
    assert files["patches/deployment-api.yaml"]["spec"] == {
        "template": {"spec": {"containers": [{"name": "side", "$patch": "delete"}], "nodeSelector": {"zone": "a"}}},
        "replicas": None,
    }


def test_a_new_order_of_a_list_is_said_by_naming_its_elements() -> None:
    wanted = deployment()
    wanted["spec"]["template"]["spec"]["containers"].reverse()
    files = overlay(model(deployment()), model(wanted))
    assert files["patches/deployment-api.yaml"]["spec"]["template"]["spec"]["containers"] == [{"name": "side"}]


def test_an_object_inside_a_field_is_patched_by_its_own_kind() -> None:
    def holder(argument: str) -> Object:
        held = deployment()
        held["spec"]["template"]["spec"]["containers"][0]["args"] = [argument]
        return {"apiVersion": "e/v1", "kind": "Holder", "metadata": {"name": "w"}, "spec": held}

    patch = overlay(model(holder("a")), model(holder("b")))["patches/holder-w.yaml"]
    assert patch["spec"]["spec"]["template"]["spec"]["containers"] == [{"name": "main", "args": ["b"]}]


def test_what_a_merge_cannot_say_becomes_an_operation_beside_the_merge() -> None:
    parent = {"apiVersion": "e/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"a": {"b": 1}, "c": 1}}
    wanted = copy.deepcopy(parent)
    wanted["spec"] = {"a": "text", "c": 2}
    files = overlay(model(parent), model(wanted))
    assert files["patches/widget-w.yaml"]["spec"] == {"c": 2}
    assert files["patches/widget-w.json6902.yaml"] == [{"op": "replace", "path": "/spec/a", "value": "text"}]
    assert files["kustomization.yaml"]["patches"] == [
        {"path": "patches/widget-w.yaml"},
        {
            "path": "patches/widget-w.json6902.yaml",
            "target": {"group": "e", "version": "v1", "kind": "Widget", "name": "w"},
        },
    ]


def test_a_generated_config_map_is_a_file_and_a_change_replaces_it() -> None:
    files = overlay(model(maps=(config(),)), model(maps=(config(text="A = 2\n"),)))
    assert files["files/settings/settings.py"] == "A = 2\n"
    assert files["kustomization.yaml"]["configMapGenerator"] == [
        {"name": "settings", "behavior": "replace", "files": ["files/settings/settings.py"]}
    ]


def test_only_the_files_that_changed_are_written_again() -> None:
    parent = config(**{"nginx.conf": "x"})
    files = overlay(model(maps=(parent,)), model(maps=(config(**{"nginx.conf": "y"}),)))
    assert "files/settings/settings.py" not in files
    assert files["kustomization.yaml"]["configMapGenerator"] == [
        {"name": "settings", "behavior": "merge", "files": ["files/settings/nginx.conf"]}
    ]


def test_a_generated_config_map_that_goes_is_deleted_and_its_labels_can_change() -> None:
    wanted = GeneratedConfigMap("settings", {"settings.py": "A = 1\n"})
    files = overlay(model(deployment(), maps=(config(), config("gone"))), model(deployment(), maps=(wanted,)))
    assert files["patches/configmap-gone.yaml"]["$patch"] == "delete"
    assert files["patches/configmap-settings.yaml"]["metadata"] == {"name": "settings", "labels": None}


def test_folders_and_components_are_listed() -> None:
    files = compute(
        model(deployment()), model(deployment()), base="../base", resources=["../../secrets/x"], components=["custom"]
    )
    kustomization = yaml.safe_load(files["kustomization.yaml"])
    assert kustomization["resources"] == ["../base", "../../secrets/x"]
    assert kustomization["components"] == ["custom"]


def test_a_subject_that_kustomize_would_move_keeps_the_namespace_out_of_the_kustomization() -> None:
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "b"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": "elsewhere"}],
    }
    files = overlay(model(binding), model(binding, namespace="pulp"))
    assert "namespace" not in files["kustomization.yaml"]


def test_a_namespace_object_of_another_name_keeps_the_namespace_out_of_the_kustomization() -> None:
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"}}
    parent = Model((space, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}))
    wanted = Model(
        (space, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "pulp"}}), (), "pulp"
    )
    assert "namespace" not in overlay(parent, wanted)["kustomization.yaml"]


def test_two_objects_never_share_a_file() -> None:
    first = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a:b"}}
    second = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a-b"}}
    files = overlay(model(), model(first, second))
    assert {"resources/secret-a-b.yaml", "resources/secret-a-b-2.yaml"} < set(files)


def test_a_config_map_that_is_generated_on_one_side_only_is_refused() -> None:
    plain = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {}}
    with pytest.raises(CompilerError, match="generated from files on one side"):
        compute(model(plain), model(maps=(config(),)), base="../base")
    with pytest.raises(CompilerError, match="generated from files on one side"):
        compute(model(maps=(config(),)), model(plain), base="../base")


def test_a_key_that_is_no_file_name_is_refused() -> None:
    with pytest.raises(CompilerError, match="cannot be the name of a file"):
        compute(None, model(maps=(GeneratedConfigMap("a", {"../x": ""}),)), base=None)


def test_two_objects_of_one_id_are_refused() -> None:
    with pytest.raises(CompilerError, match="two objects Deployment default/api"):
        compute(None, model(deployment(), deployment()), base=None)
