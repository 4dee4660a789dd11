"""Values that would fail in the cluster, or mean something else there: refused with what was expected, at their key."""

from __future__ import annotations

import pytest

from compiler.errors import CompilerError
from tests.spec.trees import DEMO, PROD, load_one

LONG = "a" * 64
LDAP = """\
authentication:
  ldap:
    uri: ldaps://ldap.example.com
    users: {base: "ou=people,dc=example,dc=com"}
    groups: {base: "ou=groups,dc=example,dc=com"}
"""
SSO = """\
images: {pulp: {name: registry.example.com/pulp}}
authentication:
  sso: {oidc: {issuer: "https://sso.example.com/realms/pulp", client_id: pulp}}
"""
SIGNING = "signing: {services: [rpm], keys: {signing: {}}, scripts: {rpm: SCRIPT}}\n"
FLUX = 'delivery: {flux: {repo: "https://git.example.com/x.git", KEY}}\n'
ARGOCD = 'delivery: {argocd: {repo: "https://git.example.com/x.git", KEY}}\n'
POP = """\
extends: ../../base/pulp
environment: replica
namespace: pulp-ams
host: ams.example.com
replica: {upstream: {url: "https://pulp.example.com"}}
"""


def failure(text: str) -> str:
    with pytest.raises(CompilerError) as error:
        load_one(text)
    return str(error.value)


def with_database(more: str) -> str:
    return PROD.replace("db.example.com}", f"db.example.com, {more}}}")


def with_bucket(more: str) -> str:
    return PROD.replace("pulp-prod}", f"pulp-prod, {more}}}")


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (with_database('name: "@format {env[HOME]}"'), "database.external.name"),
        (with_database('user: "@jinja x"'), "database.external.user"),
        (PROD.replace("redis.example.com}", 'redis.example.com, user: "@int 1"}'), "cache.external.user"),
    ],
)
def test_what_dynaconf_would_execute_is_refused(text: str, field: str) -> None:
    message = failure(text)
    assert f"{field}: expected a name that does not begin with @ (dynaconf would execute it)" in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (with_bucket('region: "@none"'), "storage.s3.region: expected a region's name"),
        (with_bucket("region: eu west"), "storage.s3.region: expected a region's name"),
        (PROD.replace("host: pulp.", f"host: {LONG}."), "host: expected a host name in lower case, without scheme"),
        (PROD + "pulp: {image_pull_secrets: [my secret]}\n", "pulp.image_pull_secrets[0]: expected a Kubernetes name"),
        (PROD + "exposure: {ingress: {class: My Class}}\n", "exposure.ingress.class: expected a Kubernetes name"),
        (PROD + "exposure: {ingress: {tls: {secret: a..b}}}\n", "exposure.ingress.tls.secret: expected a Kubernetes"),
        (PROD + "exposure: {ingress: {tls: {issuer: Let}}}\n", "exposure.ingress.tls.issuer: expected a Kubernetes"),
        (PROD + "api: {priority_class: High}\n", "api.priority_class: expected a Kubernetes name"),
        (DEMO + "database: {embedded: {storage_class: A B}}\n", "embedded.storage_class: expected a Kubernetes name"),
        (PROD + FLUX.replace("KEY", 'revision: ""'), "delivery.flux.revision: expected the name of a branch"),
        (PROD + FLUX.replace("KEY", "revision: a b"), "delivery.flux.revision: expected the name of a branch"),
        (PROD + ARGOCD.replace("KEY", 'revision: ""'), "argocd.revision: expected a branch, a tag or a commit"),
        (PROD + ARGOCD.replace("KEY", "cluster: in-cluster"), "argocd.cluster: expected a URL that begins with"),
        (PROD + FLUX.replace("KEY", "interval: 0s"), "interval: expected a duration that is not zero"),
        (PROD + FLUX.replace("KEY", "interval: 0h0m"), "interval: expected a duration that is not zero"),
        (PROD + "secrets: {cert_manager: {renew_before: 0h}}\n", "renew_before: expected a duration in hours"),
        (POP.replace("com\"}", 'com", api_root: "/a b/"}'), "upstream.api_root: expected a path that begins and ends"),
        (POP.replace("com\"}", 'com", domain: "a b"}'), "replica.upstream.domain: expected a domain's name"),
    ],
)  # fmt: skip
def test_a_name_that_nothing_can_have_is_refused(text: str, message: str) -> None:
    found = failure(text)
    assert found.startswith("overlays/one/pulp.yaml:")
    assert message in found


