"""What every process of Pulp has in common: settings, secrets, certificates, scratch space, and the gate before it."""

from __future__ import annotations

from typing import Any

from compiler.k8s.objects import GeneratedConfigMap
from compiler.pulp.authentication import authentication_config_maps, authentication_mounts
from compiler.pulp.images import image
from compiler.pulp.pod import Container, Mount, config_mount, resources, scratch_mount, secret_mount, trust_mount
from compiler.pulp.provenance import From
from compiler.pulp.scripts import text
from compiler.pulp.settings import settings_py
from compiler.pulp.site import Site, labels

GATE_SECONDS = 900
"""How long a pod waits for the database and the migrations before it starts over."""


def environment(site: Site) -> dict[str, str]:
    """The environment of every Pulp process; nothing secret is ever in it."""
    return {
        # The root file system is read-only; gunicorn, git and Ansible write below HOME.
        "HOME": "/tmp",  # noqa: S108 - an emptyDir of the pod
        "PULP_SETTINGS": "/etc/pulp/settings/settings.py",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
    }


def settings_mounts(site: Site) -> tuple[Mount, ...]:
    """settings.py and every file that it reads or names for all processes."""
    spec = site.spec
    mounts = [
        config_mount(site, "settings"),
        secret_mount(site, "secret-key"),
        secret_mount(site, "db-fields-encryption"),
    ]
    if site.encrypted:
        mounts.append(trust_mount(site))
    if spec.database and spec.database.external:
        outer = spec.database.external
        mounts.append(secret_mount(site, "postgres-configuration"))
        if outer.ca:
            mounts.append(config_mount(site, "database-ca"))
    elif spec.database and spec.database.embedded:
        mounts.append(secret_mount(site, "postgres-configuration"))
        if site.mutual:
            mounts.append(secret_mount(site, "database-client"))
    if spec.cache and spec.cache.external:
        cache = spec.cache.external
        mounts.append(secret_mount(site, "redis-configuration"))
        if cache.ca:
            mounts.append(config_mount(site, "cache-ca"))
    elif spec.cache and spec.cache.embedded:
        mounts.append(secret_mount(site, "redis-configuration"))
        if site.mutual:
            mounts.append(secret_mount(site, "redis-client"))
    if spec.storage and spec.storage.s3 and spec.storage.s3.credentials == "keys":
        mounts.append(secret_mount(site, "s3"))
    if spec.storage and spec.storage.s3 and spec.storage.s3.ca:
        mounts.append(config_mount(site, "s3-ca"))
    return (*mounts, *authentication_mounts(site))


def scratch(size: Any) -> tuple[Mount, ...]:
    """``/tmp`` and Pulp's working directory, each an emptyDir of limited size."""
    return (scratch_mount("tmp", "/tmp", "1Gi"), scratch_mount("work", "/var/lib/pulp/tmp", size))  # noqa: S108


def manager_resources() -> dict[str, Any]:
    """``pulpcore-manager`` with all plugins loaded takes about 200 MB."""
    return resources("100m", "256Mi", "768Mi")


def gate(site: Site) -> Container:
    """The init container that holds a pod back until the schema is what its code expects."""
    return Container(
        name="gate",
        image=image(site, "pulp"),
        command=["/bin/sh", "/etc/pulp/scripts/gate.sh"],
        mounts=(*settings_mounts(site), scripts(site), *scratch("1Gi")),
        resources=manager_resources(),
        env={**environment(site), "GATE_SECONDS": str(GATE_SECONDS)},
    )


def started(program: str, *arguments: Any) -> list[Any]:
    """The command of a program that ends when the database goes away: started again, it first waits for it.

    The container must mount :func:`scripts`.
    """
    return ["python3", "-IS", "/etc/pulp/scripts/start.py", program, *arguments]


def scripts(site: Site) -> Mount:
    """The scripts of Pulp's own pods."""
    return config_mount(site, "scripts", executable=True)


def config_maps(site: Site) -> list[GeneratedConfigMap]:
    """settings.py, the scripts, and the CA certificates of external services."""
    spec = site.spec
    made = [
        GeneratedConfigMap(site.name("settings"), {"settings.py": settings_py(site)}, labels(site)),
        GeneratedConfigMap(
            site.name("scripts"),
            {name: text(name) for name in ("gate.sh", "probe.py", "schema.py", "start.py")},
            labels(site),
        ),
    ]
    if spec.database and spec.database.external and spec.database.external.ca:
        made.append(GeneratedConfigMap(site.name("database-ca"), {"ca.crt": spec.database.external.ca}, labels(site)))
    if spec.cache and spec.cache.external and spec.cache.external.ca:
        made.append(GeneratedConfigMap(site.name("cache-ca"), {"ca.crt": spec.cache.external.ca}, labels(site)))
    if spec.storage and spec.storage.s3 and spec.storage.s3.ca:
        made.append(GeneratedConfigMap(site.name("s3-ca"), {"ca.crt": spec.storage.s3.ca}, labels(site)))
    return [*made, *authentication_config_maps(site)]


def custom_environment(site: Site, component: str) -> dict[str, Any]:
    """The person's variables for a role, marked."""
    return {name: From(f"{component}.env", value) for name, value in site.role(component).env.items()}
