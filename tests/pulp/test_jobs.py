"""Jobs: their names follow from what they do, so that an immutable one is never changed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from compiler.errors import CompilerError
from compiler.pulp.model import build_model
from compiler.pulp.replica import selection
from tests.pulp.support import build, containers, example, file, of_kind, one, production, spec, template

UPSTREAM = {"url": "https://centre.example.com", "cidrs": ["203.0.113.7/32"]}


def replica(**fields: Any) -> Any:
    return build("replica", replica={"upstream": UPSTREAM, **fields})


def job_name(made: Any, part: str) -> str:
    return str(one(made, "Job", f"pulp-{part}")["metadata"]["name"])


@pytest.mark.parametrize(
    "change",
    [
        {"pulp": {"version": "3.86"}},
        {"pulp": {"plugins": ["file", "rpm"]}},
        {"pulp": {"settings": {"HIDE_GUARDED_DISTRIBUTIONS": True}}},
        {"database": {"external": {"host": "db2.example.com"}}},
        {"storage": {"s3": {"redirect": False}}},
        {"images": {"pulp": {"digest": "sha256:" + "0" * 64}}},
    ],
)
def test_what_makes_a_migration_necessary_makes_a_new_job(change: dict[str, Any]) -> None:
    assert job_name(production(), "migrate") != job_name(production(**change), "migrate")


@pytest.mark.parametrize(
    "change",
    [
        {"api": {"replicas": 9, "resources": {"requests": {"cpu": "1"}}}},
        {"web": {"max_body_size": "1g"}},
        {"exposure": {"ingress": {"annotations": {"a": "b"}}}},
        {"worker": {"scratch": "1Ti"}},
        {"labels": {"team": "x"}},
    ],
)
def test_nothing_else_does(change: dict[str, Any]) -> None:
    assert job_name(production(), "migrate") == job_name(production(**change), "migrate")


@pytest.mark.parametrize("folder", ["overlays/demo", "overlays/prod", "overlays/pop-ams"])
def test_two_jobs_of_one_name_have_one_template(folder: str) -> None:
    """A Job's template is immutable: whatever changes it, or the content of what it mounts, must change the name."""
    seen: dict[str, str] = {}
    base = example(folder)
    for generations in ({}, {"pulp-secret-key": 2}, {"pulp-ca": 3}, {"pulp-admin-password": 2}):
        for level in ("INFO", "DEBUG"):
            made = build_model(
                base.model_copy(update={"pulp": base.pulp.model_copy(update={"log_level": level})}), generations
            )
            contents = {config.name: dict(config.files) for config in made.model.config_maps}
            for job in of_kind(made, "Job"):
                mounted = [v["configMap"]["name"] for v in template(job)["spec"]["volumes"] if "configMap" in v]
                whole = json.dumps([job["spec"], {name: contents.get(name) for name in mounted}], sort_keys=True)
                assert seen.setdefault(job["metadata"]["name"], whole) == whole


def test_a_new_admin_password_is_set_by_a_new_job() -> None:
    before = build_model(spec())
    after = build_model(spec(), {"pulp-admin-password": 2})
    assert job_name(before, "admin-password") != job_name(after, "admin-password")
    assert job_name(before, "migrate") == job_name(after, "migrate")


def test_jobs_are_bounded_and_stay() -> None:
    for job in of_kind(replica(), "Job"):
        assert job["spec"]["backoffLimit"] >= 1
        assert job["spec"]["activeDeadlineSeconds"] > 0
        assert "ttlSecondsAfterFinished" not in job["spec"], "a deleted Job would be made and run again"
        assert template(job)["spec"]["restartPolicy"] == "Never"


def test_every_role_waits_behind_the_gate() -> None:
    for role in ("api", "content", "worker"):
        (init,) = template(one(build(), "Deployment", f"pulp-{role}"))["spec"]["initContainers"]
        assert init["command"] == ["/bin/sh", "/etc/pulp/scripts/gate.sh"]
    assert "initContainers" not in template(one(build(), "Deployment", "pulp-web"))["spec"]


def test_the_admin_password_is_read_from_a_file() -> None:
    pod = template(one(build(), "Job", "pulp-admin-password"))["spec"]
    command = pod["containers"][0]["command"]
    assert command[:3] == ["pulpcore-manager", "shell", "-c"]
    assert "password" not in " ".join(command)
    assert "/etc/pulp/secrets/admin-password/password" in file(build(), "pulp-job-scripts", "admin.py")


