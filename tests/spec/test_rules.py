"""Rules across fields, each told at the key that breaks it."""

from __future__ import annotations

import pytest

from compiler.errors import CompilerError, ErrorGroup
from compiler.k8s.versions import SUPPORTED_KUBERNETES
from compiler.spec import load, load_all
from compiler.spec.fields import is_cron
from compiler.spec.models import Spec
from compiler.spec.settings import OWNED_SETTINGS
from compiler.spec.unique import check_unique
from tests.spec.trees import DEMO, PROD, load_one, repo, tree

REPLICA = """\
extends: ../../base/pulp
environment: replica
namespace: pulp-ams
host: ams.example.com
replica:
  upstream: {url: "https://pulp.example.com"}
"""


def failure(text: str) -> str:
    with pytest.raises(CompilerError) as error:
        load_one(text)
    return str(error.value)


def without(text: str, *sections: str) -> str:
    """``text`` without some of its top sections."""
    kept: list[str] = []
    skip = False
    for line in text.splitlines(keepends=True):
        if not line.startswith(" "):
            skip = line.partition(":")[0] in sections
        if not skip:
            kept.append(line)
    return "".join(kept)


@pytest.mark.parametrize("section", ["database", "cache", "storage", "namespace"])
def test_production_leaves_no_choice_open(section: str) -> None:
    message = failure(without(PROD, section))
    assert message.startswith("overlays/one/pulp.yaml:2:1: environment: ")
    assert "is required" in message
    assert section in message


def test_every_open_choice_is_told_at_once() -> None:
    with pytest.raises(ErrorGroup) as error:
        load_one(without(PROD, "database", "cache", "storage", "namespace"))
    assert len(error.value.errors) == 4


@pytest.mark.parametrize("text", [DEMO, REPLICA])
def test_demo_and_replica_choose_by_themselves(text: str) -> None:
    spec = load_one(text).spec
    assert spec.database is not None
    assert spec.database.embedded is not None
    assert spec.cache is not None
    assert spec.cache.embedded is not None
    assert spec.storage is not None
    assert spec.storage.volume is not None


def test_an_abstract_layer_may_leave_choices_open() -> None:
    assert load_one("extends: ../../base/pulp\nenvironment: production\nabstract: true\n").spec.database is None


