"""Database, cache, storage, and who may talk to them."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from compiler.pulp.cache import three_quarters
from compiler.pulp.database import hba
from compiler.pulp.requirements import Given, Leaf, Password
from compiler.pulp.scripts import text
from compiler.pulp.site import Site
from tests.pulp.support import build, container, file, has, one, production, spec


@pytest.mark.parametrize(
    ("mode", "line"),
    [
        ("mutual", "hostssl pulp pulp all scram-sha-256 clientcert=verify-full"),
        ("server", "hostssl pulp pulp all scram-sha-256"),
        ("off", "host pulp pulp all scram-sha-256"),
    ],
)
def test_postgresql_admits_one_role_by_one_line(mode: str, line: str) -> None:
    rules = [rule for rule in hba(Site(spec(tls={"internal": mode}))).splitlines() if not rule.startswith("#")]
    assert rules == ["local all postgres peer", line]


def test_postgresql_is_started_by_name_with_tls() -> None:
    command = container(build(), "StatefulSet", "pulp-database")["command"]
    assert command[:3] == ["postgres", "-D", "/var/lib/postgresql/data/pgdata"]
    for option in (
        "ssl=on",
        "ssl_ca_file=/etc/pulp/ca/ca.crt",
        "hba_file=/etc/pulp/database-scripts/pg_hba.conf",
        "password_encryption=scram-sha-256",
    ):
        assert option in command
    plain = container(build(tls={"internal": "off"}), "StatefulSet", "pulp-database")["command"]
    assert "ssl=on" not in plain


def test_the_claim_is_where_the_operator_had_it() -> None:
    made = one(build(), "StatefulSet", "pulp-database")
    (claim,) = made["spec"]["volumeClaimTemplates"]
    assert claim["metadata"]["name"] == "pulp-postgres"
    assert claim["spec"]["resources"]["requests"]["storage"] == "8Gi"
    mounts = container(build(), "StatefulSet", "pulp-database")["volumeMounts"]
    data = next(mount for mount in mounts if mount["name"] == "pulp-postgres")
    assert (data["mountPath"], data["subPath"]) == ("/var/lib/postgresql/data", "data")
    assert made["spec"]["serviceName"] == "pulp-database-svc"


def test_postgresql_stops_fast_within_its_grace() -> None:
    stop = container(build(), "StatefulSet", "pulp-database")["lifecycle"]["preStop"]["exec"]["command"]
    assert stop[:2] == ["pg_ctl", "stop"]
    assert "fast" in stop
    pod = one(build(), "StatefulSet", "pulp-database")["spec"]["template"]["spec"]
    assert int(stop[-1]) < pod["terminationGracePeriodSeconds"]


def test_the_clients_certificate_names_the_role() -> None:
    (leaf,) = next(made for made in build().requirements.secrets if made.name == "pulp-database-client").materials
    assert leaf == Leaf("client", "pulp")


def test_redis_takes_no_password_in_its_arguments() -> None:
    made = build()
    command = container(made, "Deployment", "pulp-redis", "redis")["command"]
    assert command[0] == "redis-server"
    assert "--requirepass" not in command
    pairs = dict(zip(command[1::2], command[2::2], strict=True))
    assert pairs["--port"] == "0"
    assert pairs["--tls-port"] == "6379"
    assert pairs["--tls-auth-clients"] == "yes"
    assert pairs["--maxmemory"] == str(192 * 2**20)
    assert pairs["--maxmemory-policy"] == "allkeys-lru"
    server = container(build(tls={"internal": "server"}), "Deployment", "pulp-redis", "redis")["command"]
    assert server[server.index("--tls-auth-clients") + 1] == "no"
    plain = container(build(tls={"internal": "off"}), "Deployment", "pulp-redis", "redis")["command"]
    assert plain[1:3] == ["--port", "6379"]


def test_the_access_list_holds_a_hash_of_the_password(tmp_path: Path) -> None:
    secret = tmp_path / "etc" / "secrets" / "redis-configuration"
    secret.mkdir(parents=True)
    (secret / "password").write_text("pa ss\n")
    script = text("acl.sh").replace("/etc/pulp", f"{tmp_path}/etc").replace("/run/redis", str(tmp_path))
    subprocess.run(["sh", "-c", script], check=True)
    written = (tmp_path / "users.acl").read_text()
    assert f"user pulp on #{hashlib.sha256(b'pa ss').hexdigest()} " in written
    assert "user default off" in written
    assert "pa ss" not in written
    made_here = (tmp_path / "reload").read_text().strip()
    assert f"user reload on #{hashlib.sha256(made_here.encode()).hexdigest()} -@all +config|set" in written
    assert os.stat(tmp_path / "users.acl").st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("quantity", "expected"), [("256Mi", 192 * 2**20), ("1Gi", 768 * 2**20), ("1G", 750_000_000), ("1000", 750)]
)
def test_three_quarters_of_a_quantity(quantity: str, expected: int) -> None:
    assert three_quarters(quantity) == expected


def test_artifacts_are_at_the_operators_place() -> None:
    made = build(storage={"volume": {"size": "7Gi", "storage_class": "fast", "access_mode": "ReadWriteMany"}})
    claim = one(made, "PersistentVolumeClaim", "pulp-file-storage")["spec"]
    assert claim == {
        "accessModes": ["ReadWriteMany"],
        "resources": {"requests": {"storage": "7Gi"}},
        "storageClassName": "fast",
    }
    for role in ("api", "content", "worker"):
        mounts = container(made, "Deployment", f"pulp-{role}")["volumeMounts"]
        media = next(mount for mount in mounts if mount["name"] == "file-storage")
        assert (media["mountPath"], media["subPath"]) == ("/var/lib/pulp/media", "media")
    assert not has(build(storage={"claim": {"name": "theirs"}}), "PersistentVolumeClaim", "pulp-file-storage")


def test_no_controller_prunes_the_artifacts() -> None:
    made = build(storage={"volume": {"size": "7Gi"}})
    annotations = one(made, "PersistentVolumeClaim", "pulp-file-storage")["metadata"]["annotations"]
    assert annotations["argocd.argoproj.io/sync-options"] == "Delete=false,Prune=false"
    assert annotations["kustomize.toolkit.fluxcd.io/prune"] == "disabled"


def test_what_a_person_must_give_is_asked_for_in_words() -> None:
    needed = {secret.name: secret.materials for secret in production().requirements.secrets}
    (database,) = needed["pulp-postgres-configuration"]
    assert isinstance(database, Given)
    assert "db.example.com" in database.keys["password"]
    (bucket,) = needed["pulp-s3"]
    assert isinstance(bucket, Given)
    assert set(bucket.keys) == {"s3-access-key-id", "s3-secret-access-key"}
    (own,) = next(made for made in build().requirements.secrets if made.name == "pulp-redis-configuration").materials
    assert own == Password("password")


def test_the_ca_of_an_external_service_is_a_config_map_of_its_own() -> None:
    made = production(database={"external": {"host": "db.example.com", "ca": "PEM\n"}})
    assert file(made, "pulp-database-ca", "ca.crt") == "PEM\n"
    paths = [mount["mountPath"] for mount in container(made, "Deployment", "pulp-worker")["volumeMounts"]]
    assert "/etc/pulp/database-ca" in paths


def test_a_bucket_is_verified_against_the_ca_of_its_store() -> None:
    store = {"s3": {"bucket": "own", "endpoint": "https://s3.internal:9000", "ca": "PEM\n", "cidrs": ["10.1.0.0/16"]}}
    made = production(storage=store)
    assert file(made, "pulp-s3-ca", "ca.crt") == "PEM\n"
    assert "'verify': '/etc/pulp/s3-ca/ca.crt'" in file(made, "pulp-settings", "settings.py").replace('"', "'")
    for role in ("api", "content", "worker"):
        paths = [mount["mountPath"] for mount in container(made, "Deployment", f"pulp-{role}")["volumeMounts"]]
        assert "/etc/pulp/s3-ca" in paths
        assert ("10.1.0.0/16", 9000) in egress(made, role)
    assert "'verify'" not in file(production(), "pulp-settings", "settings.py").replace('"', "'")


@pytest.mark.parametrize(
    ("store", "style"),
    [
        ({"bucket": "own", "region": "me-central-1"}, "virtual"),
        ({"bucket": "has.dots"}, "auto"),
        ({"bucket": "own", "endpoint": "https://s3.internal"}, "auto"),
        ({"bucket": "own", "addressing_style": "path"}, "path"),
    ],
)
def test_signed_urls_lead_to_the_buckets_region(store: dict[str, str], style: str) -> None:
    assert f'"addressing_style": "{style}"' in file(production(storage={"s3": store}), "pulp-settings", "settings.py")


def egress(made: Any, name: str) -> set[tuple[str, int]]:
    """(component or CIDR, port) of everything a policy lets out."""
    found = set()
    for rule in one(made, "NetworkPolicy", f"pulp-{name}")["spec"].get("egress", ()):
        for peer in rule["to"]:
            whom = (
                peer["ipBlock"]["cidr"]
                if "ipBlock" in peer
                else peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"]
            )
            found |= {(whom, port["port"]) for port in rule["ports"]}
    return found


def test_the_policies_of_the_demo_are_the_matrix() -> None:
    made = build(network_policies={"sync_cidrs": ["203.0.113.0/24"]})
    state = {("database", 5432), ("cache", 6379)}
    remotes = {("203.0.113.0/24", 80), ("203.0.113.0/24", 443)}
    assert egress(made, "api") == state
    assert egress(made, "worker") == state | remotes
    assert egress(made, "content") == state | remotes
    assert egress(made, "web") == {("api", 24817), ("content", 24816)}
    assert egress(made, "migration") == egress(made, "admin-password") == {("database", 5432)}
    assert egress(made, "database") == egress(made, "redis") == set()
    deny = one(made, "NetworkPolicy", "pulp-default-deny")["spec"]
    assert deny["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in deny
    assert "egress" not in deny
    (rule,) = one(made, "NetworkPolicy", "pulp-database")["spec"]["ingress"]
    clients = {peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"] for peer in rule["from"]}
    assert clients == {"api", "content", "worker", "migration", "admin-password"}


def test_external_services_are_reached_at_their_addresses() -> None:
    made = production(
        database={"external": {"host": "db.example.com", "port": 6432, "cidrs": ["10.1.0.0/16"]}},
        cache={"external": {"host": "redis.example.com", "port": 6380}},
    )
    reached = egress(made, "api")
    assert ("10.1.0.0/16", 6432) in reached
    assert ("0.0.0.0/0", 6380) in reached
    assert ("0.0.0.0/0", 443) in reached, "the bucket"


def test_nothing_reaches_a_clouds_credentials_unless_it_needs_them() -> None:
    def exceptions(made: Any) -> set[str]:
        rules = one(made, "NetworkPolicy", "pulp-worker")["spec"]["egress"]
        return {
            str(peer["ipBlock"].get("except"))
            for rule in rules
            for peer in rule["to"]
            if peer.get("ipBlock", {}).get("cidr") == "0.0.0.0/0"
        }

    assert exceptions(production()) == {"['169.254.169.254/32']"}
    assert exceptions(production(storage={"s3": {"credentials": "workload-identity"}})) == {"None"}


def test_anywhere_is_not_the_cluster_where_the_spec_says_what_the_cluster_is() -> None:
    made = production(
        network_policies={"except_cidrs": ["10.42.0.0/16", "fd00:42::/48"], "sync_cidrs": ["10.0.0.0/8", "::/0"]},
        database={"external": {"host": "db.example.com", "cidrs": ["10.42.7.0/24"]}},
    )
    rules = one(made, "NetworkPolicy", "pulp-worker")["spec"]["egress"]
    blocks = {
        (peer["ipBlock"]["cidr"], port["port"]): peer["ipBlock"].get("except")
        for rule in rules for peer in rule["to"] if "ipBlock" in peer for port in rule["ports"]
    }  # fmt: skip
    assert blocks["10.0.0.0/8", 80] == ["10.42.0.0/16"]
    assert blocks["::/0", 80] == ["fd00:42::/48"]
    assert blocks["0.0.0.0/0", 443] == ["169.254.169.254/32", "10.42.0.0/16"], "the bucket"
    assert blocks["10.42.7.0/24", 5432] is None, "a database inside of the cluster, by its addresses"


def test_policies_can_be_switched_off() -> None:
    made = build(network_policies={"enabled": False})
    assert not [obj for obj in made.model.objects if obj["kind"] == "NetworkPolicy"]
