"""Keys of clouds and of Vault as a cluster's recipients: their forms, and real sops against servers that stand in."""

from __future__ import annotations

import base64
import json
import os
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from compiler.errors import CompilerError, WorldError
from compiler.secrets import foreign, pki, recipients, sops
from compiler.secrets.plaintext import Plaintext
from tests.secrets.support import NOW, admin_password, person, real_sops, small
from tests.secrets.test_sops import document, stub

PGP = "pgp:85D77543B3D624B63CEA9E6DBC17301B491B3F21"
ARN = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000"
GCP = "projects/acme-prod/locations/europe-west4/keyRings/pulp/cryptoKeys/sops"
AZURE = "https://acme-pulp.vault.azure.net/keys/sops/0123456789abcdef0123456789abcdef"
VAULT = "https://vault.example.com:8200/v1/team/transit/keys/pulp"
ADMIN = person()


@pytest.mark.parametrize("text", [PGP, ARN, GCP, AZURE, VAULT])
def test_only_clusters_may_have_them(text: str) -> None:
    assert recipients.check_member("cluster-demo", text) == text
    for group in ("admin", "ci"):
        with pytest.raises(CompilerError, match="only clusters"):
            recipients.check_member(group, text)


WRONG = {
    "pgp:": "PGP", PGP.lower(): "PGP", PGP[:20]: "PGP", PGP + ",": "PGP",
    f"{ARN}+arn:aws:iam::1:role/x": "AWS", "arn:aws:s3:::x": "AWS", f"{ARN},{ARN}": "AWS",
    ARN.replace("eu-west-1", "EU"): "AWS",
    GCP.replace("cryptoKeys", "keys"): "GCP", f"{GCP}/cryptoKeyVersions/1": "GCP", "projects/x": "GCP",
    AZURE.rpartition("/")[0]: "Azure", AZURE.replace("https", "http"): "Azure",
    AZURE.replace("azure.net", "azure.net.evil.example"): "Azure", AZURE + "?x=y": "Azure",
    VAULT.replace("https", "http"): "HashiCorp", VAULT.replace("/v1", ""): "HashiCorp", VAULT + "/x": "HashiCorp",
    VAULT.replace("vault.", "user:pass@vault."): "HashiCorp", "https://example.com/": "HashiCorp",
}  # fmt: skip


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_form_is_told_with_the_right_one(text: str) -> None:
    with pytest.raises(CompilerError, match="is no recipient") as caught:
        recipients.check_member("cluster-demo", text)
    assert WRONG[text] in (caught.value.hint or "")


def test_what_is_of_no_kind_is_no_age_recipient_and_a_private_key_is_not_repeated() -> None:
    for text in ("vault:x", "ftp://x/y", "", "kms:arn"):
        with pytest.raises(CompilerError, match="is no age recipient"):
            recipients.check_member("cluster-demo", text)
    for text in (ADMIN.identity, "pgp:-----BEGIN PGP PRIVATE KEY BLOCK-----", f"arn:{ADMIN.identity}"):
        with pytest.raises(CompilerError, match="that is a private key") as caught:
            recipients.check_member("cluster-demo", text)
        assert text[5:] not in str(caught.value)


class Service(BaseHTTPRequestHandler):
    """Vault's transit engine and AWS KMS, as far as sops needs them to wrap a key."""

    seen: list[tuple[str, dict[str, str]]]

    def _answer(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        self.seen.append((self.path, dict(self.headers)))
        wrapped = base64.b64encode(b"wrapped").decode()
        answer: dict[str, Any] = {"CiphertextBlob": wrapped, "KeyId": body.get("KeyId")}
        if "plaintext" in body:
            answer = {"data": {"ciphertext": f"vault:v1:{wrapped}"}}
        content = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_PUT = do_POST = _answer

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def serving(folder: Path | None = None) -> Iterator[tuple[int, list[tuple[str, dict[str, str]]]]]:
    """A server on this machine, with TLS when a folder for its certificate is given; what it was asked."""
    seen: list[tuple[str, dict[str, str]]] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("One", (Service,), {"seen": seen}))
    if folder is not None:
        ca = pki.create_authority("test", "service", 1, NOW)
        leaf = pki.issue(ca, purpose="server", common_name="localhost", dns_names=["localhost"], now=NOW)
        for name, content in (("ca", ca.certificate), ("crt", leaf.certificate), ("key", leaf.key.reveal())):
            (folder / name).write_bytes(content)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(folder / "crt", folder / "key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1], seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def opened(content: bytes, who: list[str]) -> None:
    """An administrator opens it with age, and no service is asked (they are gone)."""
    assert sops.unseal(real_sops(), content, "x", who, ADMIN.identities()) == {"a": Plaintext(b"value")}


def test_the_real_sops_has_vault_wrap_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("VAULT_")]:
        monkeypatch.delenv(name)
    with serving(tmp_path) as (port, seen):
        uri = f"https://localhost:{port}/v1/team/transit/keys/pulp"
        who = [ADMIN.recipient, recipients.check_member("cluster-demo", uri)]
        monkeypatch.setenv("VAULT_TOKEN", "canary-token")
        for address in ("", "https://elsewhere.example.com"):
            monkeypatch.setenv("VAULT_ADDR", address)
            with pytest.raises(WorldError, match="names the Vault at https://localhost") as caught:
                sops.seal(real_sops(), document({"a": b"value"}), who)
            assert "the token is sent nowhere else" in str(caught.value)
        assert seen == []
        monkeypatch.setenv("VAULT_ADDR", f"https://localhost:{port}/")
        monkeypatch.setenv("VAULT_CACERT", str(tmp_path / "ca"))
        content = sops.seal(real_sops(), document({"a": b"value"}), who)
        assert [path for path, _ in seen] == ["/v1/team/transit/encrypt/pulp"]
        assert seen[0][1]["X-Vault-Token"] == "canary-token"
    (block,) = yaml.safe_load(content)["sops"]["hc_vault"]
    assert (block["vault_address"], block["engine_path"], block["key_name"]) == (
        f"https://localhost:{port}", "team/transit", "pulp"
    )  # fmt: skip
    assert b"canary-token" not in content
    opened(content, who)
    with pytest.raises(CompilerError, match="hc_vault recipients are not those"):
        sops.read(content, "x", [ADMIN.recipient, uri.replace("pulp", "other")])
    with pytest.raises(CompilerError, match="never writes: hc_vault"):
        sops.read(content, "x", [ADMIN.recipient])


