"""Files for the guard: leaks in every form that it has to find, and what only looks like one."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import os
import random
import tarfile
import textwrap
import zipfile

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from compiler.secrets import archives, material
from tests.secrets.support import person
from tests.secrets.test_sealedsecrets import controller

CANARY = "canary-hunter2"
B64 = base64.b64encode(CANARY.encode()).decode()
PLAIN = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: x}}\ndata:\n  password: {B64}\n"
IV, TAG = base64.b64encode(b"i" * 32).decode(), base64.b64encode(b"t" * 16).decode()
ENC = f"ENC[AES256_GCM,data:AAAA,iv:{IV},tag:{TAG},type:str]"
ARMOR = f"-----BEGIN AGE ENCRYPTED FILE-----\n{'A' * 64}\n-----END AGE ENCRYPTED FILE-----\n"
SOPS = json.dumps({"mac": ENC, "age": [{"recipient": "age1x", "enc": ARMOR}]})
PRIVATE = material.token_pair()[0].reveal().decode()
FOLDED = "\n".join(textwrap.wrap(base64.b64encode(PRIVATE.encode()).decode(), 64))
IDENTITY = person().identity

FAKE = "ENC[AES256_GCM,data:aHVudGVyMg==,iv:aaaa,tag:bbbb,type:str]"


def form(name: str) -> bytes:
    """A private key in one of the forms that tools write."""
    ec_key, rsa_key = ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)
    der, none = serialization.Encoding.DER, serialization.NoEncryption()
    traditional, pkcs8 = serialization.PrivateFormat.TraditionalOpenSSL, serialization.PrivateFormat.PKCS8
    secret = serialization.BestAvailableEncryption(b"passphrase")
    match name:
        case "openssh":
            openssh = serialization.PrivateFormat.OpenSSH
            return ec_key.private_bytes(serialization.Encoding.PEM, openssh, none)
        case "ed25519":
            return ed25519.Ed25519PrivateKey.generate().private_bytes(der, pkcs8, none)
        case "pkcs12" | "pkcs12 encrypted":
            hidden = secret if name.endswith("encrypted") else none
            return pkcs12.serialize_key_and_certificates(b"x", ec_key, None, None, hidden)
        case "sec1":
            return ec_key.private_bytes(der, traditional, none)
        case "pkcs1":
            return rsa_key.private_bytes(der, traditional, none)
        case "rsa":
            return rsa_key.private_bytes(der, pkcs8, none)
        case _:
            return ec_key.private_bytes(der, pkcs8, secret if name == "encrypted" else none)


def packed(kind: str, content: bytes) -> bytes:
    """An archive with two files: one that is nothing, and ``content``."""
    file = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.txt", "nothing")
            archive.writestr("folder/b.conf", content)
    else:
        with tarfile.open(fileobj=file, mode="w") as tar:
            for name, data in (("a.txt", b"nothing"), ("folder/b.conf", content)):
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                tar.addfile(entry, io.BytesIO(data))
    return file.getvalue()


LEAKS: dict[str, str | bytes] = {
    "a plain Secret": PLAIN,
    "a short value": "kind: Secret\nstringData: {pin: '1'}\n",
    "in JSON": json.dumps({"kind": "Secret", "data": {"password": B64}}),
    "in a List": json.dumps({"kind": "List", "items": [{"kind": "ConfigMap"}, {"kind": "Secret", "data": {"a": B64}}]}),
    "in a SecretList": json.dumps({"kind": "SecretList", "items": [{"kind": "Secret", "data": {"a": B64}}]}),
    "in a second document": f"kind: ConfigMap\n---\n{PLAIN}",
    "after a sealed one": f"kind: Secret\ndata: {{a: '{ENC}'}}\nsops: {SOPS}\n---\n{PLAIN}",
    "beside a sealed value": f"kind: Secret\ndata: {{a: '{ENC}', b: {B64}}}\nsops: {SOPS}\n",
    "with a made-up sops block": f"{PLAIN}sops: {SOPS}\n",
    "a look-alike": f"kind: Secret\nstringData: {{a: 'ENC[AES256_GCM, hunter2]'}}\nsops: {SOPS}\n",
    "a look-alike with a short nonce": f"kind: Secret\ndata: {{a: '{FAKE}'}}\nsops: {SOPS}\n",
    "a value that is no base64": f"kind: Secret\ndata: {{a: '{ENC.replace('AAAA', 'hunter2')}'}}\nsops: {SOPS}\n",
    "sealed to nobody": f"kind: Secret\ndata: {{a: '{ENC}'}}\nsops: {{mac: '{ENC}', age: []}}\n",
    "sealed without a MAC": f"kind: Secret\ndata: {{a: '{ENC}'}}\nsops: {{age: [{{enc: {json.dumps(ARMOR)}}}]}}\n",
    "a literal of a generator": "secretGenerator:\n- name: a\n  literals: [password=canary-hunter2]\n",
    "a file of a generator": "secretGenerator: [{name: a, files: [tls.key=server.key]}]\n",
    "an env file of a generator": "secretGenerator: [{name: a, envs: [db.env]}]\n",
    "a generator of its own": "kind: SecretGenerator\nmetadata: {name: a}\nliterals: [a=b]\n",
    "a PEM with a zero behind": PRIVATE.encode() + b"\0",
    "a PEM after an odd mark": b"\xff\xfe\n" + PRIVATE.encode(),
    "an age identity after an odd mark": b"\xff\xfe\n" + IDENTITY.encode() + b"\n",
    "a PEM among bytes that are no text": b"\x80\x81" + PRIVATE.encode() + b"\xff",
    "a Secret after an odd byte": b"\xff\n" + PLAIN.encode(),
    "an age identity over two lines": f"{IDENTITY[:30]}\n{IDENTITY[30:]}\n",
    "an age identity in base64": base64.b64encode(IDENTITY.encode()),
    "an age identity in base64 at another offset": base64.b64encode(b"ab" + IDENTITY.lower().encode()),
    "an age identity in hexadecimal": IDENTITY.encode().hex(),
    "a PEM in hexadecimal": "\n".join(textwrap.wrap(PRIVATE.encode().hex().upper(), 60)),
    "a PEM without its header": "\n".join(PRIVATE.splitlines()[1:-1]),
    "a PEM behind comment marks": textwrap.indent(PRIVATE, "# "),
    "an OpenSSH key without its header": "\n".join(form("openssh").decode().splitlines()[1:-1]),
    "an OpenSSH key in its own form": base64.b64decode(b"".join(form("openssh").splitlines()[1:-1])),
    "PKCS#8 in DER": form("pkcs8"),
    "PKCS#8 of RSA in DER": form("rsa"),
    "PKCS#1 in DER": form("pkcs1"),
    "SEC1 in DER": form("sec1"),
    "Ed25519 in DER": form("ed25519"),
    "PKCS#8 under a passphrase in DER": form("encrypted"),
    "PKCS#12": form("pkcs12"),
    "PKCS#12 under a passphrase": form("pkcs12 encrypted"),
    "a key of PuTTY": "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nPrivate-Lines: 1\nAAAA\nPrivate-MAC: 0\n",
    "a JSON Web Key": json.dumps({"kty": "OKP", "crv": "Ed25519", "x": "x" * 43, "d": "d" * 43}),
    "a key in a set of JSON Web Keys": json.dumps(
        {"keys": [{"kty": "EC", "x": "x" * 43}, {"d": "d" * 43, "kty": "EC", "x": "x" * 43}]}
    ),
    "an OpenPGP key": b"\x94\x2c\x04\x65\0\0\0\x16" + bytes(37),
    "a tar": packed("tar", PRIVATE.encode()),
    "a compressed tar": gzip.compress(packed("tar", IDENTITY.encode())),
    "gzip": gzip.compress(PLAIN.encode()),
    "gzip that is cut off": gzip.compress(PRIVATE.encode() + os.urandom(4096))[:-2000],
    "bzip2": bz2.compress(PRIVATE.encode()),
    "xz": lzma.compress(PRIVATE.encode()),
    "zip": packed("zip", PRIVATE.encode()),
    "a bomb": gzip.compress(bytes(archives.MOST + 1)),
    "archives in archives without end": gzip.compress(gzip.compress(gzip.compress(gzip.compress(b"x")))),
    "under a key that stands twice": f"kind: Secret\ndata: {{a: {B64}}}\ndata: {{a: '{ENC}'}}\nsops: {SOPS}\n",
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


def public(name: str) -> bytes:
    """The public half of a key, in the forms nearest to those of a private one."""
    key = rsa.generate_private_key(65537, 2048).public_key()
    info, pkcs1 = serialization.PublicFormat.SubjectPublicKeyInfo, serialization.PublicFormat.PKCS1
    match name:
        case "DER":
            return key.public_bytes(serialization.Encoding.DER, info)
        case "PKCS#1":
            return key.public_bytes(serialization.Encoding.DER, pkcs1)
        case "PEM of PKCS#1":
            return key.public_bytes(serialization.Encoding.PEM, pkcs1)
        case _:
            return controller(rsa.generate_private_key(65537, 2048))


CLEAN: dict[str, str | bytes] = {
    "a ConfigMap": "kind: ConfigMap\ndata: {a: hello}\n",
    "an empty Secret": "kind: Secret\nmetadata: {name: x}\ndata: {}\n",
    "a reference": "kind: Deployment\nspec: {volumes: [{secret: {secretName: pulp-x}}]}\n",
    "a role": "kind: Role\nrules: [{resources: [secrets], verbs: [get]}]\n",
    "a public key": material.token_pair()[1].reveal().decode(),
    "a public key in base64": base64.b64encode(material.token_pair()[1].reveal()).decode(),
    "words about a PEM": "a file that begins with -----BEGIN PRIVATE KEY----- is one\n",
    "nothing": "",
    "a binary file": "\0\1\2\3",
    "a public key in DER": public("DER"),
    "a public key in DER, PKCS#1": public("PKCS#1"),
    "a public key in PEM, PKCS#1": public("PEM of PKCS#1"),
    "a certificate": public("certificate"),
    "a program that reads keys of OpenSSH": b"\x7fELF\0openssh-key-v1\0openssh-key-v2\0",
    "a public JSON Web Key": json.dumps({"keys": [{"kty": "RSA", "n": "n" * 342, "e": "AQAB"}, {"d": "x" * 30}]}),
    "words about an identity": "An identity begins with AGE-SECRET-KEY-1 and goes on with more letters than these\n",
    "a generator of ConfigMaps": "configMapGenerator: [{name: a, literals: [a=b], files: [a.conf]}]\n",
    "a generator of what sops sealed": "secretGenerator: [{name: a, files: [token=token.sops.yaml, b.encrypted]}]\n",
    "an archive": packed("tar", b"nothing to see"),
    "a compressed file": gzip.compress(b"kind: ConfigMap\n"),
    "an archive that is none": b"PK\3\4 and nothing of a zip",
    "random bytes": random.Random(1).randbytes(200_000),
    "random bytes in base64": base64.b64encode(random.Random(2).randbytes(200_000)),
    "random bytes in hexadecimal": random.Random(3).randbytes(100_000).hex(),
}