def test_a_choice_without_a_value_is_told_to_be_null() -> None:
    message = failure(without(PROD, "database") + "database:\n  embedded:\n")
    assert "overlays/one/pulp.yaml:10:3: database.embedded: one of database.embedded, database.external" in message
    assert "write `embedded: {}` to choose it" in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (without(PROD, "host") + "exposure: {ingress: {class: nginx}}\n", "10:1: exposure: a host is required"),
        (without(REPLICA, "host"), "2:1: environment: a host is required"),
        (without(REPLICA, "replica"), "2:1: environment: a replica needs replica.upstream.url"),
        (without(REPLICA, "replica") + "replica: {labels: {a: b}}\n", "5:1: replica: a replica needs"),
        (PROD + 'replica: {upstream: {url: "https://x.example.com"}}\n', "11:1: replica: only `environment: replica`"),
        (REPLICA.replace("//pulp.", "//ams."), "6:14: replica.upstream.url: a replica cannot follow itself"),
        (REPLICA.replace("pulp.example.com", "pulp.example.com/pulp"), "expected scheme, host and optional port only"),
        (REPLICA + '  labels: {pop: "a,b"}\n', "7:12: replica.labels.pop: Pulp's label filter takes"),
        (REPLICA + "  schedule: every hour\n", "7:3: replica.schedule: expected a cron schedule"),
        (PROD + "exposure: {ingress: {tls: {}}}\n", "exposure.ingress.tls: one of tls.issuer, tls.secret is required"),
        (PROD + "content: {autoscale: {min: 5, max: 3}}\n", "11:23: content.autoscale.min: min (5) is more than max"),
        (PROD + "api: {disruption_budget: 2}\n", "11:7: api.disruption_budget: a budget of 2 lets every one of 2 pods"),
        (PROD + 'kubernetes_version: "1.20"\n', "11:1: kubernetes_version: Kubernetes 1.20 is not supported"),
        (PROD + 'pulp: {version: "3.60"}\n', "11:8: pulp.version: Pulp 3.60 is too old"),
        (REPLICA + 'pulp: {version: "3.72.9"}\n', "7:8: pulp.version: Pulp 3.72.9 cannot be a replica"),
        (PROD + "pulp: {plugins: [rpm, rpm]}\n", "11:8: pulp.plugins: rpm is named twice"),
        (PROD + "pulp: {allowed_content_checksums: [sha512]}\n", "11:8: pulp.allowed_content_checksums: sha256 must"),
        (
            PROD.replace("bucket: pulp-prod", "bucket: pulp-prod, credentials: workload-identity, secret: x"),
            "10:59: storage.s3.secret: workload identity needs no secret",
        ),
        ("extends: ../../base/pulp\nnamespace: pulp\n", "2:1: namespace: a namespace, but no environment"),
        (PROD + 'labels: {app.kubernetes.io/name: x}\n', "the compiler sets this label itself"),
        (PROD + 'labels: {"a b": x}\n', "is not the name of a Kubernetes label"),
        (PROD + 'labels: {a: "x y"}\n', "11:10: labels.a: a label's value has at most"),
        (PROD + "api: {pod_labels: {UP.example/x: y}}\n", "is not the name of a Kubernetes label"),
        (PROD + "images: {pulp: {name: example.com/pulp:3}}\n", "11:17: images.pulp.name: expected an image"),
        (PROD + "images: {pulp: {tag: a b}}\n", "11:17: images.pulp.tag: expected an image's tag"),
        (PROD + "network_policies: {sync_cidrs: [10.0.0.1/8]}\n", 'did you mean "10.0.0.0/8"?'),
        (PROD + "network_policies: {sync_cidrs: [10.0.0.1]}\n", "11:33: network_policies.sync_cidrs[0]: expected a"),
        (PROD.replace("db.example.com}", "db.example.com, ca: nonsense}"), "6:36: database.external.ca: expected cert"),
        (PROD + 'delivery: {flux: {repo: "https://me:pass@git.example.com/x"}}\n', "flux.repo: a URL with a pass"),
        (PROD + "delivery: {flux: {repo: git@git.example.com:x.git}}\n", "flux.repo: expected a Git URL that"),
        (PROD + 'delivery: {argocd: {repo: ""}}\n', "argocd.repo: expected a Git URL, like"),
        (PROD + 'delivery: {flux: {repo: "https:///x"}}\n', "delivery.flux.repo: this URL has no host"),
        (PROD + 'delivery: {flux: {repo: "https://[x"}}\n', "delivery.flux.repo: this is not a URL"),
    ],
)  # fmt: skip
def test_a_rule_is_told_at_its_key(text: str, message: str) -> None:
    found = failure(text)
    assert message in found
    assert found.startswith("overlays/one/pulp.yaml:")


@pytest.mark.parametrize("environment", ["production", "demo", "replica"])
def test_readwriteonce_with_several_pods_is_refused_everywhere(environment: str) -> None:
    text = {"production": PROD, "demo": DEMO, "replica": REPLICA}[environment]
    text = without(text, "storage") + "storage: {volume: {size: 1Gi, access_mode: ReadWriteOnce}}\n"
    message = failure(text + "api: {replicas: 2}\ncontent: {replicas: 1}\nworker: {autoscale: {max: 3}}\n")
    assert "api.replicas: ReadWriteOnce storage allows one pod of each role, and api may have 2" in message
    assert "worker.autoscale.max: ReadWriteOnce storage allows one pod of each role, and worker may have 3" in message
    one = "api: {replicas: 1}\ncontent: {replicas: 1}\nworker: {replicas: 1}\n"
    assert load_one(text + one).spec.api.replicas == 1


