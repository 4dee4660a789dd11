"""The pod runner: containers, identities, volumes, environment, probes, stop."""

from __future__ import annotations

import itertools
import time

import pytest

from tests.e2e.manifests import container, deployment, pod, stream, values
from tests.e2e.podrunner.client import Runner
from tests.e2e.podrunner.objects import RunnerError
from tests.e2e.waiting import until

pytestmark = pytest.mark.e2e


def restarts(runner: Runner, prefix: str) -> int:
    return max((pod["containers"][0]["restarts"] for pod in runner.pods(prefix)), default=0)


def in_pod(runner: Runner, name: str, script: str) -> str:
    code, output = runner.exec(name, ["sh", "-c", script])
    assert code == 0, output
    return output.strip()


def test_security_context_is_what_the_process_gets(runner: Runner) -> None:
    strict = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    context = {"runAsUser": 700, "runAsGroup": 701, "fsGroup": 702, "supplementalGroups": [703], "runAsNonRoot": True}
    runner.apply(stream(pod("one", container(securityContext=strict), securityContext=context)))
    runner.wait(15)
    assert in_pod(runner, "one", "id -u; id -g; id -G").split("\n") == ["700", "701", "701 702 703"]
    status = in_pod(runner, "one", "cat /proc/1/status")
    lines = dict(line.split(":\t") for line in status.splitlines() if ":\t" in line)
    assert lines["NoNewPrivs"] == "1"
    assert {int(lines[name], 16) for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")} == {0}
    code, output = runner.exec("one", ["touch", "/file"])
    assert code != 0
    assert "Read-only" in output
    assert in_pod(runner, "one", "ls /work /root /var/run/secrets 2>&1 || true").count("No such file") == 2


def test_root_with_default_capabilities_is_not_the_hosts_root(runner: Runner) -> None:
    runner.apply(stream(pod("one", container())))
    runner.wait(15)
    assert in_pod(runner, "one", "id -u; touch /file; hostname").split("\n") == ["0", "one"]
    for command in (
        "mount -t tmpfs none /mnt",
        "ip link add x type veth",
        "touch /usr/x",
        "echo 1 > /proc/sys/vm/swappiness",
    ):
        assert runner.exec("one", ["sh", "-c", command])[0] != 0, command
    assert in_pod(runner, "one", "ls /proc | grep -c '^[0-9]'") != "", "only its own processes"
    assert "launch" not in in_pod(runner, "one", "ps ax")


def test_run_as_non_root_refuses_root(runner: Runner) -> None:
    runner.apply(stream(pod("one", container(), securityContext={"runAsNonRoot": True}, restartPolicy="Never")))
    with pytest.raises(RunnerError, match="would run as root"):
        runner.wait(15)


def test_image_without_an_entry_and_container_without_a_command_are_errors(runner: Runner) -> None:
    bare = {"name": "main", "image": "test"}
    runner.apply(
        stream(
            pod("unknown", container(image="example.com/unknown:1"), restartPolicy="Never"),
            pod("bare", bare, restartPolicy="Never"),
        )
    )
    with pytest.raises(RunnerError, match="no entry for the image") as error:
        runner.wait(15)
    assert until(lambda: "names no command" in str(runner.status()))
    assert "imitates" in str(error.value) or until(lambda: "imitates" in str(runner.status()))


def test_token_is_mounted_unless_refused(runner: Runner) -> None:
    path = "/var/run/secrets/kubernetes.io/serviceaccount/token"
    runner.apply(stream(pod("with", container(), automountServiceAccountToken=True), pod("without", container())))
    runner.wait(15)
    assert runner.exec("with", ["cat", path])[0] == 0
    assert runner.exec("without", ["cat", path])[0] != 0


def test_init_containers_run_in_order_and_a_sidecar_stays(runner: Runner) -> None:
    mount = [{"name": "shared", "mountPath": "/shared"}]
    helper = container("helper", "echo helper >> /shared/log; sleep 3600", volumeMounts=mount, restartPolicy="Always")
    helper["startupProbe"] = {"exec": {"command": ["grep", "-q", "helper", "/shared/log"]}, "periodSeconds": 1}
    runner.apply(
        stream(
            pod(
                "one",
                container("main", "echo main >> /shared/log; sleep 3600", volumeMounts=mount),
                initContainers=[
                    container("first", "sleep 0.5; echo first >> /shared/log", volumeMounts=mount),
                    helper,
                    container("last", "echo last >> /shared/log", volumeMounts=mount),
                ],
                volumes=[{"name": "shared", "emptyDir": {}}],
            )
        )
    )
    runner.wait(20)
    assert until(lambda: "main" in in_pod(runner, "one", "cat /shared/log"))
    assert in_pod(runner, "one", "cat /shared/log").split() == ["first", "helper", "last", "main"]
    states = {item["name"]: item["state"] for item in runner.pods("one")[0]["containers"]}
    assert states == {"first": "terminated", "helper": "running", "last": "terminated", "main": "running"}


def test_failed_init_container_is_tried_again_and_nothing_else_starts(runner: Runner) -> None:
    runner.apply(stream(pod("one", container("main"), initContainers=[container("gate", "exit 3")])))
    assert until(lambda: restarts(runner, "one") >= 2)
    assert runner.pods("one")[0]["containers"][1]["state"] == "waiting"
    assert not runner.pods("one")[0]["ready"]


def test_environment_from_keys_fields_and_references(runner: Runner) -> None:
    main = container(
        env=[
            {"name": "A", "value": "a"},
            {"name": "B", "value": "$(A)b $$(A) $(NONE)"},
            {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
            {"name": "GONE", "valueFrom": {"secretKeyRef": {"name": "none", "key": "k", "optional": True}}},
            {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"name": "APP", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
            {"name": "LIMIT", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}}},
        ],
        envFrom=[{"configMapRef": {"name": "c"}, "prefix": "C_"}],
        resources={"limits": {"memory": "1Gi"}},
    )
    runner.apply(
        stream(
            values("Secret", "s", k="secret"),
            values("ConfigMap", "c", x="1"),
            pod("one", main, labels={"app": "demo"}, enableServiceLinks=False),
        )
    )
    runner.wait(15)
    env = dict(line.partition("=")[::2] for line in in_pod(runner, "one", "env").splitlines())
    assert {name: env.get(name) for name in ("A", "B", "KEY", "GONE", "APP", "LIMIT", "C_x")} == {
        "A": "a", "B": "ab $(A) $(NONE)", "KEY": "secret", "GONE": None, "APP": "demo", "LIMIT": "1024", "C_x": "1",
    }  # fmt: skip
    assert env["IP"] == runner.pods("one")[0]["address"]


def test_volumes_have_items_modes_owner_sub_path_and_size(runner: Runner) -> None:
    volumes = [
        {"name": "s", "secret": {"secretName": "s", "defaultMode": 0o400, "items": [{"key": "k", "path": "deep/key"}]}},
        {"name": "p", "projected": {"sources": [{"secret": {"name": "s"}}, {"configMap": {"name": "c"}}]}},
        {"name": "m", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}},
    ]
    mounts = [
        {"name": "s", "mountPath": "/s"},
        {"name": "p", "mountPath": "/p"},
        {"name": "p", "mountPath": "/etc/one.txt", "subPath": "x"},
        {"name": "m", "mountPath": "/m"},
    ]
    context = {"runAsUser": 700, "runAsGroup": 700, "fsGroup": 800}
    runner.apply(
        stream(
            values("Secret", "s", k="secret"),
            values("ConfigMap", "c", x="1"),
            pod("one", container(volumeMounts=mounts), volumes=volumes, securityContext=context),
        )
    )
    runner.wait(15)
    assert in_pod(runner, "one", "cat /s/deep/key /p/k /p/x /etc/one.txt") == "secretsecret11"
    assert in_pod(runner, "one", "stat -L -c '%a %u %g' /s/deep/key /p/x").split("\n") == ["440 0 800", "644 0 800"]
    assert runner.exec("one", ["sh", "-c", "echo x > /p/new"])[0] != 0
    assert "No space" in runner.exec("one", ["dd", "if=/dev/zero", "of=/m/big", "bs=1M", "count=2"])[1]


