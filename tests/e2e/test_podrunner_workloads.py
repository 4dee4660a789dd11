"""The pod runner: Deployments, StatefulSets, Jobs, CronJobs, and a second rendering."""

from __future__ import annotations

import subprocess
import time

import pytest

from tests.e2e.manifests import container, deployment, job, pod, server, service, stream, template, values
from tests.e2e.podrunner.client import Runner
from tests.e2e.podrunner.objects import RunnerError
from tests.e2e.waiting import until

pytestmark = pytest.mark.e2e

_LOAD = """
import http.client, sys, time
end, count = time.monotonic() + float(sys.argv[2]), 0
while time.monotonic() < end:
    connection = http.client.HTTPConnection(sys.argv[1], 80, timeout=5)
    connection.request("GET", "/slow" if count % 7 == 0 else "/")
    answer = connection.getresponse()
    assert answer.status == 200, answer.status
    answer.read()
    connection.close()
    count += 1
print(count)
"""


def test_rolling_update_fails_no_request(runner: Runner) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    stop = {"lifecycle": {"preStop": {"exec": {"command": ["sleep", "2"]}}}}

    def web(answer: str) -> str:
        wanted = deployment(
            "web", server(answer, **stop), replicas=2, strategy=strategy, terminationGracePeriodSeconds=10
        )
        return stream(wanted, service("web"))

    runner.apply(web("one"))
    runner.wait(20)
    address = runner.status()["services"]["default/web"]
    load = subprocess.Popen([*runner.node, "python3", "-c", _LOAD, address, "12"], stdout=subprocess.PIPE, text=True)
    time.sleep(1)
    runner.apply(web("two"))
    fewest, most, deadline = 2, 0, time.monotonic() + 20
    while not runner.status()["workloads"]["Deployment default/web"]["done"]:
        assert time.monotonic() < deadline
        ready = sum(item["ready"] for item in runner.pods("web"))
        running = sum(item["phase"] != "Terminating" for item in runner.pods("web"))
        fewest, most = min(fewest, ready), max(most, running)
        time.sleep(0.05)
    output, _ = load.communicate(timeout=30)
    assert load.returncode == 0
    assert int(output) > 50
    assert (fewest, most) == (2, 3)
    answers = {runner.exec(item["name"], ["sh", "-c", "echo $ANSWER"])[1].strip() for item in runner.pods("web")}
    assert answers == {"two"}


def test_a_pod_that_fills_its_empty_dir_is_evicted_and_replaced(runner: Runner) -> None:
    mounts, volumes = [{"name": "d", "mountPath": "/d"}], [{"name": "d", "emptyDir": {"sizeLimit": "1Mi"}}]
    runner.apply(stream(deployment("disk", container(volumeMounts=mounts), volumes=volumes)))
    runner.wait(20)
    (first,) = runner.pods("disk")
    runner.exec(first["name"], ["dd", "if=/dev/zero", "of=/d/big", "bs=1M", "count=2"])
    assert until(lambda: first["name"] not in [item["name"] for item in runner.pods("disk")])
    runner.wait(20)
    assert runner.exec(runner.pods("disk")[0]["name"], ["ls", "/d"]) == (0, "")


def test_update_that_never_gets_ready_leaves_the_old_pods(runner: Runner) -> None:
    runner.apply(stream(deployment("web", server("one"), replicas=2)))
    runner.wait(20)
    old = {item["name"] for item in runner.pods("web")}
    broken = server("two", command=["sleep", "3600"])
    runner.apply(stream(deployment("web", broken, replicas=2)))
    with pytest.raises(RunnerError, match="available 0"):
        runner.wait(4)
    assert old <= {item["name"] for item in runner.pods("web") if item["ready"]}


def test_recreate_stops_the_old_before_the_new(runner: Runner) -> None:
    def web(answer: str) -> str:
        return stream(deployment("web", server(answer), strategy={"type": "Recreate"}))

    runner.apply(web("one"))
    runner.wait(20)
    runner.apply(web("two"))
    deadline = time.monotonic() + 20
    while not runner.status()["workloads"]["Deployment default/web"]["done"]:
        assert time.monotonic() < deadline
        assert len(runner.pods("web")) <= 1
        time.sleep(0.02)


def stateful(replicas: int, script: str) -> dict[str, object]:
    main = container(script=script, volumeMounts=[{"name": "data", "mountPath": "/data"}])
    main["readinessProbe"] = {"exec": {"command": ["test", "-e", "/data/log"]}, "periodSeconds": 1}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "db"},
        "spec": {
            "serviceName": "db",
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "db"}},
            "template": template(main, labels={"app": "db"}, terminationGracePeriodSeconds=0),
            "volumeClaimTemplates": [
                {"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": "1Mi"}}}}
            ],
        },
    }