@pytest.mark.parametrize("interval", ["10m", "1h30m", "0h10m", "1h0m", "10s"])
def test_an_interval_with_zeros_that_is_not_zero_is_taken(interval: str) -> None:
    delivery = load_one(PROD + FLUX.replace("KEY", f"interval: {interval}")).spec.delivery
    assert delivery is not None
    assert delivery.flux is not None
    assert delivery.flux.interval == interval


@pytest.mark.parametrize("name", ["db", "my_db", "Büro", "a-b", "my db"])
def test_names_of_databases_are_postgresqls(name: str) -> None:
    database = load_one(with_database(f'name: "{name}"')).spec.database
    assert database is not None
    assert database.external is not None
    assert database.external.name == name


@pytest.mark.parametrize(
    ("section", "field"),
    [
        ("labels: {NAME: a}", "labels"),
        ("api: {pod_labels: {NAME: a}}", "api.pod_labels"),
        ("web: {pod_annotations: {NAME: a}}", "web.pod_annotations"),
        ("worker: {node_selector: {NAME: a}}", "worker.node_selector"),
        ("exposure: {ingress: {annotations: {NAME: a}}}", "exposure.ingress.annotations"),
        ("exposure: {load_balancer: {annotations: {NAME: a}}}", "exposure.load_balancer.annotations"),
        ("storage: {s3: {bucket: pulp-prod, service_account_annotations: {NAME: a}}}", "storage.s3.service_account"),
    ],
)
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("1", "expected a name that is text for every YAML reader"),
        ('"1"', "expected a name that is text for every YAML reader"),
        ("1.5", "expected a name that is text"),
        ("0x1F", "expected a name that is text"),
        ("1e3", "expected a name that is text"),
        ("2026-01-31", "expected a name that is text"),
        ("True", "expected a name that is text"),
        ("null", "expected a name that is text"),
        ("a b", "is not the name of a Kubernetes"),
        ('""', "is not the name of a Kubernetes"),
        (LONG, "is not the name of a Kubernetes"),
        ("pulp-compiler/shares-volume", "the compiler sets what begins with pulp-compiler/ itself"),
    ],
)
def test_a_key_that_kustomize_or_kubernetes_refuses_is_told_at_the_users_field(
    section: str, field: str, name: str, message: str
) -> None:
    said = section.replace("NAME", name) + "\n"
    storage = "storage:\n  s3: {bucket: pulp-prod}\n"
    found = failure(PROD.replace(storage, said) if said.startswith("storage") else PROD + said)
    assert message in found
    assert found.startswith("overlays/one/pulp.yaml:")
    assert f": {field}" in found


@pytest.mark.parametrize(
    "name", ["example.com/1", "v1", "1.2.3", "10m", "yes", "0xyz", "deadbeef", "kubernetes.io/arch"]
)
def test_a_key_that_only_looks_like_a_number_is_taken(name: str) -> None:
    assert load_one(PROD + f'api: {{node_selector: {{"{name}": x}}}}\n').spec.api.node_selector == {name: "x"}


def test_the_value_of_a_node_selector_is_a_labels() -> None:
    assert "api.node_selector.zone: a label's value has" in failure(PROD + "api: {node_selector: {zone: a b}}\n")


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        ('{requests: {cpu: "-1"}}', "resources.requests.cpu: expected a quantity of at least 0, found -1"),
        ("{limits: {memory: -1}}", "resources.limits.memory: expected a quantity of at least 0, found -1"),
        ("{requests: {cpu: 1 core}}", "resources.requests.cpu: expected a Kubernetes quantity, like 500m or 2Gi"),
        ("{requests: {cpu: true}}", "resources.requests.cpu: expected a Kubernetes quantity"),
        ("{requests: {1: 1}}", 'expected cpu, memory, ephemeral-storage or hugepages-SIZE, found "1"'),
        ("{limits: {memroy: 1Gi}}", 'found "memroy"\n  hint: did you mean "memory"?'),
        ("{requests: 5}", "resources.requests: expected a mapping of cpu, memory"),
    ],
)
def test_an_amount_that_no_container_can_have_is_refused(resources: str, message: str) -> None:
    for text in (
        PROD + f"api: {{resources: {resources}}}\n",
        DEMO + f"database: {{embedded: {{resources: {resources}}}}}\n",
        DEMO + f"cache: {{embedded: {{resources: {resources}}}}}\n",
    ):
        assert message in failure(text)


