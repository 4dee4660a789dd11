"""The real openssl, nginx and Python take what the compiler wrote: chains, nginx.conf, settings.py."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.e2e.site import Site, make

pytestmark = pytest.mark.e2e
OVERLAYS = ["demo", "prod", "pop-ams", "pop-sin"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return make(tmp_path_factory.mktemp("artifacts"))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_openssl_accepts_every_chain_for_its_purpose_and_for_no_other(site: Site, overlay: str, tmp_path: Path) -> None:
    trust = site.trust(overlay)
    leaves = {name: data["tls.crt"] for name, data in site.secrets(overlay).items() if "tls.crt" in data}
    assert leaves
    for name, pem in leaves.items():
        certificate = x509.load_pem_x509_certificate(pem)
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        good, crossed = "sslserver", "sslclient"
        if ExtendedKeyUsageOID.CLIENT_AUTH in usage:
            good, crossed = crossed, good
        signers = {key: _verify(tmp_path, pem, bundle, good) for key, bundle in trust.items()}
        assert sum(signers.values()) == 1, f"{name}: exactly one authority signs it: {signers}"
        (signer,) = [key for key, accepted in signers.items() if accepted]
        assert not _verify(tmp_path, pem, trust[signer], crossed), f"{name}: must not serve the other purpose"


def _verify(folder: Path, leaf: bytes, bundle: str, purpose: str) -> bool:
    (folder / "leaf.pem").write_bytes(leaf)
    (folder / "ca.pem").write_text(bundle)
    command = ["openssl", "verify", "-x509_strict", "-purpose", purpose, "-CAfile", "ca.pem", "leaf.pem"]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_nginx_accepts_its_configuration(site: Site, overlay: str, tmp_path: Path) -> None:
    pod = _pod(site, overlay, "web")
    conf = next(path for path in pod if path.endswith("nginx.conf"))
    hosts = "127.0.0.1 localhost " + " ".join(
        document["metadata"]["name"] for document in site.objects(overlay) if document["kind"] == "Service"
    )
    result = _in_pod(pod, ["nginx", "-t", "-c", conf], tmp_path, hosts)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("role", ["api", "content", "worker"])
def test_python_executes_settings_with_the_secret_files_in_place(
    site: Site, overlay: str, role: str, tmp_path: Path
) -> None:
    pod = _pod(site, overlay, role, given={"password": b"p@ss word", "access": b"key"})
    settings = next(path for path in pod if path.endswith("settings.py"))
    code = """if True:
        import json, runpy, sys
        values = runpy.run_path(sys.argv[1])
        print(json.dumps({name: values[name] for name in values if name.isupper()}))
    """
    result = _in_pod(pod, ["python3", "-c", code, settings], tmp_path, "127.0.0.1 localhost")
    assert result.returncode == 0, result.stderr
    values = json.loads(result.stdout)
    assert len(values["SECRET_KEY"]) >= 50
    assert values["DATABASES"]["default"]["OPTIONS"]["sslmode"] == "verify-full"
    assert values["CONTENT_ORIGIN"].startswith("https://")
    assert Path(values["DB_ENCRYPTION_KEY"]).as_posix() in pod


def _pod(site: Site, overlay: str, role: str, given: dict[str, bytes] | None = None) -> dict[str, bytes]:
    """Every file that the role's first container sees through its Secret and ConfigMap mounts.

    Secrets that nobody has given yet are filled from ``given``, by the first word that the name of a key holds.
    """
    documents = site.objects(overlay)
    (deployment,) = [
        document
        for document in documents
        if document["kind"] == "Deployment" and document["metadata"]["name"].endswith(f"-{role}")
    ]
    maps = {d["metadata"]["name"]: d.get("data", {}) for d in documents if d["kind"] == "ConfigMap"}
    spec = deployment["spec"]["template"]["spec"]
    secrets = site.secrets(overlay)
    inventory = _declared(site, overlay)
    files: dict[str, bytes] = {}
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    for mount in spec["containers"][0]["volumeMounts"]:
        volume: dict[str, Any] = volumes[mount["name"]]
        if "configMap" in volume:
            content = {key: text.encode() for key, text in maps[volume["configMap"]["name"]].items()}
            items = volume["configMap"].get("items")
        elif "secret" in volume:
            name = volume["secret"]["secretName"]
            content = secrets.get(name) or {key: (given or {}).get("password", b"x") for key in inventory[name]}
            items = volume["secret"].get("items")
        else:
            continue
        names = {item["key"]: item["path"] for item in items} if items else {key: key for key in content}
        for key, path in names.items():
            target = mount["mountPath"] if "subPath" in mount else f"{mount['mountPath']}/{path}"
            files[target] = content[key]
    return files


def _declared(site: Site, overlay: str) -> dict[str, list[str]]:
    """Keys of every Secret of the overlay, given ones too, as ``compiler secrets status`` names them."""
    from compiler.kustomize import DirTree
    from compiler.secrets import declared

    return {name: list(keys) for name, keys in declared(DirTree(site.root), overlay).items()}


def _in_pod(files: dict[str, bytes], command: list[str], folder: Path, hosts: str) -> subprocess.CompletedProcess[str]:
    """Run ``command`` in a mount namespace of its own in which ``files`` stand at their real places."""
    stage = folder / "stage"
    for path, content in files.items():
        target = stage / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    (folder / "hosts").write_text(hosts + "\n")
    # An overlay, so that nothing is made on the machine itself.
    lines = ["set -e", f"cd {shlex.quote(str(folder))}", "mkdir layers", "mount -t tmpfs none layers"]
    for top in sorted({path.split("/")[1] for path in files} | {"etc"}):
        lines += [
            f"mkdir -p layers/{top}/upper layers/{top}/work",
            f"mount -t overlay overlay -o lowerdir=/{top},upperdir=layers/{top}/upper,workdir=layers/{top}/work /{top}",
        ]
    lines += ["cp -a stage/. /", "cat hosts > /etc/hosts"]
    lines.append("exec " + shlex.join(command))
    return subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c", "\n".join(lines)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