def test_readwriteonce_against_an_environments_replicas_is_told_at_the_storage() -> None:
    message = failure(without(PROD, "storage") + "storage: {claim: {name: x, access_mode: ReadWriteOnce}}\n")
    assert (
        message.count("overlays/one/pulp.yaml:9:28: storage.claim.access_mode: ReadWriteOnce storage allows one") == 3
    )


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("SECRET_KEY: x", "this setting is not yours to set here\n  hint: `compiler secrets` keeps that key"),
        ("REDIS_HOST: x", "not yours to set here\n  hint: choose under cache"),
        ("DATABASES__default__HOST: x", "a setting has an upper-case name"),
        ("DATABASES__HOST: x", "not yours to set here\n  hint: choose under database"),
        ("analytics: false", 'a setting has an upper-case name\n  hint: did you mean "ANALYTICS"?'),
        ("AUTH_LDAP_BIND_PASSWORD: x", "this looks like a secret"),
        ("SAML_CONFIG: {sp: {private_key: x}}", "this looks like a secret"),
        ('LOGGING: {level: "@format {env[HOME]}"}', "a string that begins with @ would be executed"),
        ('NAMES: [ok, "@jinja x"]', "pulp.settings.NAMES[1]: a string that begins with @"),
        ("API_ROOT: pulp", "expected a path that begins and ends with a slash"),
        ("CONTENT_PATH_PREFIX: /a/b", "expected a path that begins and ends with a slash"),
    ],
)
def test_settings_that_are_refused(entry: str, message: str) -> None:
    found = failure(PROD + f"pulp:\n  settings:\n    {entry}\n")
    assert message in found
    assert found.startswith("overlays/one/pulp.yaml:13:")


def test_plain_settings_are_taken_as_they_are() -> None:
    entries = "{ANALYTICS: false, API_ROOT: /x/, A: [1, 2.5, null, {b: c}], TOKEN_TTL: 3}"
    spec = load_one(PROD + f"pulp: {{settings: {entries}}}\n").spec
    expected = {"ANALYTICS": False, "API_ROOT": "/x/", "A": [1, 2.5, None, {"b": "c"}], "TOKEN_TTL": 3}
    assert spec.pulp.settings == expected


def test_every_owned_setting_is_refused() -> None:
    for name in OWNED_SETTINGS:
        assert "not yours to set here" in failure(PROD + f"pulp: {{settings: {{{name}: x}}}}\n")


@pytest.mark.parametrize(
    "name", ["PULP_SECRET_KEY", "pulp_databases", "ROOT_PATH_FOR_DYNACONF", "DB_PASSWORD", "A-B", "1A"]
)
def test_variables_that_are_refused(name: str) -> None:
    assert "overlays/one/pulp.yaml:11:16: worker.env" in failure(PROD + f"worker: {{env: {{{name}: x}}}}\n")


def test_a_private_key_is_refused_wherever_it_stands_and_not_repeated() -> None:
    pem = '"-----BEGIN EC PRIVATE KEY-----\\nMHcC\\n-----END EC PRIVATE KEY-----"'
    for text in (
        PROD.replace("db.example.com}", f"db.example.com, ca: {pem}}}"),
        PROD + f"api: {{tolerations: [{{key: {pem}}}]}}\n",
        PROD + f"pulp: {{settings: {{X: {pem}}}}}\n",
    ):
        message = failure(text)
        assert "a private key has no place in a spec" in message
        assert "MHcC" not in message


def test_every_error_of_the_rules_has_a_line_and_a_field() -> None:
    with pytest.raises(ErrorGroup) as error:
        load_one(without(PROD, "cache", "storage") + "labels: {a: ' '}\nworker: {env: {PULP_X: y}}\n")
    assert len(error.value.errors) == 4
    for one in error.value.errors:
        assert one.origin is not None
        assert one.origin.line is not None
        assert one.origin.field


@pytest.mark.parametrize("version", SUPPORTED_KUBERNETES)
def test_every_supported_version_is_accepted(version: str) -> None:
    assert load_one(PROD + f'kubernetes_version: "{version}"\n').spec.kubernetes_version == version


def test_the_default_version_is_supported() -> None:
    assert Spec.model_fields["kubernetes_version"].default in SUPPORTED_KUBERNETES


@pytest.mark.parametrize("text", ["17 * * * *", "*/5 0-6 1,15 * 1-5", "0 0 31 12 7", "0-59/15 * * * *"])
def test_schedules_of_five_fields_are_taken(text: str) -> None:
    assert is_cron(text)