def test_amounts_in_every_form_are_taken() -> None:
    resources = (
        "{requests: {cpu: 0, memory: 1.5Gi}, limits: {cpu: 0.5, memory: 1e9, example.com/gpu: 1, hugepages-2Mi: 4Mi}}"
    )
    assert load_one(PROD + f"api: {{resources: {resources}}}\n").spec.api.resources


@pytest.mark.parametrize(
    "text",
    [
        DEMO + 'database: {embedded: {size: "0"}}\n',
        DEMO + "cache: {embedded: {memory: 0Mi}}\n",
        DEMO + "storage: {volume: {size: 0Gi}}\n",
        PROD + "worker: {scratch: 0Gi}\n",
    ],
)
def test_nothing_has_the_size_zero(text: str) -> None:
    assert "expected a quantity above zero, like 10Gi" in failure(text)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("https://s3.example.com/a b", "expected a URL without spaces"),
        ("https://s3.exämple.com", "expected a URL without spaces"),
        ("https://s3.example.com?x=1", "expected scheme, host, optional port and path only"),
        ("https://s3.example.com/#x", "expected scheme, host, optional port and path only"),
        ("https://s3.example.com/?", "expected scheme, host, optional port and path only"),
        ("https://me@s3.example.com", "expected scheme, host, optional port and path only"),
        ("https://me:hush@s3.example.com", "a URL with a password stands in Git in the clear"),
        ("https://s3.example.com:0", "expected a port from 1 to 65535"),
        ("https://s3.example.com:65536", "expected a port from 1 to 65535"),
        ("https://s3.example.com:x", "expected a port from 1 to 65535"),
        ("https://:443", "this URL has no host"),
        (f"https://{LONG}.example.com", "expected a host name with at most 63 characters between two dots"),
        ("https://a..example.com", "expected a host name with at most 63 characters between two dots"),
    ],
)
def test_a_url_that_nobody_can_ask_is_refused_and_not_repeated(url: str, message: str) -> None:
    for text, field in (
        (with_bucket(f'endpoint: "{url}"'), "storage.s3.endpoint"),
        (PROD + SSO.replace("https://sso.example.com/realms/pulp", url), "authentication.sso.oidc.issuer"),
        (POP.replace("https://pulp.example.com", url), "replica.upstream.url"),
        (PROD + ARGOCD.replace("KEY", f'cluster: "{url}"'), "delivery.argocd.cluster"),
    ):
        found = failure(text)
        assert f"{field}: {message}" in found
        assert "hush" not in found


@pytest.mark.parametrize("url", ["ldaps://ldap.example.com:0", f"ldaps://{LONG}.com", "ldap://a.example.com:70000"])
def test_an_ldap_uri_that_nobody_can_ask_is_refused(url: str) -> None:
    assert "authentication.ldap.uri: expected a " in failure(PROD + LDAP.replace("ldaps://ldap.example.com", url))


@pytest.mark.parametrize("repo", ["https://git.example.com/a b", "ssh://git@git.example.com:0/x", f"https://{LONG}/x"])
@pytest.mark.parametrize("delivery", ["flux", "argocd"])
def test_a_repository_that_nobody_can_fetch_is_refused(delivery: str, repo: str) -> None:
    found = failure(PROD + f'delivery: {{{delivery}: {{repo: "{repo}"}}}}\n')
    assert f"delivery.{delivery}.repo: expected a " in found