def test_the_real_sops_has_aws_wrap_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as (port, seen):
        monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-key")
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        who = [ADMIN.recipient, ARN]
        content = sops.seal(real_sops(), document({"a": b"value"}), who)
        assert len(seen) == 1
    assert [block["arn"] for block in yaml.safe_load(content)["sops"]["kms"]] == [ARN]
    opened(content, who)


OWN_RULE = """\
rule = json.load(open(os.environ["SOPS_CONFIG"]))["creation_rules"][0]
rule = {name: rule[name] for name in ("age", "encrypted_regex", "mac_only_encrypted")}
fd = os.memfd_create("rule")
os.write(fd, json.dumps({"creation_rules": [rule]}).encode())
os.lseek(fd, 0, 0)
os.set_inheritable(fd, True)
os.environ["SOPS_CONFIG"] = f"/dev/fd/{fd}"
"""
"""The same rule, without the key that no service here can wrap."""
BLOCKS: dict[str, tuple[str, str, Callable[[], dict[str, str]]]] = {
    GCP: ("gcp_kms", "--gcp-kms", lambda: {"resource_id": GCP}),
    AZURE: (
        "azure_kv",
        "--azure-kv",
        lambda: {
            "vault_url": "https://acme-pulp.vault.azure.net",
            "name": "sops",
            "version": "0123456789abcdef0123456789abcdef",
        },
    ),
}


@pytest.mark.parametrize("key", BLOCKS)
def test_a_key_of_gcp_and_azure_is_passed_to_sops_and_its_block_is_taken(key: str, tmp_path: Path) -> None:
    """Their services cannot be stood in for: a false sops makes the block that the real one would."""
    name, option, block = BLOCKS[key]
    who = [ADMIN.recipient, key]
    made = {**block(), "created_at": "2026-11-21T00:00:00Z", "enc": "AAAA"}
    body = (
        f"at = arguments.index({option!r})\n"
        f"assert arguments[at + 1] == {key!r}\n"
        "d = json.loads(real(args=arguments[:at] + arguments[at + 2:]))\n"
        f"d['sops'][{name!r}] = [{made!r}]\n"
        "print(json.dumps(d))"
    )
    false = stub(tmp_path, OWN_RULE + body)
    content = sops.seal(false, document({"a": b"value"}), who)
    assert yaml.safe_load(content)["sops"][name] == [made]
    opened(content, who)
    for other in ("x", key.replace("sops", "other")):
        with pytest.raises(CompilerError, match=r"recipients are not|never writes"):
            sops.read(content, "x", [ADMIN.recipient, other])


def test_a_child_gets_the_credentials_of_the_kinds_that_it_seals_for_alone(tmp_path: Path) -> None:
    environment = {
        "AWS_PROFILE": "1", "VAULT_TOKEN": "2", "AZURE_CLIENT_SECRET": "3", "GOOGLE_CREDENTIALS": "4", "HOME": "5",
        "HTTPS_PROXY": "6", "SSH_AUTH_SOCK": "7",
    }  # fmt: skip
    own = {"kms": "AWS_PROFILE", "hc_vault": "VAULT_TOKEN", "azure_kv": "AZURE_CLIENT_SECRET",
           "gcp_kms": "GOOGLE_CREDENTIALS"}  # fmt: skip
    for kind, variable in own.items():
        assert set(foreign.credentials([kind], environment, str(tmp_path))) == {variable, "HTTPS_PROXY"}
    assert foreign.credentials(["pgp"], environment, str(tmp_path)) == {}
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/credentials").touch()
    found = foreign.credentials(["kms"], environment, str(tmp_path))
    assert found["AWS_SHARED_CREDENTIALS_FILE"] == str(tmp_path / ".aws/credentials")
    assert foreign.credentials([], environment, str(tmp_path)) == {}


def test_a_sops_that_is_run_by_hand_has_the_same_rule() -> None:
    world = small(admin_password())
    path = "secrets/recipients.yaml"
    keys = [PGP, ARN, GCP, AZURE, VAULT]
    world.tree.files[path] = recipients.extend(world.tree.files[path], {"cluster-demo": keys}, {})
    from compiler.secrets import sopsrules

    rules = yaml.safe_load(sopsrules.rules(recipients.read(world.tree)))["creation_rules"]
    (rule,) = (one for one in rules if "demo" in one["path_regex"])
    assert (rule["pgp"], rule["kms"], rule["gcp_kms"], rule["azure_keyvault"], rule["hc_vault_transit_uri"]) == (
        PGP.removeprefix("pgp:"), ARN, GCP, AZURE, VAULT
    )  # fmt: skip