def test_mounted_secret_changes_at_once_and_as_a_whole(runner: Runner) -> None:
    volumes = [{"name": "s", "secret": {"secretName": "s"}}]
    mounts = [{"name": "s", "mountPath": "/s"}, {"name": "s", "mountPath": "/fixed", "subPath": "a"}]
    one = pod("one", container(volumeMounts=mounts), volumes=volumes)
    runner.apply(stream(one, values("Secret", "s", a="1", b="1")))
    runner.wait(15)
    before = in_pod(runner, "one", "readlink /s/..data")
    runner.apply(stream(one, values("Secret", "s", a="2", c="2")))
    assert until(lambda: in_pod(runner, "one", "cat /s/a") == "2")
    assert in_pod(runner, "one", "ls /s") == "a\nc"
    assert in_pod(runner, "one", "readlink /s/..data") != before
    assert in_pod(runner, "one", "cat /fixed") == "1", "a subPath is not updated, as in a cluster"
    assert runner.pods("one")[0]["containers"][0]["restarts"] == 0


def test_pod_waits_for_a_secret_that_comes_later(runner: Runner) -> None:
    one = pod(
        "one",
        container(env=[{"name": "K", "valueFrom": {"secretKeyRef": {"name": "late", "key": "k"}}}]),
        volumes=[{"name": "s", "secret": {"secretName": "late"}}],
    )
    runner.apply(stream(one))
    with pytest.raises(RunnerError, match="Secret default/late is not there"):
        runner.wait(1)
    runner.apply(stream(one, values("Secret", "late", k="v")))
    runner.wait(15)


