"""settings.py: public values as literals, secrets as reads of the files that the pod mounts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from compiler.errors import CompilerError
from compiler.pulp import material
from compiler.pulp.authentication import authentication_imports, authentication_settings
from compiler.pulp.cache import cache_user
from compiler.pulp.foreign import foreign
from compiler.pulp.literals import Code, literal, text_literal
from compiler.pulp.plugins import enabled
from compiler.pulp.site import CACHE_PORT, DATABASE_PORT, Site
from compiler.spec.models.backing import S3Storage

ROOT = "/etc/pulp"
"""Where pods mount settings, secrets and certificates."""

# The image's own bundle of public CAs (CentOS Stream; a path of the image, not of the node).
PUBLIC_CAS = "/etc/pki/tls/certs/ca-bundle.crt"

_HEADER = '''\
# Pulp's settings. No secret stands here: keys and passwords are read from the files that the pod mounts.
# Names that are not upper-case are no settings.
from pathlib import Path as _Path
from secrets import token_hex as _token_hex
from urllib.parse import quote as _quote

@IMPORTS@
def _read(path):
    """A mounted secret without the line break at its end."""
    value = _Path(path).read_text(encoding="utf-8").rstrip("\\r\\n")
    if value.startswith("@"):  # dynaconf would take it for an instruction
        raise ValueError(path + ": a value must not begin with '@'")
    return value


'''

# What stands in our hands because a key of the spec decides it; the key is the hint.
_OWNED = {
    "CACHE_ENABLED": "cache",
    "DATABASES": "database",
    "DB_ENCRYPTION_KEY": "",
    "ENABLED_PLUGINS": "pulp.plugins",
    "MEDIA_ROOT": "storage",
    "PRIVATE_KEY_PATH": "",
    "PUBLIC_KEY_PATH": "",
    "REDIS_DB": "cache",
    "REDIS_HOST": "cache",
    "REDIS_PASSWORD": "cache",
    "REDIS_PORT": "cache",
    "REDIS_SSL": "cache",
    "REDIS_SSL_CA_CERTS": "cache",
    "REDIS_URL": "cache",
    "SECRET_KEY": "",
    "STATIC_ROOT": "",
    "STORAGES": "storage",
    "WORKING_DIRECTORY": "worker.scratch",
    "FILE_UPLOAD_TEMP_DIR": "worker.scratch",
}


def settings_py(site: Site, root: str = ROOT) -> str:
    """The text of settings.py.

    Args:
        site: the installation.
        root: folder below which the pods' secrets and certificates are; other than the default only to try the result.

    Raises:
        CompilerError: ``pulp.settings`` names something that is no setting, or that another key of the spec decides;
            or a plugin needs a public URL and there is none.
    """
    values: dict[str, Any] = {
        **_core(site, root),
        **_addresses(site),
        **_database(site, root),
        **_cache(site, root),
        **_storage(site, root),
        **_plugins(site, root),
        **authentication_settings(site, root, PUBLIC_CAS),
    }
    values = _merged(values, _checked(site.spec.pulp.settings))
    lines = [f"{name} = {literal(value)}\n" for name, value in sorted(values.items())]
    return _HEADER.replace("@IMPORTS@", authentication_imports(site)) + "".join(lines)


def _secret(root: str, part: str, key: str) -> str:
    return f"{root}/secrets/{part}/{key}"


def _read(root: str, part: str, key: str) -> Code:
    return Code(f"_read({text_literal(_secret(root, part, key))})")


def _user(site: Site, root: str, part: str) -> Code | None:
    """The user's name, where an existing Secret holds it."""
    theirs = foreign(site, part)
    return _read(root, part, material.USERNAME) if theirs is not None and material.USERNAME in theirs.keys else None