def test_stateful_set_keeps_names_and_claims(runner: Runner) -> None:
    headless = service("db", target=5432, clusterIP="None")
    runner.apply(
        stream(stateful(2, "sleep 0.5; echo one >> /data/log; sleep 3600"), headless, pod("client", container()))
    )
    runner.wait(20)
    first, second = runner.pods("db")
    assert (first["name"], second["name"]) == ("db-0", "db-1")
    assert first["age"] > second["age"] + 0.4, "in order"
    _, found = runner.exec("client", ["getent", "ahostsv4", "db-1.db"])
    assert found.split()[0] == second["address"]
    runner.apply(stream(stateful(2, "echo two >> /data/log; sleep 3600"), headless, pod("client", container())))
    runner.wait(20)
    for name in ("db-0", "db-1"):
        assert runner.exec(name, ["cat", "/data/log"]) == (0, "one\ntwo\n")
    assert "No space" in runner.exec("db-0", ["dd", "if=/dev/zero", "of=/data/big", "bs=1M", "count=2"])[1]


def test_job_completes_once(runner: Runner) -> None:
    runner.apply(stream(job("work", "echo done")))
    runner.wait(15)
    runner.apply(stream(job("work", "echo done"), values("ConfigMap", "c", x="1")))
    time.sleep(0.5)
    (made,) = runner.pods("work")
    assert made["phase"] == "Succeeded"


def test_job_gives_up_after_its_backoff_limit(runner: Runner) -> None:
    runner.apply(stream(job("work", "echo no; exit 1", backoffLimit=2)))
    with pytest.raises(RunnerError, match="BackoffLimitExceeded") as error:
        runner.wait(15)
    assert "| no" in str(error.value)
    assert [item["phase"] for item in runner.pods("work")] == ["Failed"] * 3


def test_job_is_ended_by_its_deadline(runner: Runner) -> None:
    runner.apply(stream(job("work", "sleep 3600", activeDeadlineSeconds=1)))
    with pytest.raises(RunnerError, match="DeadlineExceeded"):
        runner.wait(15)


def test_cron_job_runs_when_told_to(runner: Runner) -> None:
    cron = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "cron"},
        "spec": {
            "schedule": "* * * * *",
            "concurrencyPolicy": "Forbid",
            "jobTemplate": {"spec": job("x", "sleep 1; echo ran")["spec"]},
        },
    }
    runner.apply(stream(cron))
    runner.wait(15)
    assert runner.pods("cron") == []
    name = runner.trigger("cron")
    time.sleep(0.5)
    with pytest.raises(RunnerError, match="forbids a second Job"):
        runner.trigger("cron")
    runner.wait(15)
    (made,) = runner.pods(name)
    assert "ran" in runner.logs(made["name"])


def test_second_rendering_creates_updates_and_prunes(runner: Runner) -> None:
    runner.apply(stream(deployment("a", server()), deployment("b", server()), values("ConfigMap", "c", x="1")))
    runner.wait(20)
    report = runner.apply(stream(deployment("a", server(), replicas=2), deployment("d", server())))
    assert report["created"] == ["Deployment default/d"]
    assert report["updated"] == ["Deployment default/a"]
    assert report["pruned"] == ["Deployment default/b", "ConfigMap default/c"]
    runner.wait(20)
    assert [len(runner.pods(f"{name}-")) for name in "abd"] == [2, 0, 1]


@pytest.mark.parametrize("change", ["selector", "job", "claim", "service"])
def test_immutable_fields_are_refused_and_nothing_is_applied(runner: Runner, change: str) -> None:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"]},
    }
    before = {
        "selector": deployment("web", server()),
        "job": job("work", "echo one"),
        "claim": claim,
        "service": stateful(1, "touch /data/log; sleep 3600"),
    }
    after = {
        "selector": {**before["selector"], "spec": {**before["selector"]["spec"], "selector": {"matchLabels": {}}}},
        "job": job("work", "echo two"),
        "claim": {**claim, "spec": {"accessModes": ["ReadWriteMany"]}},
        "service": {**before["service"], "spec": {**before["service"]["spec"], "serviceName": "other"}},
    }
    runner.apply(stream(before[change]))
    with pytest.raises(RunnerError, match="is immutable"):
        runner.apply(stream(after[change], values("ConfigMap", "c", x="1")))
    assert runner.apply(stream(before[change]))["pruned"] == [], "the ConfigMap was not applied either"


def test_sealed_secret_is_not_taken(runner: Runner) -> None:
    sealed = values("Secret", "s", k="ENC[...]") | {"sops": {"version": "3.11.0"}}
    with pytest.raises(RunnerError, match="open it first"):
        runner.apply(stream(sealed))
