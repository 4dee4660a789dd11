"""Signing services: the keys in the workers' keyring, the scripts beside them, and the Job that registers them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from compiler.k8s.objects import GeneratedConfigMap
from compiler.pulp.images import image
from compiler.pulp.jobs import one_shot
from compiler.pulp.material import SIGNING_KEY
from compiler.pulp.pod import (
    PULP_UID,
    Container,
    Mount,
    Pod,
    config_mount,
    resources,
    scratch_mount,
    secret_mount,
)
from compiler.pulp.process import environment, gate, manager_resources, scratch, settings_mounts
from compiler.pulp.scripts import text
from compiler.pulp.site import Site, labels

# The operator's folder: the path of a script is written into the database once, and stays.
_SCRIPTS = "/var/lib/pulp/scripts"
_KEYRING = "/run/gnupg"
_HOME = f"{_KEYRING}/home"


@dataclass(frozen=True, slots=True)
class Service:
    """One kind of signing service.

    Args:
        model: ``app:Class`` of Pulp, as ``pulpcore-manager add-signing-service --class`` wants it.
        script: our script for it.
    """

    model: str
    script: str


SERVICES = {
    "apt": Service("deb:AptReleaseSigningService", "sign-release.sh"),
    "collection": Service("core:AsciiArmoredDetachedSigningService", "sign-detached.sh"),
    "container": Service("container:ManifestSigningService", "sign-manifest.sh"),
    "rpm": Service("core:AsciiArmoredDetachedSigningService", "sign-detached.sh"),
}


def signing_config_maps(site: Site) -> list[GeneratedConfigMap]:
    """The scripts that sign, and what sets the services up."""
    signing = site.spec.signing
    if signing is None:
        return []
    own = dict(signing.scripts)
    scripts = {_file(kind): own.get(kind) or text(SERVICES[kind].script) for kind in sorted(signing.services)}
    wanted = [
        {
            "class": SERVICES[kind].model,
            "key": f"/etc/pulp/secrets/{key}/{SIGNING_KEY}",
            "name": f"{kind}-{key}-service",
            "script": f"{_SCRIPTS}/{_file(kind)}",
        }
        for key in sorted(signing.keys)
        for kind in sorted(signing.services)
    ]
    setup = {
        "keyring.sh": text("keyring.sh"),
        "register.py": text("register.py"),
        "services.json": json.dumps(wanted, indent=2, sort_keys=True) + "\n",
    }
    return [
        GeneratedConfigMap(site.name("signing-scripts"), scripts, labels(site)),
        GeneratedConfigMap(site.name("signing-setup"), setup, labels(site)),
    ]


def _file(kind: str) -> str:
    """The operator's name of a script."""
    return f"{kind}_script.sh"


def signing_environment(site: Site) -> dict[str, str]:
    """Where gpg finds the keyring, for whatever runs a signing script."""
    return {"GNUPGHOME": _HOME} if site.spec.signing else {}


def signing_mounts(site: Site) -> tuple[Mount, ...]:
    """The keyring and the scripts: one file each, since a folder's files would be links into one that is named by the
    time, and ``add-signing-service`` writes the path behind the links into the database."""
    signing = site.spec.signing
    if signing is None:
        return ()
    folder = config_mount(site, "signing-scripts", executable=True)
    files = tuple(
        Mount(folder.volume, folder.source, f"{_SCRIPTS}/{_file(kind)}", sub_path=_file(kind))
        for kind in sorted(signing.services)
    )
    return (_keyring(), *files)


def _keyring() -> Mount:
    return scratch_mount("gnupg", _KEYRING, "16Mi", memory=True)


def _keys(site: Site) -> tuple[Mount, ...]:
    signing = site.spec.signing
    return tuple(secret_mount(site, name) for name in sorted(signing.keys)) if signing else ()


def keyring(site: Site) -> tuple[Container, ...]:
    """The init container that imports the keys into a keyring in memory; nothing when nothing is signed."""
    if site.spec.signing is None:
        return ()
    return (
        Container(
            name="keyring",
            image=image(site, "pulp"),
            command=["/bin/sh", "/etc/pulp/signing-setup/keyring.sh"],
            mounts=(
                *_keys(site),
                _keyring(),
                config_mount(site, "signing-setup", executable=True),
                scratch_mount("tmp", "/tmp", "1Gi"),  # noqa: S108
            ),
            resources=resources("50m", "32Mi", "128Mi"),
            env={**environment(site), **signing_environment(site)},
        ),
    )


def signing_objects(site: Site, config_maps: Sequence[GeneratedConfigMap]) -> list[dict[str, Any]]:
    """``<name>-signing-<hash>``: registers what is not registered yet, once for each state of keys and scripts."""
    if site.spec.signing is None:
        return []
    container = Container(
        name="register",
        image=image(site, "pulp"),
        command=["pulpcore-manager", "shell", "-c", "exec(open('/etc/pulp/signing-setup/register.py').read())"],
        mounts=(
            *settings_mounts(site),
            *_keys(site),
            *signing_mounts(site),
            config_mount(site, "signing-setup", executable=True),
            *scratch("1Gi"),
        ),
        resources=manager_resources(),
        env={**environment(site), **signing_environment(site)},
    )
    pod = Pod("signing", "jobs", PULP_UID, (container,), (gate(site), *keyring(site)))
    return [one_shot(site, "signing", pod, config_maps, backoff_limit=6, deadline=3600)]