def test_crash_is_restarted_with_growing_delays(runner: Runner) -> None:
    runner.apply(stream(deployment("crash", container(script="date +%s.%N; exit 1"))))
    assert until(lambda: restarts(runner, "crash") >= 5)
    times = [float(line) for line in runner.logs(runner.pods("crash")[0]["name"]).split("\n") if line[:1].isdigit()]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert gaps[0] < 0.5 <= gaps[1] < gaps[2] < gaps[3]


def test_liveness_restarts_and_startup_holds_it_back(runner: Runner) -> None:
    check = {"exec": {"command": ["test", "-e", "/tmp/up"]}, "periodSeconds": 1, "failureThreshold": 1}
    main = container(script="sleep 2.5; touch /tmp/up; sleep 2; rm /tmp/up; sleep 3600")
    main |= {"startupProbe": {**check, "failureThreshold": 10}, "livenessProbe": check, "readinessProbe": check}
    runner.apply(stream(pod("one", main, terminationGracePeriodSeconds=0)))
    runner.wait(15)
    assert runner.pods("one")[0]["containers"][0]["restarts"] == 0
    assert until(lambda: runner.pods("one")[0]["containers"][0]["restarts"] == 1)
    assert "killed: liveness probe" in runner.logs("one")


def test_stop_runs_pre_stop_then_signals_then_kills(runner: Runner) -> None:
    polite = container("polite", "trap 'echo term; exit 0' TERM; while :; do sleep 0.1; done")
    polite["lifecycle"] = {"preStop": {"exec": {"command": ["sh", "-c", "echo stopping > /proc/1/fd/1; sleep 1"]}}}
    deaf = container("deaf", "trap '' TERM; while :; do sleep 0.1; done")
    runner.apply(stream(pod("one", polite, deaf, terminationGracePeriodSeconds=3)))
    runner.wait(15)
    begun = time.monotonic()
    runner.apply("")
    assert until(lambda: not runner.pods("one"))
    assert 2.5 < time.monotonic() - begun < 6
    words = [line for line in runner.logs("one", container="polite").split("\n") if line and not line.startswith("---")]
    assert words == ["stopping", "term"]
    assert "grace period is over" in runner.logs("one", container="deaf")
