"""The pod runner: Services, DNS and NetworkPolicies."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.e2e.manifests import container, deployment, in_namespace, pod, policy, server, service, stream
from tests.e2e.podrunner.client import Host, Runner
from tests.e2e.waiting import until

pytestmark = pytest.mark.e2e

CURL = ["curl", "--silent", "--show-error", "--max-time", "2"]


def get(runner: Runner, source: str, url: str, namespace: str = "default") -> str:
    """The body of ``url`` seen from a pod; curl's exit code as text where there is none."""
    code, output = runner.exec(source, [*CURL, url], namespace=namespace)
    return output if code == 0 else f"curl {code}"


def get_from(host: Host | tuple[str, ...], url: str) -> str:
    prefix = host if isinstance(host, tuple) else host.prefix
    done = subprocess.run([*prefix, *CURL, url], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else f"curl {done.returncode}"


REFUSED, TIMED_OUT, UNKNOWN_HOST = "curl 7", "curl 28", "curl 6"


def test_service_has_an_address_a_port_map_and_names(runner: Runner) -> None:
    web = service("web", type="NodePort")
    web["spec"]["ports"][0]["nodePort"] = 30080
    runner.apply(stream(deployment("web", server("hello")), web, pod("client", container())))
    runner.wait(20)
    for name in (
        "web",
        "web.default",
        "web.default.svc",
        "web.default.svc.cluster.local",
        "web.default.svc.cluster.local.",
    ):
        assert get(runner, "client", f"http://{name}/") == "hello", name
    assert get(runner, "client", "http://web:81/") == REFUSED
    assert get(runner, "client", "http://nobody/") == UNKNOWN_HOST
    assert get_from(runner.node, "http://127.0.0.1:30080/") == "hello"
    itself = runner.pods("web")[0]["name"]
    assert get(runner, itself, "http://web/") == "hello", "a pod reaches itself through its Service"
    outside = subprocess.run([*CURL, "http://127.0.0.1:30080/"], capture_output=True, check=False)
    assert outside.returncode == 7, "nothing of it is on the machine itself"


def test_headless_service_answers_with_the_pods(runner: Runner) -> None:
    headless = service("web", clusterIP="None")
    runner.apply(stream(deployment("web", server(), replicas=2), headless, pod("client", container())))
    runner.wait(20)
    _, output = runner.exec("client", ["getent", "ahostsv4", "web"])
    found = {line.split()[0] for line in output.splitlines()}
    assert found == {item["address"] for item in runner.pods("web")}


def test_readiness_gates_endpoints(runner: Runner) -> None:
    runner.apply(stream(deployment("web", server(), replicas=2), service("web"), pod("client", container())))
    runner.wait(20)
    first, second = (item["name"] for item in runner.pods("web"))

    def answers() -> set[str]:
        script = "for i in $(seq 20); do curl -s --max-time 1 http://web/; echo; done"
        return set(runner.exec("client", ["sh", "-c", script])[1].split())

    assert answers() == {first, second}
    runner.exec(first, ["rm", "/tmp/ready"])
    assert until(lambda: answers() == {second})
    runner.exec(second, ["rm", "/tmp/ready"])
    assert until(lambda: get(runner, "client", "http://web/") == REFUSED)
    runner.exec(first, ["touch", "/tmp/ready"])
    assert until(lambda: answers() == {first})


def test_default_deny_and_what_opens_it(runner: Runner) -> None:
    clients = [pod(name, container(), labels={"app": name}) for name in ("friend", "stranger")]
    remote = in_namespace("other", pod("remote", container(), labels={"app": "friend"}))
    base = [deployment("web", server("hello")), service("web"), *clients, remote]
    deny = policy("deny", policyTypes=["Ingress", "Egress"])
    dns = policy(
        "dns",
        policyTypes=["Egress"],
        egress=[
            {
                "to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}],
                "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}],
            }
        ],
    )
    friend = {"podSelector": {"matchLabels": {"app": "friend"}}}
    web = {"matchLabels": {"app": "web"}}
    into = policy("into", podSelector=web, ingress=[{"from": [friend], "ports": [{"port": "http"}]}])
    out = policy(
        "out",
        podSelector=friend["podSelector"],
        policyTypes=["Egress"],
        egress=[{"to": [{"podSelector": web}], "ports": [{"port": "http"}]}],
    )
    url, far = "http://web/", "http://web.default/"
    runner.apply(stream(*base))
    runner.wait(20)
    address = runner.pods("web")[0]["address"]
    assert {get(runner, name, url) for name in ("friend", "stranger")} == {"hello"}
    runner.apply(stream(*base, deny))
    assert get(runner, "friend", url) in (TIMED_OUT, UNKNOWN_HOST)
    assert get(runner, "friend", f"http://{address}:8080/") == TIMED_OUT
    runner.apply(stream(*base, deny, dns))
    assert get(runner, "friend", url) == TIMED_OUT
    runner.apply(stream(*base, deny, dns, out))
    assert get(runner, "friend", url) == TIMED_OUT, "the other side does not allow it yet"
    runner.apply(stream(*base, deny, dns, out, into))
    assert get(runner, "friend", url) == "hello"
    assert get(runner, "stranger", url) == TIMED_OUT
    assert get(runner, "remote", far, "other") == TIMED_OUT, "a podSelector alone means its own namespace"
    both = {**friend, "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "other"}}}
    into["spec"]["ingress"][0]["from"].append(both)
    runner.apply(stream(*base, deny, dns, out, into))
    assert get(runner, "remote", far, "other") == "hello"
    assert runner.pods("web")[0]["ready"], "kubelet's probes pass"


def test_both_sides_have_to_allow_whichever_pod_was_there_first(runner: Runner) -> None:
    servers = [pod(name, server(), labels={"app": name}) for name in ("first", "last")]
    client = pod("middle", container(), labels={"app": "middle"})
    runner.apply(stream(servers[0]))
    runner.wait(20)
    runner.apply(stream(servers[0], client))
    runner.wait(20)
    everything = [servers[0], client, servers[1]]
    runner.apply(stream(*everything))
    runner.wait(20)
    urls = [f"http://{runner.pods(name)[0]['address']}:8080/" for name in ("first", "last")]
    middle = {"matchLabels": {"app": "middle"}}
    deny = policy("deny", policyTypes=["Ingress", "Egress"])
    into = policy("into", policyTypes=["Ingress"], ingress=[{"from": [{"podSelector": middle}]}])
    out = policy("out", podSelector=middle, policyTypes=["Egress"], egress=[{}])
    for rules, expected in (([], False), ([deny, into], True), ([deny, out], True), ([deny, into, out], False)):
        runner.apply(stream(*everything, *rules))
        assert [get(runner, "middle", url) == TIMED_OUT for url in urls] == [expected] * 2, rules


def test_ip_block_and_its_exceptions(runner: Runner, tmp_path: Path) -> None:
    for name, address in (("near", "192.0.2.10"), ("far", "192.0.2.200")):
        runner.stand_in(name, address, names=[f"{name}.example.com"])
        runner.start_in(name, ["python3", "-m", "http.server", "8000", "--directory", str(tmp_path)])
    block = {"ipBlock": {"cidr": "192.0.2.0/24", "except": ["192.0.2.128/25"]}}
    dns = {"ports": [{"port": 53, "protocol": "UDP"}]}
    egress = policy("out", policyTypes=["Egress"], egress=[{"to": [block], "ports": [{"port": 8000}]}, dns])
    client = pod("client", container())
    (tmp_path / "index.html").write_text("outside")
    runner.apply(stream(client))
    runner.wait(20)
    assert runner.exec("client", ["curl", "-s", "--retry-connrefused", "--retry", "5", "http://far.example.com:8000/"])[
        1
    ]
    assert get(runner, "client", "http://near.example.com:8000/") == "outside"
    runner.apply(stream(client, egress))
    assert get(runner, "client", "http://near.example.com:8000/") == "outside"
    assert get(runner, "client", "http://far.example.com:8000/") == TIMED_OUT


def test_stand_in_counts_as_a_pod_of_its_namespace(runner: Runner) -> None:
    outside = runner.stand_in("client", "192.0.2.10")
    ingress = runner.stand_in("ingress", namespace="ingress-nginx", labels={"app": "ingress"})
    rule = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}}
    runner.apply(stream(deployment("web", server("hello")), service("web"), policy("into", ingress=[{"from": [rule]}])))
    runner.wait(20)
    url = f"http://{runner.pods('web')[0]['address']}:8080/"
    assert get_from(ingress, url) == "hello"
    assert get_from(outside, url) == TIMED_OUT
