"""Backends that seal nothing: what External Secrets and cert-manager are asked to make."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from compiler.cli.main import run
from compiler.secrets import lock
from tests.secrets.support import MemoryTree, person
from tests.secrets.test_authority import root_ca
from tests.secrets.test_commands import BASE, DEMO, NOW, begin, files, repository, secrets

__all__ = ["repository"]  # a fixture

STORE = "backend: external-secrets, external_secrets: {store: vault, prefix: pulp/demo}"
ISSUED = "certificates: cert-manager"


def want(root: Path, text: str, delivery: str = "") -> None:
    spec = DEMO if not delivery else DEMO[: DEMO.index("delivery:")] + delivery
    (root / "overlays/demo/pulp.yaml").write_text(spec + (f"secrets: {{{text}}}\n" if text else ""))


def objects(root: Path, kind: str) -> dict[str, dict]:  # type: ignore[type-arg]
    found = {}
    for path in (root / "secrets/demo").iterdir():
        for one in yaml.safe_load_all(path.read_bytes()):
            if one["kind"] == kind:
                found[one["metadata"]["name"]] = one
    return found


def known_cas(root: Path) -> None:
    for authority in ("service", "upstream"):
        file = root.parent / f"{authority}.crt"
        file.write_bytes(root_ca(name=f"{authority} of the cluster")[0])
        assert secrets("ca", "import", "demo", "--authority", authority, "--cert", str(file), *NOW) == 0


def all_is_well(root: Path) -> None:
    """The promises that every backend keeps."""
    before = files(root)
    assert secrets("ensure", *NOW) == 0
    assert files(root) == before
    assert run(["generate"]) == 0
    assert run(["generate", "--check"]) == 0
    assert run(["check"]) == 0
    assert secrets("check", *NOW) == 0
    assert secrets("check", "--deep", *NOW) == 0
    assert secrets("status", *NOW) == 0


def test_values_of_a_store_and_certificates_of_cert_manager_need_nothing_here(repository: Path) -> None:
    want(repository, f"{STORE}, {ISSUED}", 'delivery: {argocd: {repo: "https://git.example.com/acme/pulp.git"}}\n')
    assert secrets("init", "--age-recipient", person().recipient, *NOW) == 0
    assert secrets("ensure", *NOW) == 0
    assert secrets("status", *NOW) == 1  # whom to trust is not known yet
    known_cas(repository)
    assert secrets("ensure", *NOW) == 0
    assert run(["generate"]) == 0
    assert run(["generate", "--check"]) == 0
    assert run(["check"]) == 0
    assert secrets("check", *NOW) == 0
    assert secrets("status", *NOW) == 0
    written = files(repository)
    assert not [
        path
        for path in written
        if path.endswith((".sops.yaml", ".sealed.yaml")) and "digest-key" not in path and "/" in path
    ]
    project = next(iter(yaml.safe_load_all(written["overlays/demo/delivery/argocd.yaml"])))
    kinds = {one["kind"] for one in project["spec"]["namespaceResourceWhitelist"]}
    assert {"ExternalSecret", "Certificate", "Issuer"} <= kinds
    assert not {"Secret", "SealedSecret"} & kinds


def test_each_key_is_read_from_its_place_in_a_namespaced_store(repository: Path) -> None:
    want(repository, f"{STORE}, {ISSUED}")
    begin(repository)
    assert secrets("ensure", *NOW) == 0
    found = objects(repository, "ExternalSecret")
    one = found["pulp-db-fields-encryption"]
    assert one["apiVersion"] == "external-secrets.io/v1"
    assert one["metadata"]["namespace"] == "pulp-demo"
    assert one["spec"]["secretStoreRef"] == {"kind": "SecretStore", "name": "vault"}
    assert one["spec"]["data"] == [
        {
            "remoteRef": {"key": "pulp/demo/pulp-db-fields-encryption", "property": "database_fields.symmetric.key"},
            "secretKey": "database_fields.symmetric.key",
        }
    ]
    assert one["spec"]["target"] == {
        "creationPolicy": "Owner",
        "deletionPolicy": "Retain",
        "name": "pulp-db-fields-encryption",
    }
    assert not any("template" in secret["spec"]["target"] for secret in found.values())


def test_certificates_say_what_our_own_leaves_say(repository: Path) -> None:
    want(repository, ISSUED)
    begin(repository)
    assert secrets("ensure", *NOW) == 0
    certificates, issuers = objects(repository, "Certificate"), objects(repository, "Issuer")
    server = certificates["pulp-api-tls"]["spec"]
    assert server["secretName"] == "pulp-api-tls"
    assert "pulp-api-svc.pulp-demo.svc" in server["dnsNames"]
    assert server["usages"] == ["digital signature", "server auth"]
    assert server["privateKey"] == {"algorithm": "ECDSA", "encoding": "PKCS8", "rotationPolicy": "Always", "size": 256}
    client = certificates["pulp-web-client"]["spec"]
    assert client["usages"] == ["digital signature", "client auth"]
    assert client["issuerRef"]["name"] == "pulp-upstream-issuer"
    assert server["issuerRef"]["name"] == "pulp-service-issuer"
    assert issuers["pulp-service-issuer"]["spec"] == {"ca": {"secretName": "pulp-service-ca"}}
    authority = certificates["pulp-service-ca"]["spec"]
    assert authority["isCA"] is True
    assert authority["privateKey"]["rotationPolicy"] == "Never"
    assert issuers[authority["issuerRef"]["name"]]["spec"] == {"selfSigned": {}}
    assert lock.read(MemoryTree(files(repository))).secrets["demo/pulp-api-tls"].backend == "cert-manager"


def test_issuers_that_are_named_are_not_made(repository: Path) -> None:
    want(repository, f"{ISSUED}, cert_manager: {{issuer: corp, upstream_issuer: corp-clients, kind: ClusterIssuer}}")
    begin(repository)
    assert secrets("ensure", *NOW) == 0
    assert not objects(repository, "Issuer")
    spec = objects(repository, "Certificate")["pulp-api-tls"]["spec"]
    assert spec["issuerRef"] == {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": "corp"}


@pytest.mark.parametrize("text", [STORE, ISSUED], ids=["a store beside own certificates", "sops beside cert-manager"])
def test_backends_are_combined_and_every_check_passes(repository: Path, text: str) -> None:
    want(repository, text)
    begin(repository)
    assert secrets("ensure", *NOW) == 0
    if text == ISSUED:
        known_cas(repository)
    all_is_well(repository)


def test_moving_to_a_store_and_back_makes_no_value_anew(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(repository)
    assert secrets("ensure", *NOW) == 0
    before = files(repository)
    want(repository, STORE)
    assert secrets("ensure", *NOW) == 0
    moved = files(repository)
    key = "pulp-db-fields-encryption"
    assert f"secrets/demo/{key}.sops.yaml" not in moved
    assert moved[f"secrets/vault/demo/{key}.sops.yaml"] == before[f"secrets/vault/demo/{key}.sops.yaml"]
    all_is_well(repository)
    want(repository, "")
    assert secrets("ensure", *NOW) == 0
    assert f"secrets/demo/{key}.sops.yaml" in files(repository)
    assert f"secrets/demo/{key}.external.yaml" not in files(repository)
    all_is_well(repository)


def test_what_was_only_ever_in_a_store_must_be_brought_and_is_never_made(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    want(repository, STORE)
    begin(repository)
    assert secrets("ensure", *NOW) == 0
    want(repository, "")
    assert secrets("ensure", *NOW) == 0
    assert "unset   demo/pulp-db-fields-encryption: not set" in capsys.readouterr().err
    assert "secrets/vault/demo/pulp-db-fields-encryption.sops.yaml" not in files(repository)
    monkeypatch.setenv("VALUE", "1r2m7XoN8jZ0Xx7h1Nn0h3k1vC8bTqk2m3n4o5p6q7g=")
    assert secrets("set", "demo/pulp-db-fields-encryption", "--from-env", "VALUE", *NOW) == 0
    assert "secrets/demo/pulp-db-fields-encryption.sops.yaml" in files(repository)
    assert "secrets/demo/pulp-db-fields-encryption.external.yaml" not in files(repository)


@pytest.mark.parametrize("command", [("rotate",), ("set", "--from-env", "VALUE"), ("adopt",)], ids=lambda one: one[0])
@pytest.mark.parametrize("name", ["pulp-admin-password", "pulp-api-tls"])
def test_what_a_controller_has_cannot_be_changed_here(
    repository: Path,
    command: tuple[str, ...],
    name: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    want(repository, f"{STORE}, {ISSUED}")
    begin(repository)
    assert secrets("ensure", *NOW) == 0
    monkeypatch.setenv("VALUE", "x")
    before = files(repository)
    assert secrets(command[0], f"demo/{name}", *command[1:], *NOW) == 2
    assert ("External Secrets brings it" if name == "pulp-admin-password" else "cmctl renew") in capsys.readouterr().err
    assert files(repository) == before


def test_an_edited_reference_stops_the_run_and_is_found(repository: Path) -> None:
    want(repository, f"{STORE}, {ISSUED}")
    begin(repository)
    assert secrets("ensure", *NOW) == 0
    known_cas(repository)
    path = repository / "secrets/demo/pulp-admin-password.external.yaml"
    path.write_bytes(path.read_bytes().replace(b"pulp/demo/pulp-admin-password", b"other/tenant"))
    assert secrets("check", *NOW) == 1
    assert secrets("ensure", *NOW) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("backend: external-secrets", "needs a store"),
        ("backend: sops, external_secrets: {store: vault}", "no store is read"),
        ("cert_manager: {duration: 10h, renew_before: 10h}", "would never stop"),
        ("cert_manager: {issuer: one, upstream_issuer: one}", "must sign nothing else"),
        ("external_secrets: {store: vault, prefix: /etc}", "a path of letters"),
        ("external_secrets: {store: vault, kind: ClusterSecretStore}", "kind"),
    ],
)
def test_a_spec_that_cannot_be_is_refused(
    repository: Path, text: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    want(repository, text)
    assert run(["generate"]) == 2
    assert message in capsys.readouterr().err


def test_the_base_of_the_tests_has_no_secrets_section() -> None:
    assert "secrets" not in BASE + DEMO