def _core(site: Site, root: str) -> dict[str, Any]:
    spec = site.spec
    values: dict[str, Any] = {
        "ANALYTICS": False,
        # At least twice gunicorn's timeout, else busy API processes are reported missing.
        "API_APP_TTL": max(240, 2 * spec.api.timeout),
        "DB_ENCRYPTION_KEY": _secret(root, "db-fields-encryption", material.FIELDS_KEY),
        "ENABLED_PLUGINS": [facts.entry_point for facts in enabled(site).values()],
        "FILE_UPLOAD_TEMP_DIR": "/var/lib/pulp/tmp",
        # Only the level: lists would be added to Pulp's own, and every line logged twice.
        "LOGGING": {"dynaconf_merge": True, "loggers": {"": {"level": spec.pulp.log_level}}},
        "REDACT_UNSAFE_EXCEPTIONS": True,
        "SECRET_KEY": _read(root, "secret-key", material.DJANGO_KEY),
        # Collected when the image was built; served by the API itself (whitenoise).
        "STATIC_ROOT": "/var/lib/operator/static/",
        # A process registers under this name and deletes it when it ends. One that was killed leaves it for seven days,
        # and the restarted container, same host name and same pid 1, would refuse to start: so no start has the name of
        # another (pulpcore 3.85: app/util.py get_worker_name, tasking/worker.py).
        "WORKER_NAME_TEMPLATE": Code('"{pid}@{hostname}." + _token_hex(4)'),
        "WORKING_DIRECTORY": "/var/lib/pulp/tmp",
    }
    if spec.pulp.allowed_content_checksums is not None:
        values["ALLOWED_CONTENT_CHECKSUMS"] = sorted(set(spec.pulp.allowed_content_checksums))
    if spec.environment in ("production", "replica"):
        # Minutes; Pulp's default, 0, never cleans up (reference/pulp.md §7.5).
        values |= {"TASK_PROTECTION_TIME": 43200, "TMPFILE_PROTECTION_TIME": 1440, "UPLOAD_PROTECTION_TIME": 1440}
    return values


def _addresses(site: Site) -> dict[str, Any]:
    hosts = [*site.service_names("api"), *site.service_names("web")]
    if site.spec.host:
        hosts.insert(0, site.spec.host)
    values: dict[str, Any] = {
        "ALLOWED_HOSTS": hosts,
        "CSRF_COOKIE_SECURE": True,
        # web sets this header itself and passes no client's on, unless an Ingress controller is its only client.
        "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https"),
        "SESSION_COOKIE_SECURE": True,
    }
    if site.public_url:
        values |= {"CONTENT_ORIGIN": site.public_url, "CSRF_TRUSTED_ORIGINS": [site.public_url]}
    return values


def _database(site: Site, root: str) -> dict[str, Any]:
    database = site.spec.database
    if database is None or not (database.embedded or database.external):
        return {}
    options: dict[str, Any] = {}
    if database.external:
        outer = database.external
        host, port, name, user = outer.host, outer.port, outer.name, outer.user
        ca = f"{root}/database-ca/ca.crt" if outer.ca else PUBLIC_CAS
        options = {"sslmode": "verify-full", "sslrootcert": ca}
    else:
        host, port, name, user = site.service("database"), DATABASE_PORT, material.DATABASE_ROLE, material.DATABASE_ROLE
        if site.encrypted:
            options = {"sslmode": "verify-full", "sslrootcert": f"{root}/ca/ca.crt"}
        if site.mutual:
            options["sslcert"] = _secret(root, "database-client", "tls.crt")
            options["sslkey"] = _secret(root, "database-client", "tls.key")
    return {
        "DATABASES": {
            "default": {
                "CONN_MAX_AGE": 0,
                "ENGINE": "django.db.backends.postgresql",
                "HOST": host,
                "NAME": name,
                "OPTIONS": options,
                "PASSWORD": _read(root, "postgres-configuration", material.PASSWORD),
                "PORT": str(port),
                "USER": _user(site, root, "postgres-configuration") or user,
            }
        }
    }