def test_an_api_older_than_livez_is_asked_for_its_status() -> None:
    old = template(one(build(pulp={"version": "3.45.1"}), "Deployment", "pulp-api"))["spec"]["containers"][0]
    assert old["livenessProbe"]["exec"]["command"][-1] == "/pulp/api/v3/status/"
    new = template(one(build(), "Deployment", "pulp-api"))["spec"]["containers"][0]
    assert new["livenessProbe"]["exec"]["command"][-1] == "/pulp/api/v3/livez/"
    assert new["readinessProbe"]["exec"]["command"][-1] == "/pulp/api/v3/status/"


@pytest.mark.parametrize(
    ("version", "expected"), [("3.85", False), ("3.105.6", True), ("3.105", True), ("3.109", True)]
)
def test_gunicorns_control_socket_is_off_where_it_exists(version: str, expected: bool) -> None:
    command = template(one(build(pulp={"version": version}), "Deployment", "pulp-api"))["spec"]["containers"][0][
        "command"
    ]
    assert ("--no-control-socket" in command) is expected


@pytest.mark.parametrize("mode", ["server", "off"])
def test_kubelet_probes_where_no_certificate_is_asked_for(mode: str) -> None:
    made = build(tls={"internal": mode})
    pod = template(one(made, "Deployment", "pulp-content"))["spec"]
    get = pod["containers"][0]["readinessProbe"]["httpGet"]
    assert get == {
        "path": "/pulp/content/",
        "port": "content",
        "httpHeaders": [{"name": "Host", "value": "pulp-content-svc"}],
    }
    assert "GUNICORN_CMD_ARGS" not in [item["name"] for item in pod["containers"][0]["env"]]
    assert not [name for name in made.requirements.secrets if name.name.endswith(("probe-client", "api-tls"))]


def test_a_replica_is_configured_once_and_replicates_on_schedule() -> None:
    made = replica(labels={"pop": "ams", "tier": "1"}, download="on_demand", deadline=1800)
    wanted = json.loads(file(made, "pulp-replica", "replica.json"))
    assert wanted["upstream"]["policy"] == "nodelete"
    assert wanted["upstream"]["q_select"] == 'pulp_label_select="pop=ams,tier=1"'
    assert wanted["download"] == "on_demand"
    assert wanted["local"] == {"api_root": "/pulp/", "url": "https://pulp-api-svc:24817"}
    cron = one(made, "CronJob", "pulp-replicate")["spec"]
    assert cron["concurrencyPolicy"] == "Forbid"
    assert cron["jobTemplate"]["spec"]["activeDeadlineSeconds"] == 1800
    assert wanted["deadline"] < 1800, "the script says what is wrong before it is killed"
    minute = cron["schedule"].split()[0]
    assert 0 <= int(minute) < 60
    assert cron["schedule"] == f"{minute} * * * *"


def test_pops_call_their_centre_at_minutes_of_their_own() -> None:
    minutes = {
        one(build("replica", host=f"pop{n}.example.com", replica={"upstream": UPSTREAM}), "CronJob", "pulp-replicate")[
            "spec"
        ]["schedule"]
        for n in range(40)
    }
    assert len(minutes) > 20
    fixed = replica(schedule="5 3 * * *")
    assert one(fixed, "CronJob", "pulp-replicate")["spec"]["schedule"] == "5 3 * * *"


def test_a_replica_mounts_no_database_credentials_in_its_trigger() -> None:
    for obj in (one(replica(), "CronJob", "pulp-replicate"), one(replica(), "Job", "pulp-replica-config")):
        names = {v["secret"]["secretName"] for v in template(obj)["spec"]["volumes"] if "secret" in v}
        assert names == {"pulp-admin-password", "pulp-replica-upstream", "pulp-replica-client"}
        for made in containers(template(obj)["spec"]):
            assert made["command"][0] == "python3"


def test_a_replica_reaches_its_centre_and_no_other_place() -> None:
    made = replica()
    blocks = {
        (peer["ipBlock"]["cidr"], port["port"])
        for policy in of_kind(made, "NetworkPolicy")
        if policy["metadata"]["name"] != "pulp-dns"
        for rule in policy["spec"].get("egress", ())
        for peer in rule["to"]
        if "ipBlock" in peer
        for port in rule["ports"]
    }
    assert blocks == {("203.0.113.7/32", 443)}


@pytest.mark.parametrize("labels", [{"pop": 'a" OR name="x'}, {"a,b": "c"}, {"a": "b)"}, {"": "x"}])
def test_a_label_cannot_change_the_filter(labels: dict[str, str]) -> None:
    with pytest.raises(CompilerError, match=r"replica\.labels"):
        selection(labels)
