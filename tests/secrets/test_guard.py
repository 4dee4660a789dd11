"""The guard finds plaintext however it is hidden, passes what is sealed, and never prints a value."""

from __future__ import annotations

import base64
import json
import textwrap
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from compiler.pulp.requirements import Requirements
from compiler.secrets import guard, material
from tests.secrets.support import World, admin_password, api_tls, everything, person
from tests.secrets.test_sealedsecrets import controller

ROOT = Path(__file__).resolve().parents[2]
CANARY = "canary-hunter2"
B64 = base64.b64encode(CANARY.encode()).decode()
PLAIN = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: x}}\ndata:\n  password: {B64}\n"
ENC = "ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:str]"
PRIVATE = material.token_pair()[0].reveal().decode()
FOLDED = "\n".join(textwrap.wrap(base64.b64encode(PRIVATE.encode()).decode(), 64))
IDENTITY = person().identity

LEAKS: dict[str, str | bytes] = {
    "a plain Secret": PLAIN,
    "a short value": "kind: Secret\nstringData: {pin: '1'}\n",
    "in JSON": json.dumps({"kind": "Secret", "data": {"password": B64}}),
    "in a List": json.dumps({"kind": "List", "items": [{"kind": "ConfigMap"}, {"kind": "Secret", "data": {"a": B64}}]}),
    "in a SecretList": json.dumps({"kind": "SecretList", "items": [{"kind": "Secret", "data": {"a": B64}}]}),
    "in a second document": f"kind: ConfigMap\n---\n{PLAIN}",
    "after a sealed one": f"kind: Secret\ndata: {{a: '{ENC}'}}\nsops: {{mac: x}}\n---\n{PLAIN}",
    "beside a sealed value": f"kind: Secret\ndata: {{a: '{ENC}', b: {B64}}}\nsops: {{mac: x}}\n",
    "with a made-up sops block": f"{PLAIN}sops: {{mac: x, version: 3.9.0}}\n",
    "a look-alike": "kind: Secret\nstringData: {a: 'ENC[AES256_GCM, hunter2]'}\nsops: {mac: x}\n",
    "under a key that stands twice": f"kind: Secret\ndata: {{a: {B64}}}\ndata: {{a: '{ENC}'}}\nsops: {{mac: x}}\n",
    "under a kind that stands twice": f"kind: Secret\nkind: ConfigMap\ndata: {{a: {B64}}}\n",
    "in UTF-16": PLAIN.encode("utf-16"),
    "in UTF-16 without a mark": PLAIN.encode("utf-16-le"),
    "in big-endian UTF-16 without a mark": PLAIN.encode("utf-16-be"),
    "with a mark of UTF-8": PLAIN.encode("utf-8-sig"),
    "with Windows line ends": PLAIN.replace("\n", "\r\n"),
    "quoted": "\"kind\": 'Secret'\n'stringData': {\"a\": 'b'}\n",
    "tagged": "kind: !!str Secret\nstringData: {a: b}\n",
    "escaped": '{"kind": "\\u0053ecret", "stringData": {"a": "b"}}',
    "with an escaped key": '{"k\\u0069nd": "Secret", "stringData": {"a": "b"}}',
    "broken YAML": f"kind: Secret\ndata: {{a: {B64}\n",
    "a nested value": "kind: Secret\ndata: {a: [b]}\n",
    "kubectl's copy": (
        f"kind: Secret\nmetadata:\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: '{B64}'\n"
    ),
    "an age identity in a comment": f"# {IDENTITY}\na: b\n",
    "an age identity in lower case": IDENTITY.lower(),
    "an age identity in a binary file": b"\0\1\2" + IDENTITY.encode(),
    "a PEM": PRIVATE,
    "a PEM in one line": PRIVATE.replace("\n", "\\n"),
    "an indented PEM": "a: |\n" + textwrap.indent(PRIVATE, "  "),
    "a PEM in base64": base64.b64encode(PRIVATE.encode()),
    "a PEM in folded base64": f"a: >-\n{textwrap.indent(FOLDED, '  ')}\n",
    "a PEM in base64 at another offset": base64.b64encode(b"x" + PRIVATE.encode()),
    "a SealedSecret with plain values": f"kind: SealedSecret\nspec: {{encryptedData: {{a: {B64}}}}}\n",
    "a SealedSecret with data in its template": "kind: SealedSecret\nspec: {template: {data: {a: '{{ .b }}'}}}\n",
    "a SealedSecret for the whole cluster": (
        "kind: SealedSecret\nmetadata: {annotations: {sealedsecrets.bitnami.com/cluster-wide: 'true'}}\n"
    ),
}


@pytest.mark.parametrize("name", list(LEAKS))
def test_a_leak_is_found_and_not_repeated(name: str) -> None:
    content = LEAKS[name]
    raw = content.encode() if isinstance(content, str) else content
    leaks = guard.scan("overlays/demo/custom/x.yaml", raw)
    assert leaks, name
    said = " ".join(leak.message for leak in leaks)
    assert not any(value in said for value in (CANARY, B64, IDENTITY[20:40], PRIVATE[40:60]))


CLEAN = {
    "a ConfigMap": "kind: ConfigMap\ndata: {a: hello}\n",
    "an empty Secret": "kind: Secret\nmetadata: {name: x}\ndata: {}\n",
    "a reference": "kind: Deployment\nspec: {volumes: [{secret: {secretName: pulp-x}}]}\n",
    "a role": "kind: Role\nrules: [{resources: [secrets], verbs: [get]}]\n",
    "a public key": material.token_pair()[1].reveal().decode(),
    "a public key in base64": base64.b64encode(material.token_pair()[1].reveal()).decode(),
    "words about a PEM": "a file that begins with -----BEGIN PRIVATE KEY----- is one\n",
    "nothing": "",
    "a binary file": "\0\1\2\3",
}


@pytest.mark.parametrize("name", list(CLEAN))
def test_what_is_no_leak_is_passed(name: str) -> None:
    assert guard.scan("x.yaml", CLEAN[name].encode()) == []


def test_everything_that_the_sealers_write_is_passed() -> None:
    world = World(everything()).init()
    world.ensure()
    other = World(Requirements((admin_password(), api_tls())), backend="sealed-secrets")
    other.init({"demo": controller(rsa.generate_private_key(65537, 2048))}).ensure()
    for path, content in {**world.tree.files, **other.tree.files}.items():
        assert guard.scan(path, content) == [], path


def test_an_unsealed_file_with_the_name_of_a_sealed_one_is_found() -> None:
    assert guard.scan("secrets/vault/x.sops.yaml", b"data: {a: b}\n")


def test_anchors_of_exponential_size_are_no_trouble() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
    assert guard.scan("x.yaml", f"{bomb}kind: Secret\nstringData: {{a: *a39}}\n".encode())


def test_this_repository_is_clean() -> None:
    for path in sorted((ROOT / "secrets").rglob("*")):
        if path.is_file():
            assert guard.scan(path.relative_to(ROOT).as_posix(), path.read_bytes()) == []
