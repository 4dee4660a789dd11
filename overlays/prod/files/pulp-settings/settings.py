# Pulp's settings. No secret stands here: keys and passwords are read from the files that the pod mounts.
# Names that are not upper-case are no settings.
from pathlib import Path as _Path
from secrets import token_hex as _token_hex
from urllib.parse import quote as _quote


def _read(path):
    """A mounted secret without the line break at its end."""
    value = _Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    if value.startswith("@"):  # dynaconf would take it for an instruction
        raise ValueError(path + ": a value must not begin with '@'")
    return value


ALLOWED_HOSTS = [
    "pulp.example.com",
    "pulp-api-svc",
    "pulp-api-svc.pulp",
    "pulp-api-svc.pulp.svc",
    "pulp-api-svc.pulp.svc.cluster.local",
    "pulp-web-svc",
    "pulp-web-svc.pulp",
    "pulp-web-svc.pulp.svc",
    "pulp-web-svc.pulp.svc.cluster.local",
]
ANALYTICS = False
API_APP_TTL = 240
CACHE_ENABLED = True
CONTENT_ORIGIN = "https://pulp.example.com"
CSRF_COOKIE_SECURE = True
CSRF_TRUSTED_ORIGINS = ["https://pulp.example.com"]
DATABASES = {
    "default": {
        "CONN_MAX_AGE": 0,
        "ENGINE": "django.db.backends.postgresql",
        "HOST": "db.example.com",
        "NAME": "pulp",
        "OPTIONS": {"sslmode": "verify-full", "sslrootcert": "/etc/pki/tls/certs/ca-bundle.crt"},
        "PASSWORD": _read("/etc/pulp/secrets/postgres-configuration/password"),
        "PORT": "5432",
        "USER": "pulp",
    },
}
DB_ENCRYPTION_KEY = "/etc/pulp/secrets/db-fields-encryption/database_fields.symmetric.key"
ENABLED_PLUGINS = ["pulp_container", "pulp_file", "pulp_rpm"]
FILE_UPLOAD_TEMP_DIR = "/var/lib/pulp/tmp"
LOGGING = {"dynaconf_merge": True, "loggers": {"": {"level": "INFO"}}}
MEDIA_ROOT = ""
PRIVATE_KEY_PATH = "/etc/pulp/secrets/container-auth/container_auth_private_key.pem"
PUBLIC_KEY_PATH = "/etc/pulp/secrets/container-auth/container_auth_public_key.pem"
REDACT_UNSAFE_EXCEPTIONS = True
REDIRECT_TO_OBJECT_STORAGE = True
REDIS_URL = "rediss://:" + _quote(_read("/etc/pulp/secrets/redis-configuration/password"), safe="") + "@redis.example.com:6379/0?ssl_ca_certs=/etc/pki/tls/certs/ca-bundle.crt&ssl_cert_reqs=required&ssl_check_hostname=true"
SECRET_KEY = _read("/etc/pulp/secrets/secret-key/secret_key")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = True
STATIC_ROOT = "/var/lib/operator/static/"
STORAGES = {
    "default": {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "access_key": _read("/etc/pulp/secrets/s3/s3-access-key-id"),
            "addressing_style": "virtual",
            "bucket_name": "pulp-prod",
            "region_name": "eu-west-1",
            "secret_key": _read("/etc/pulp/secrets/s3/s3-secret-access-key"),
            "signature_version": "s3v4",
        },
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
TASK_PROTECTION_TIME = 43200
TMPFILE_PROTECTION_TIME = 1440
TOKEN_AUTH_DISABLED = False
TOKEN_SERVER = "https://pulp.example.com/token/"
TOKEN_SIGNATURE_ALGORITHM = "ES256"
UPLOAD_PROTECTION_TIME = 1440
WORKER_NAME_TEMPLATE = "{pid}@{hostname}." + _token_hex(4)
WORKING_DIRECTORY = "/var/lib/pulp/tmp"