@pytest.mark.parametrize(
    "text", ["", "* * * *", "* * * * * *", "60 * * * *", "@hourly", "* * 0 * *", "5-1 * * * *", "*/0 * * * *"]
)
def test_other_schedules_are_refused(text: str) -> None:
    assert not is_cron(text)


@pytest.mark.parametrize("url", ["https://g.example/x.git", "ssh://git@g.example/x.git", "git@g.example:x.git"])
def test_git_urls_for_argocd(url: str) -> None:
    delivery = load_one(PROD + f'delivery: {{argocd: {{repo: "{url}"}}}}\n').spec.delivery
    assert delivery is not None
    assert delivery.argocd is not None
    assert delivery.argocd.repo == url


def test_overlays_that_collide_are_told() -> None:
    argocd = 'delivery: {argocd: {repo: "https://git.example.com/x.git"}}\n'
    files = repo(a=PROD + argocd, b=PROD + argocd, c=DEMO, d=DEMO)
    specs, errors = load_all(files, ["overlays/b", "overlays/a", "overlays/c", "overlays/d"])
    assert not errors
    assert [str(error) for error in check_unique(specs)] == [
        "overlays/b/pulp.yaml:4:1: host: overlays/a has the same host (overlays/a/pulp.yaml:4)\n"
        "  hint: change one of the two",
        "overlays/b/pulp.yaml:3:1: namespace.name: "
        "overlays/a has the same namespace, name and cluster (overlays/a/pulp.yaml:3)\n  hint: change one of the two",
    ]


def test_two_folders_of_one_name_are_told() -> None:
    base = PROD.replace("../../base/pulp", "../../../base/pulp")
    files = {
        f"overlays/{region}/prod/pulp.yaml": base.replace("pulp.example", f"{region}.example")
        for region in ("eu", "us")
    }
    both = tree({"base/pulp/pulp.yaml": 'pulp: {version: "3.85"}\n'} | files)
    specs = [load(both, "overlays/eu/prod"), load(both, "overlays/us/prod")]
    assert [str(error) for error in check_unique(specs)] == [
        "overlays/us/prod/pulp.yaml: overlays/eu/prod has the same overlay name (overlays/eu/prod/pulp.yaml)\n"
        "  hint: change one of the two"
    ]


@pytest.mark.parametrize("block", ["0.0.0.0/0", "::/0"])
def test_everything_is_not_excepted(block: str) -> None:
    message = failure(PROD + f'network_policies: {{except_cidrs: ["{block}"]}}\n')
    assert "network_policies.except_cidrs[0]: this is everything" in message
    assert load_one(PROD + f'network_policies: {{sync_cidrs: ["{block}"]}}\n')


@pytest.mark.parametrize("key", ["except_cidrs", "sync_cidrs"])
def test_a_network_has_no_zone(key: str) -> None:
    message = failure(PROD + f'network_policies: {{{key}: ["fe80::1%eth0/128"]}}\n')
    assert f"network_policies.{key}[0]: a zone of one node" in message


def test_a_controller_other_than_nginx_says_its_namespace() -> None:
    message = failure(PROD + "exposure: {ingress: {class: traefik}}\n")
    assert "exposure.ingress.class: in which namespace does the controller of traefik run?" in message
    assert "exposure.ingress.controller_namespace" in message


@pytest.mark.parametrize(
    "text",
    [
        "exposure: {ingress: {class: nginx}}\n",
        "exposure: {ingress: {}}\n",
        "exposure: {ingress: {class: traefik, controller_namespace: kube-system}}\n",
        "exposure: {ingress: {class: traefik, controller_namespace: ingress-nginx}}\n",
        "exposure: {ingress: {class: traefik}}\nnetwork_policies: {enabled: false}\n",
        "exposure: {ingress: {class: traefik}}\nabstract: true\n",
    ],
)
def test_a_controller_whose_namespace_is_known_or_not_needed_is_taken(text: str) -> None:
    assert load_one(PROD + text).spec.exposure is not None
