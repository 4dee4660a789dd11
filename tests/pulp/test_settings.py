"""settings.py: executed, with secret files in a folder of the test's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.errors import CompilerError
from compiler.pulp.literals import literal
from compiler.pulp.material import catalogue, existing
from compiler.pulp.settings import settings_py
from compiler.pulp.site import Site
from compiler.spec.models import Spec
from tests.pulp.support import EXAMPLES, PRODUCTION, build, example, file, merged, production, spec


def secrets_in(folder: Path, wanted: Spec, password: str = "p") -> None:  # noqa: S107
    """Every secret file that pods of ``wanted`` would see."""
    site = Site(wanted)
    for name, secret in catalogue(site).items():
        part = folder / "secrets" / name.removeprefix(f"{wanted.name}-")
        part.mkdir(parents=True, exist_ok=True)
        for key in secret.keys():  # noqa: SIM118 - a method, not a mapping
            (part / key).write_text(f"{password}\n", encoding="utf-8")
    if existing(site):
        for part in ("postgres-configuration", "redis-configuration"):
            (folder / "secrets" / part).mkdir(parents=True, exist_ok=True)
            (folder / "secrets" / part / "password").write_text(password, encoding="utf-8")


def run(folder: Path, wanted: Spec) -> dict[str, Any]:
    """The settings, as dynaconf sees them: the upper-case names."""
    names: dict[str, Any] = {}
    exec(compile(settings_py(Site(wanted), str(folder)), "settings.py", "exec"), names)  # noqa: S102
    return {name: value for name, value in names.items() if name.isupper()}


@pytest.mark.parametrize("folder", EXAMPLES)
def test_every_example_executes_and_holds_no_secret(folder: str, tmp_path: Path) -> None:
    wanted = example(folder)
    secrets_in(tmp_path, wanted, "s3cr3t-value")
    values = run(tmp_path, wanted)
    assert values["SECRET_KEY"] == "s3cr3t-value"
    assert values["ANALYTICS"] is False
    assert "s3cr3t-value" not in settings_py(Site(wanted))


def test_the_config_map_reads_below_etc_pulp() -> None:
    text = file(build(), "pulp-settings", "settings.py")
    assert '_read("/etc/pulp/secrets/secret-key/secret_key")' in text
    names = [line.partition(" = ")[0] for line in text.splitlines() if line[:1].isupper() and " = " in line]
    assert names == sorted(names)


PASSWORDS = ["simple", "a:b@c/d?e#f g%41", "'\"\\", "{env[HOME]}", "ümlaut", "{{7*7}}"]


@pytest.mark.parametrize("password", PASSWORDS)
def test_any_password_reaches_database_and_cache_unchanged(password: str, tmp_path: Path) -> None:
    secrets_in(tmp_path, spec(), password)
    values = run(tmp_path, spec())
    assert values["DATABASES"]["default"]["PASSWORD"] == password
    url = urlsplit(values["REDIS_URL"])
    assert unquote(url.password or "") == password
    assert (url.scheme, url.username, url.hostname, url.port) == ("rediss", "pulp", "pulp-redis-svc", 6379)


def test_a_password_that_dynaconf_would_execute_is_refused(tmp_path: Path) -> None:
    secrets_in(tmp_path, spec(), "@format {env[HOME]}")
    with pytest.raises(ValueError, match="must not begin with '@'") as caught:
        run(tmp_path, spec())
    assert "env[HOME]" not in str(caught.value)


@pytest.mark.parametrize(
    ("mode", "scheme", "database", "redis"),
    [
        ("mutual", "rediss", {"sslmode", "sslrootcert", "sslcert", "sslkey"}, {"ssl_certfile", "ssl_keyfile"}),
        ("server", "rediss", {"sslmode", "sslrootcert"}, set()),
        ("off", "redis", set(), set()),
    ],
)
def test_tls_towards_database_and_cache(
    mode: str, scheme: str, database: set[str], redis: set[str], tmp_path: Path
) -> None:
    wanted = spec(tls={"internal": mode})
    secrets_in(tmp_path, wanted)
    values = run(tmp_path, wanted)
    options = values["DATABASES"]["default"]["OPTIONS"]
    assert options.keys() == database
    if mode != "off":
        assert options["sslmode"] == "verify-full"
        assert options["sslrootcert"] == f"{tmp_path}/ca/ca.crt"
    url = urlsplit(values["REDIS_URL"])
    query = parse_qs(url.query)
    assert url.scheme == scheme
    assert redis <= query.keys()
    if mode != "off":
        assert query["ssl_cert_reqs"] == ["required"]
        assert query["ssl_ca_certs"] == [f"{tmp_path}/ca/ca.crt"]


def test_external_services_are_verified_by_their_own_ca_or_the_public_ones(tmp_path: Path) -> None:
    pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    for ca, expected in ((None, "/etc/pki/tls/certs/ca-bundle.crt"), (pem, f"{tmp_path}/database-ca/ca.crt")):
        sections = merged(PRODUCTION, {"database": {"external": {"ca": ca, "user": "app", "port": 6432}}})
        wanted = spec("production", **sections)
        secrets_in(tmp_path, wanted)
        entry = run(tmp_path, wanted)["DATABASES"]["default"]
        assert entry["OPTIONS"] == {"sslmode": "verify-full", "sslrootcert": expected}
        assert (entry["HOST"], entry["PORT"], entry["USER"]) == ("db.example.com", "6432", "app")


def test_no_cache_is_said_so(tmp_path: Path) -> None:
    wanted = spec(cache={"disabled": True})
    secrets_in(tmp_path, wanted)
    values = run(tmp_path, wanted)
    assert values["CACHE_ENABLED"] is False
    assert "REDIS_URL" not in values


def test_a_bucket_with_keys_and_with_an_identity(tmp_path: Path) -> None:
    for credentials, keys in (("keys", True), ("workload-identity", False)):
        sections = merged(PRODUCTION, {"storage": {"s3": {"credentials": credentials, "redirect": False}}})
        wanted = spec("production", **sections)
        secrets_in(tmp_path, wanted, "k")
        values = run(tmp_path, wanted)
        assert values["MEDIA_ROOT"] == ""
        assert values["REDIRECT_TO_OBJECT_STORAGE"] is False, "written when false, too: Pulp's default is true"
        options = values["STORAGES"]["default"]["OPTIONS"]
        assert options["bucket_name"] == "artifacts"
        assert ("secret_key" in options) is keys


@pytest.mark.parametrize(
    ("exposure", "url"),
    [
        ({"node_port": {"port": 30443}}, "https://pulp.example.com:30443"),
        ({"load_balancer": {}}, "https://pulp.example.com"),
        ({"ingress": {}}, "https://pulp.example.com"),
    ],
)
def test_addresses_agree_with_the_exposure(exposure: dict[str, Any], url: str, tmp_path: Path) -> None:
    wanted = spec(exposure=exposure, pulp={"plugins": ["ansible", "container", "file", "python"]})
    secrets_in(tmp_path, wanted)
    values = run(tmp_path, wanted)
    assert values["CONTENT_ORIGIN"] == url
    assert values["CSRF_TRUSTED_ORIGINS"] == [url]
    assert values["TOKEN_SERVER"] == f"{url}/token/"
    assert values["ANSIBLE_API_HOSTNAME"] == values["PYPI_API_HOSTNAME"] == url
    assert values["ANSIBLE_CONTENT_HOSTNAME"] == f"{url}/pulp/content"
    assert values["ENABLED_PLUGINS"] == ["pulp_ansible", "pulp_container", "pulp_file", "pulp_python"]
    assert values["ALLOWED_HOSTS"][0] == "pulp.example.com"
    assert "pulp-api-svc" in values["ALLOWED_HOSTS"], "the probes' Host header"


def test_a_node_port_of_the_clusters_choice_has_no_public_url(tmp_path: Path) -> None:
    wanted = spec(exposure={"node_port": {}})
    secrets_in(tmp_path, wanted)
    assert "CONTENT_ORIGIN" not in run(tmp_path, wanted)
    with pytest.raises(CompilerError, match="container needs the public URL") as caught:
        build(exposure={"node_port": {}}, pulp={"plugins": ["container"]})
    assert "exposure.node_port.port" in str(caught.value)


def test_a_persons_settings_are_merged_over_ours(tmp_path: Path) -> None:
    wanted = spec(pulp={"settings": {"ORPHAN_PROTECTION_TIME": 5, "LOGGING": {"loggers": {"x": {"level": "DEBUG"}}}}})
    secrets_in(tmp_path, wanted)
    values = run(tmp_path, wanted)
    assert values["ORPHAN_PROTECTION_TIME"] == 5
    assert values["LOGGING"]["loggers"] == {"": {"level": "INFO"}, "x": {"level": "DEBUG"}}
    assert values["LOGGING"]["dynaconf_merge"] is True


@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASES", "REDIS_URL", "lower", "A B", "X\nimport os"])
def test_what_is_no_setting_of_a_person_is_refused(name: str) -> None:
    with pytest.raises(CompilerError, match=r"pulp\.settings"):
        build(pulp={"settings": {name: "x"}})


def test_paths_of_a_persons_settings_move_routes_and_probes() -> None:
    made = build(pulp={"settings": {"API_ROOT": "/p/", "CONTENT_PATH_PREFIX": "/c/"}})
    conf = file(made, "pulp-nginx", "nginx.conf")
    assert "location /p/api/ {" in conf
    assert "location /c/ {" in conf
    assert "/pulp/" not in conf.replace("/etc/pulp/", "")
    with pytest.raises(CompilerError, match="begins and ends with '/'"):
        build(pulp={"settings": {"API_ROOT": "/p/; return 200 x;"}})


def test_heartbeats_live_twice_as_long_as_a_request(tmp_path: Path) -> None:
    wanted = spec(api={"timeout": 600})
    secrets_in(tmp_path, wanted)
    assert run(tmp_path, wanted)["API_APP_TTL"] == 1200


def test_production_cleans_up_and_the_demo_does_not() -> None:
    assert "TASK_PROTECTION_TIME = 43200" in file(production(), "pulp-settings", "settings.py")
    assert "TASK_PROTECTION_TIME" not in file(build(), "pulp-settings", "settings.py")


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None, max_examples=150)
@given(PLAIN)
def test_what_is_printed_evaluates_to_what_was_given(value: Any) -> None:
    assert eval(literal(value)) == value  # noqa: S307


@settings(deadline=None, max_examples=60)
@given(st.text(), st.integers(min_value=0, max_value=60))
def test_long_values_too(text: str, count: int) -> None:
    value = {"a": [text] * count, "b": (text, {"c": [count]}), "d": (text,)}
    assert eval(literal(value)) == value  # noqa: S307


def test_no_start_has_the_name_of_an_earlier_one(tmp_path: Path) -> None:
    # A killed process leaves its name in the database for seven days, and pulpcore refuses to start under it.
    secrets_in(tmp_path, example("overlays/demo"))
    first, second = (run(tmp_path, example("overlays/demo"))["WORKER_NAME_TEMPLATE"] for _ in range(2))
    assert first != second
    assert first.startswith("{pid}@{hostname}.")
    assert first.format(pid=1, hostname="pulp-worker-0").startswith("1@pulp-worker-0.")
