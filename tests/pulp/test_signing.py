"""Signing services: keys only where they are used, scripts at paths that stay, a Job for each state of them."""

from __future__ import annotations

import json
from typing import Any

from compiler.pulp.model import Compiled, build_model, pod_spec
from compiler.pulp.requirements import GivenSigningKey, SigningKey
from tests.pulp.support import build, container, environment, file, has, one, pods, spec

PULP = {"version": "3.85", "plugins": ["rpm", "deb", "container", "ansible"]}
SIGNING = {"services": ["rpm", "apt", "container", "collection"], "keys": {"signing": {}}}


def signed(**signing: Any) -> Compiled:
    return build("demo", pulp=PULP, exposure={"node_port": {"port": 30443}}, signing={**SIGNING, **signing})


def jobs(compiled: Compiled) -> list[str]:
    names = [obj["metadata"]["name"] for obj in compiled.model.objects if obj["kind"] == "Job"]
    return [name for name in names if name.startswith("pulp-signing-")]


def test_nothing_of_it_is_there_unless_said() -> None:
    compiled = build("demo")
    assert not jobs(compiled)
    assert not any("signing" in json.dumps(obj) or "gnupg" in json.dumps(obj) for obj in compiled.model.objects)


def test_only_the_keyring_and_the_job_see_the_key() -> None:
    found = {
        (name.rpartition("-")[0] if name.startswith("pulp-signing") else name, made["name"])
        for name, pod in pods(signed())
        for made in [*pod.get("initContainers", ()), *pod["containers"]]
        for mount in made["volumeMounts"]
        if mount["name"] == "signing"
    }
    assert found == {("pulp-worker", "keyring"), ("pulp-signing", "keyring"), ("pulp-signing", "register")}


def test_the_keyring_is_in_memory_and_where_scripts_look() -> None:
    compiled = signed()
    pod = pod_spec(one(compiled, "Deployment", "pulp-worker"))
    (volume,) = [volume for volume in pod["volumes"] if volume["name"] == "gnupg"]
    assert volume["emptyDir"] == {"medium": "Memory", "sizeLimit": "16Mi"}
    assert [made["name"] for made in pod["initContainers"]] == ["gate", "keyring"]
    for name in ("keyring", "worker"):
        made = container(compiled, "Deployment", "pulp-worker", name)
        assert environment(made)["GNUPGHOME"] == "/run/gnupg/home"
        assert "/run/gnupg" in {mount["mountPath"] for mount in made["volumeMounts"]}


def test_scripts_are_single_files_at_the_operators_paths() -> None:
    """A ConfigMap's folder holds links into one named by the time, and Pulp keeps the path that it resolves to."""
    mounts = container(signed(), "Deployment", "pulp-worker", "worker")["volumeMounts"]
    found = {mount["mountPath"]: mount["subPath"] for mount in mounts if mount["name"] == "signing-scripts"}
    names = ["apt_script.sh", "collection_script.sh", "container_script.sh", "rpm_script.sh"]
    assert found == {f"/var/lib/pulp/scripts/{name}": name for name in names}


def test_a_service_for_each_kind_and_key_with_the_operators_names() -> None:
    made = json.loads(file(signed(keys={"signing": {}, "signing-b": {}}), "pulp-signing-setup", "services.json"))
    assert [one["name"] for one in made] == [
        f"{kind}-{key}-service"
        for key in ("signing", "signing-b")
        for kind in ("apt", "collection", "container", "rpm")
    ]
    assert {one["class"] for one in made} == {
        "deb:AptReleaseSigningService",
        "container:ManifestSigningService",
        "core:AsciiArmoredDetachedSigningService",
    }
    assert made[-1]["key"] == "/etc/pulp/secrets/signing-b/signing_service.gpg"


def test_a_script_of_ones_own_takes_the_place_of_ours() -> None:
    compiled = signed(scripts={"rpm": "#!/bin/sh\nmine\n"})
    assert file(compiled, "pulp-signing-scripts", "rpm_script.sh") == "#!/bin/sh\nmine\n"
    assert "gpg" in file(compiled, "pulp-signing-scripts", "apt_script.sh")


def test_keys_scripts_and_generations_make_a_new_job_and_replicas_do_not() -> None:
    said = spec("demo", pulp=PULP, exposure={"node_port": {"port": 30443}}, signing=SIGNING)
    first = jobs(build_model(said))
    assert len(first) == 1
    assert jobs(build_model(said, {"pulp-signing": 2})) != first
    assert jobs(signed(keys={"signing": {}, "signing-b": {}})) != first
    assert jobs(signed(scripts={"rpm": "#!/bin/sh\n"})) != first
    more = build("demo", pulp=PULP, exposure={"node_port": {"port": 30443}}, signing=SIGNING, web={"replicas": 3})
    assert jobs(more) == first


def test_the_job_reaches_the_database_alone() -> None:
    compiled = signed()
    policy = one(compiled, "NetworkPolicy", "pulp-signing")["spec"]
    assert [rule["ports"][0]["port"] for rule in policy["egress"]] == [5432]
    clients = one(compiled, "NetworkPolicy", "pulp-database")["spec"]["ingress"][0]["from"]
    names = [peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"] for peer in clients]
    assert "signing" in names
    assert not has(build("demo"), "NetworkPolicy", "pulp-signing")


def test_a_key_is_generated_or_given() -> None:
    compiled = signed(keys={"signing": {"user_id": "Acme <a@b.example>"}, "signing-b": {"source": "given"}})
    made = {one.name: one.materials for one in compiled.requirements.secrets}
    assert made["pulp-signing"] == (SigningKey("signing_service.gpg", "Acme <a@b.example>"),)
    (given,) = made["pulp-signing-b"]
    assert isinstance(given, GivenSigningKey)
    assert list(given.keys) == ["signing_service.gpg"]
    (plain,) = {one.name: one.materials for one in signed().requirements.secrets}["pulp-signing"]
    assert isinstance(plain, SigningKey)
    assert plain.user_id == "Pulp pulp.example.com"