@pytest.mark.parametrize(
    "url", ["http://minio:9000", "https://s3.example.com/path/", "https://[fd00::1]:9000", "https://10.0.0.1"]
)
def test_other_urls_are_taken(url: str) -> None:
    storage = load_one(with_bucket(f'endpoint: "{url}"')).spec.storage
    assert storage is not None
    assert storage.s3 is not None
    assert storage.s3.endpoint == url


@pytest.mark.parametrize(
    ("users", "message"),
    [
        ('base: "dc=x", filter: "(uid=%(user))"', "users.filter: "),
        ('base: "dc=x", filter: "(|(uid=%(user)s)(uid=%(user)d))"', "filter: every login would fail"),
        ('base: "dc=x", filter: "(&(uid=%(user)s)(ou=50%))"', "filter: every login would fail: a percent sign"),
        ('base: "dc=x", filter: "(&(uid=%(user)s)(ou=%(group)s))"', "only %(user)s stands for something"),
        ('base: "dc=x", filter: "(uid=%%(user)s)"', "the filter finds everybody: %(user)s must be in it"),
        ('dn_template: "uid=%(user)s,ou=50%,dc=x"', "users.dn_template: every login would fail"),
        ('dn_template: "uid=%%(user)s,dc=x"', "every user would have this DN: %(user)s must be in it"),
    ],
)
def test_a_template_that_breaks_every_login_is_refused(users: str, message: str) -> None:
    found = failure(PROD + LDAP.replace('base: "ou=people,dc=example,dc=com"', users))
    assert message in found
    assert "authentication.ldap.users" in found


def test_a_percent_sign_in_the_filter_of_groups_is_refused() -> None:
    groups = 'base: "dc=x", filter: "(ou=50%)"'
    message = failure(PROD + LDAP.replace('base: "ou=groups,dc=example,dc=com"', groups))
    assert "authentication.ldap.groups.filter: a percent sign that stands for nothing" in message


@pytest.mark.parametrize("text", ["(&(uid=%(user)s)(ou=50%%))", r"(|(uid=%(user)s)(cn=\25%(user)s))"])
def test_templates_that_python_formats_are_taken(text: str) -> None:
    ldap = load_one(
        PROD + LDAP.replace('dc=example,dc=com"}', f"dc=x\", filter: '{text}'}}", 1)
    ).spec.authentication.ldap
    assert ldap is not None
    assert ldap.users.filter == text
    assert "(uid=x)" in text % {"user": "x"}


@pytest.mark.parametrize(
    "text",
    [
        PROD + SIGNING.replace("SCRIPT", '"#!/bin/sh\\r\\nexec sign\\r\\n"'),
        PROD + 'pulp: {settings: {X: "a\\r\\nb"}}\n',
        PROD + 'pulp: {settings: {X: ["a\\rb"]}}\n',
        PROD + 'api: {env: {X: "a\\rb"}}\n',
    ],
)
def test_a_carriage_return_is_refused(text: str) -> None:
    assert "expected lines that end with a line feed, found a carriage return" in failure(text)


def test_a_control_character_is_refused() -> None:
    assert "pulp.settings.X: expected text, found a control character" in failure(
        PROD + 'pulp: {settings: {X: "a\\0"}}\n'
    )


def test_a_script_in_a_file_of_windows_gets_line_feeds() -> None:
    text = (
        PROD
        + "signing:\n  services: [rpm]\n  keys: {signing: {}}\n  scripts:\n    rpm: |\n      #!/bin/sh\n      sign\n"
    )
    signing = load_one(text.replace("\n", "\r\n")).spec.signing
    assert signing is not None
    assert signing.scripts["rpm"] == "#!/bin/sh\nsign\n"


def test_the_account_of_everybody_is_not_fluxs() -> None:
    message = failure(PROD + FLUX.replace("KEY", "service_account: default"))
    assert message.startswith("overlays/one/pulp.yaml:11:58: delivery.flux.service_account: `default` is the account")


def test_an_account_inside_the_namespace_does_not_make_it() -> None:
    text = PROD.replace("namespace: pulp", "namespace: {name: pulp, create: true}")
    message = failure(text + FLUX.replace("KEY", "service_account: applier"))
    assert message.startswith("overlays/one/pulp.yaml:11:58: delivery.flux.service_account: this account has rights")
    assert "namespace.create: false" in message
