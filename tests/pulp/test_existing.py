"""Every Secret of ours can be one that somebody else makes, under keys of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.errors import CompilerError
from compiler.pulp.material import catalogue
from compiler.pulp.model import Compiled, build_model, pod_spec
from compiler.pulp.site import Site
from compiler.spec.models import Spec
from compiler.spec.parts import parts
from tests.pulp.support import PRODUCTION, WORKLOADS, build, file, merged, of_kind, one, pods, spec

CONTAINER = {"version": "3.85", "plugins": ["container", "file"]}
SIGNING = {"services": ["container"], "keys": {"signing": {}, "signing-2027": {"source": "given"}}}
LOGINS = {
    "ldap": {"uri": "ldaps://ldap.example.com", "bind_dn": "cn=pulp", "users": {"base": "o=example"}},
    "sso": {"oidc": {"issuer": "https://sso.example.com", "client_id": "pulp"}},
}
PORT = {"node_port": {"port": 30443}}
REPLICA = {"upstream": {"url": "https://centre.example.com"}}

SITES: dict[str, Spec] = {
    "demo": spec(
        "demo", pulp=CONTAINER, signing=SIGNING, authentication=LOGINS, exposure={"node_port": {"port": 30443}}
    ),
    "replica": spec("replica", pulp=CONTAINER, replica=REPLICA),
    "production": spec("production", **merged(PRODUCTION, {"pulp": CONTAINER})),
}


def requirements() -> list[tuple[str, str]]:
    return [(site, one.name) for site, said in SITES.items() for one in build_model(said).requirements.secrets]


def part_of(name: str) -> str:
    return name.removeprefix("pulp-")


def replaced(said: Spec, existing: Mapping[str, Any]) -> Compiled:
    plain = said.model_dump(by_alias=True, exclude_none=True)
    return build_model(Spec.model_validate(merged(plain, {"secrets": {"existing": dict(existing)}})))


@pytest.mark.parametrize("site", SITES)
def test_the_spec_knows_every_secret_and_key_of_the_model(site: str) -> None:
    known = parts(SITES[site])
    made = {part_of(name): one for name, one in catalogue(Site(SITES[site])).items()}
    assert made.keys() <= known.keys()
    assert {part: tuple(sorted(one.keys())) for part, one in made.items()} == {
        part: tuple(sorted(known[part].keys)) for part in made
    }


def test_no_name_that_the_spec_takes_is_without_a_secret() -> None:
    made = {part_of(name) for said in SITES.values() for name in catalogue(Site(said))}
    assert made == set(parts(SITES["demo"]))


@pytest.mark.parametrize(("site", "name"), requirements())
def test_each_requirement_can_be_an_existing_secret_with_other_keys(site: str, name: str) -> None:
    before = build_model(SITES[site])
    (wanted,) = [one for one in before.requirements.secrets if one.name == name]
    theirs = {key: f"their.{number}" for number, key in enumerate(wanted.keys())}
    after = replaced(SITES[site], {part_of(name): {"name": "theirs", "keys": theirs}})
    assert name not in {one.name for one in after.requirements.secrets}
    (found,) = [one for one in after.requirements.existing if one.instead == name]
    assert (found.name, found.keys, dict(found.mapping)) == ("theirs", tuple(sorted(theirs.values())), theirs)
    assert found.consumers == wanted.consumers
    assert mounts(before, name) == mounts(after, "theirs")
    for _, pod in pods(after):
        for volume in pod.get("volumes", ()):
            if volume.get("secret", {}).get("secretName") == "theirs":
                assert {item["path"]: item["key"] for item in volume["secret"]["items"]} == theirs


def mounts(compiled: Compiled, secret: str) -> set[tuple[str, str, str]]:
    """Workload (a Job without its hash), container and folder of each mount of a Secret."""
    found = set()
    for obj in of_kind(compiled, *WORKLOADS):
        pod = pod_spec(obj)
        volumes = {one["name"] for one in pod["volumes"] if one.get("secret", {}).get("secretName") == secret}
        name = obj["metadata"]["name"]
        for container in [*pod.get("initContainers", ()), *pod["containers"]]:
            for mount in container["volumeMounts"]:
                if mount["name"] in volumes:
                    short = name.rpartition("-")[0] if obj["kind"] == "Job" else name
                    found.add((short, container["name"], mount["mountPath"]))
    return found


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_any_of_them_together_leave_the_others_as_they_were(data: st.DataObject) -> None:
    said = SITES[data.draw(st.sampled_from(sorted(SITES)))]
    before = {one.name: one for one in build_model(said).requirements.secrets}
    chosen = data.draw(st.sets(st.sampled_from(sorted(before))))
    after = replaced(said, {part_of(name): {"name": "one-for-all"} for name in chosen})
    left = {one.name: one for one in after.requirements.secrets}
    assert left == {name: one for name, one in before.items() if name not in chosen}
    assert {one.instead for one in after.requirements.existing if one.instead} == chosen


def test_the_generation_of_an_orphan_of_the_same_name_does_not_count() -> None:
    secrets = {"existing": {"admin-password": {"name": "pulp-admin-password"}}}
    compiled = build_model(spec("demo", secrets=secrets), {"pulp-admin-password": 7})
    annotations = one(compiled, "Job", "pulp-admin-password")["spec"]["template"]["metadata"]["annotations"]
    assert "pulp-admin-password" not in annotations["pulp-compiler/secret-generations"]


def test_an_existing_secret_that_nobody_mounts_is_refused() -> None:
    with pytest.raises(CompilerError, match="no pod of this installation mounts pulp-s3") as error:
        build("demo", secrets={"existing": {"s3": {"name": "theirs"}}})
    assert "admin-password, api-tls" in str(error.value.hint)
    assert error.value.origin is not None
    assert error.value.origin.field == "secrets.existing.s3"


@pytest.mark.parametrize(
    "said",
    [
        {"database": {"external": {"host": "db", "secret": "app", "user_key": "username"}}},
        {
            "database": {"external": {"host": "db"}},
            "secrets": {"existing": {"postgres-configuration": {"name": "app", "keys": {"username": "username"}}}},
        },
    ],
)
def test_the_user_of_an_external_database_can_be_a_key_of_the_secret(said: dict[str, Any]) -> None:
    compiled = build("demo", **said)
    text = file(compiled, "pulp-settings", "settings.py")
    assert '"USER": _read("/etc/pulp/secrets/postgres-configuration/username")' in text
    (found,) = [one for one in compiled.requirements.existing if one.name == "app"]
    assert found.keys == ("password", "username")


def test_the_user_of_an_external_cache_can_be_a_key_of_the_secret() -> None:
    compiled = build("demo", cache={"external": {"host": "r", "secret": "app", "user_key": "u"}})
    text = file(compiled, "pulp-settings", "settings.py")
    assert '"rediss://" + _quote(_read("/etc/pulp/secrets/redis-configuration/username"), safe="") + ":" + ' in text
