"""The embedded PostgreSQL: one replica with TLS, for demos and for PoPs that can be rebuilt from their centre."""

from __future__ import annotations

from typing import Any

from compiler.k8s.objects import GeneratedConfigMap
from compiler.pulp.images import image
from compiler.pulp.material import DATABASE_ROLE
from compiler.pulp.pod import (
    POSTGRES_UID,
    Container,
    Mount,
    Pod,
    config_mount,
    pod_template,
    resources,
    scratch_mount,
    secret_mount,
)
from compiler.pulp.provenance import From
from compiler.pulp.reload import certificate_mounts, reload_containers, reload_script, reloaded
from compiler.pulp.scripts import text
from compiler.pulp.site import DATABASE_PORT, Site, labels, manifest, selector

# The operator's paths, so that its claim can be taken over: the cluster is data/pgdata in the volume.
_VOLUME = "/var/lib/postgresql/data"
_PGDATA = f"{_VOLUME}/pgdata"
_SOCKETS = "/var/run/postgresql"
_GRACE = 60


def database_objects(site: Site) -> list[dict[str, Any]]:
    """StatefulSet and headless Service; nothing when the database is external."""
    if not (site.spec.database and site.spec.database.embedded):
        return []
    return [_stateful_set(site), _service(site)]


def database_config_maps(site: Site) -> list[GeneratedConfigMap]:
    """Who may connect, and the scripts that prepare the volume and watch the certificates."""
    if not (site.spec.database and site.spec.database.embedded):
        return []
    name = site.name("database-scripts")
    files = {"database.sh": text("database.sh"), "pg_hba.conf": hba(site), **reload_script(site)}
    return [GeneratedConfigMap(name, files, labels(site, "database"))]


def hba(site: Site) -> str:
    """``pg_hba.conf``: Pulp's role over the network, PostgreSQL's own only from inside the pod."""
    kind = "hostssl" if site.encrypted else "host"
    # verify-full: the client's certificate must be of our CA and its CN the role (PostgreSQL manual, 21.1).
    option = " clientcert=verify-full" if site.mutual else ""
    return (
        "# type database user address method\n"
        "local all postgres peer\n"
        f"{kind} {DATABASE_ROLE} {DATABASE_ROLE} all scram-sha-256{option}\n"
    )


def _arguments(site: Site) -> list[str]:
    options = {
        "hba_file": "/etc/pulp/database-scripts/pg_hba.conf",
        "listen_addresses": "*",
        # /dev/shm holds 64 MB in a container, which parallel queries can exceed.
        "max_parallel_workers_per_gather": "0",
        "password_encryption": "scram-sha-256",
        "unix_socket_directories": _SOCKETS,
    }
    if site.encrypted:
        options |= {
            "ssl": "on",
            "ssl_cert_file": "/etc/pulp/secrets/database-tls/tls.crt",
            "ssl_key_file": "/etc/pulp/secrets/database-tls/tls.key",
            "ssl_min_protocol_version": "TLSv1.2",
        }
    if site.mutual:
        options["ssl_ca_file"] = "/etc/pulp/ca/ca.crt"
    command = ["postgres", "-D", _PGDATA]
    for name, value in sorted(options.items()):
        command += ["-c", f"{name}={value}"]
    return command


def _stateful_set(site: Site) -> dict[str, Any]:
    embedded = site.spec.database.embedded if site.spec.database else None
    assert embedded is not None  # noqa: S101 - the caller looked
    claim = site.name("postgres")
    data = Mount(claim, {}, _VOLUME, read_only=False, sub_path="data")
    scratch = (scratch_mount("tmp", "/tmp", "256Mi"), scratch_mount("run", _SOCKETS, "16Mi"))  # noqa: S108
    scripts = config_mount(site, "database-scripts", executable=True)
    environment = {"PGDATA": _PGDATA}
    ready = {
        "exec": {"command": ["pg_isready", "-q", "-h", _SOCKETS, "-U", DATABASE_ROLE, "-d", DATABASE_ROLE]},
        "timeoutSeconds": 5,
    }
    wanted = (
        From("database.embedded.resources", embedded.resources)
        if embedded.resources
        else resources("250m", "256Mi", "1Gi")
    )
    prepare = Container(
        name="prepare",
        image=image(site, "postgres"),
        command=["/bin/sh", "/etc/pulp/database-scripts/database.sh"],
        mounts=(data, *scratch, scripts, secret_mount(site, "postgres-configuration")),
        resources=wanted,
        env=environment,
    )
    postgres = Container(
        name="postgres",
        image=image(site, "postgres"),
        command=_arguments(site),
        mounts=(data, *scratch, scripts, *certificate_mounts(site, "postgres")),
        resources=wanted,
        env=environment,
        fields={
            "ports": [{"name": "postgres", "containerPort": DATABASE_PORT, "protocol": "TCP"}],
            "startupProbe": {**ready, "periodSeconds": 5, "failureThreshold": 60},
            "readinessProbe": {**ready, "periodSeconds": 10, "failureThreshold": 3},
            "livenessProbe": {**ready, "periodSeconds": 20, "failureThreshold": 6},
            # SIGTERM would wait for every client to leave; a fast shutdown ends their sessions and is clean.
            "lifecycle": {
                "preStop": {
                    "exec": {"command": ["pg_ctl", "stop", "-D", _PGDATA, "-m", "fast", "-t", str(_GRACE - 10)]}
                }
            },
        },
    )
    template = pod_template(
        site,
        Pod(
            component="database",
            account="database",
            uid=POSTGRES_UID,
            init=(prepare,),
            containers=(postgres, *reload_containers(site, "postgres", (scratch[1], scripts))),
            fields={"terminationGracePeriodSeconds": _GRACE},
            reloaded=reloaded(site, "postgres"),
        ),
    )
    # The claim's volume is made by the StatefulSet, not by the pod.
    template["spec"]["volumes"] = [volume for volume in template["spec"]["volumes"] if volume["name"] != claim]
    storage = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": From("database.embedded.storage_class", embedded.storage_class),
        "resources": {"requests": {"storage": From("database.embedded.size", embedded.size)}},
    }
    body = {
        "replicas": 1,
        "revisionHistoryLimit": 3,
        "serviceName": site.service("database"),
        "selector": {"matchLabels": selector(site, "database")},
        "template": template,
        "volumeClaimTemplates": [
            {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {"name": claim},
                "spec": storage,
            }
        ],
    }
    return manifest(site, "apps/v1", "StatefulSet", site.name("database"), "database", spec=body)


def _service(site: Site) -> dict[str, Any]:
    port = {"name": "postgres", "port": DATABASE_PORT, "protocol": "TCP", "targetPort": "postgres"}
    body = {"type": "ClusterIP", "clusterIP": "None", "selector": selector(site, "database"), "ports": [port]}
    return manifest(site, "v1", "Service", site.service("database"), "database", spec=body)