def _cache(site: Site, root: str) -> dict[str, Any]:
    cache = site.spec.cache
    if cache is None or not (cache.embedded or cache.external):
        return {"CACHE_ENABLED": False}
    # Client certificates reach Redis only through the parameters of REDIS_URL; REDIS_SSL* has none.
    tls: dict[str, str] = {}
    if cache.external:
        host, port, number = cache.external.host, cache.external.port, cache.external.db
        scheme = "rediss"
        tls["ssl_ca_certs"] = f"{root}/cache-ca/ca.crt" if cache.external.ca else PUBLIC_CAS
    else:
        host, port, number = site.service("redis"), CACHE_PORT, 0
        scheme = "rediss" if site.encrypted else "redis"
        if site.encrypted:
            tls["ssl_ca_certs"] = f"{root}/ca/ca.crt"
        if site.mutual:
            tls["ssl_certfile"] = _secret(root, "redis-client", "tls.crt")
            tls["ssl_keyfile"] = _secret(root, "redis-client", "tls.key")
    if tls:
        tls |= {"ssl_cert_reqs": "required", "ssl_check_hostname": "true"}
    query = "&".join(f"{key}={quote(value, safe='/')}" for key, value in sorted(tls.items()))
    start = text_literal(f"{scheme}://{quote(cache_user(site) or '', safe='')}:")
    named = _user(site, root, "redis-configuration")
    if named is not None:
        start = f'"{scheme}://" + _quote({named.text}, safe="") + ":"'
    end = text_literal(f"@{host}:{port}/{number}" + (f"?{query}" if query else ""))
    password = _read(root, "redis-configuration", material.PASSWORD).text
    return {"CACHE_ENABLED": True, "REDIS_URL": Code(f'{start} + _quote({password}, safe="") + {end}')}


def _storage(site: Site, root: str) -> dict[str, Any]:
    storage = site.spec.storage
    if storage is None or not storage.s3:
        return {"MEDIA_ROOT": "/var/lib/pulp/media"} if site.uses_volume else {}
    s3 = storage.s3
    options: dict[str, Any] = {
        "addressing_style": _addressing(s3),
        "bucket_name": s3.bucket,
        "signature_version": "s3v4",
    }
    if s3.region:
        options["region_name"] = s3.region
    if s3.endpoint:
        options["endpoint_url"] = s3.endpoint
    if s3.ca:
        options["verify"] = f"{root}/s3-ca/ca.crt"
    if s3.credentials == "keys":
        options["access_key"] = _read(root, "s3", material.S3_ACCESS_KEY)
        options["secret_key"] = _read(root, "s3", material.S3_SECRET_KEY)
    return {
        "MEDIA_ROOT": "",
        "REDIRECT_TO_OBJECT_STORAGE": s3.redirect,
        "STORAGES": {
            "default": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options},
            "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        },
    }


def _addressing(s3: S3Storage) -> str:
    """``auto``, but at AWS ``virtual`` for a bucket whose name can be a host: what botocore does by itself, except that
    it then signs URLs for the bucket's region (``botocore.signers._should_use_global_endpoint``). Those it signs with
    ``auto`` lead clients to s3.amazonaws.com, which does not serve the newer regions."""
    if s3.addressing_style == "auto" and s3.endpoint is None and "." not in s3.bucket:
        return "virtual"
    return s3.addressing_style


def _plugins(site: Site, root: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, facts in enabled(site).items():
        if facts.settings is None:
            continue
        if site.public_url:
            values |= facts.settings(site, site.public_url)
        elif site.deployable:
            raise CompilerError(
                f"the plugin {name} needs the public URL, and exposure.node_port leaves its port to the cluster",
                hint="set host and exposure.node_port.port",
            )
    if site.plugin("container"):
        values["PRIVATE_KEY_PATH"] = _secret(root, "container-auth", material.TOKEN_PRIVATE)
        values["PUBLIC_KEY_PATH"] = _secret(root, "container-auth", material.TOKEN_PUBLIC)
    return values


def _checked(extra: Mapping[str, Any]) -> Mapping[str, Any]:
    for name in extra:
        if not re.fullmatch(r"[A-Z][A-Z0-9_]*", name):
            raise CompilerError(
                f"pulp.settings.{name} is no setting: names are upper-case",
                hint=f"write {name.upper()}" if re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) else None,
            )
        if name in _OWNED:
            key = _OWNED[name]
            raise CompilerError(
                f"pulp.settings.{name} cannot be set there", hint=f"use {key}" if key else "the compiler decides it"
            )
    return extra


def _merged(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(ours)
    for name, value in theirs.items():
        old = merged.get(name)
        merged[name] = _merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged
