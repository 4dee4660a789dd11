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
    "pulp.localhost",
    "pulp-api-svc",
    "pulp-api-svc.pulp-demo",
    "pulp-api-svc.pulp-demo.svc",
    "pulp-api-svc.pulp-demo.svc.cluster.local",
    "pulp-web-svc",
    "pulp-web-svc.pulp-demo",
    "pulp-web-svc.pulp-demo.svc",
    "pulp-web-svc.pulp-demo.svc.cluster.local",
]
ANALYTICS = False
API_APP_TTL = 240
CACHE_ENABLED = True
CONTENT_ORIGIN = "https://pulp.localhost:30443"
CSRF_COOKIE_SECURE = True
CSRF_TRUSTED_ORIGINS = ["https://pulp.localhost:30443"]
DATABASES = {
    "default": {
        "CONN_MAX_AGE": 0,
        "ENGINE": "django.db.backends.postgresql",
        "HOST": "pulp-database-svc",
        "NAME": "pulp",
        "OPTIONS": {
            "sslcert": "/etc/pulp/secrets/database-client/tls.crt",
            "sslkey": "/etc/pulp/secrets/database-client/tls.key",
            "sslmode": "verify-full",
            "sslrootcert": "/etc/pulp/ca/ca.crt",
        },
        "PASSWORD": _read("/etc/pulp/secrets/postgres-configuration/password"),
        "PORT": "5432",
        "USER": "pulp",
    },
}
DB_ENCRYPTION_KEY = "/etc/pulp/secrets/db-fields-encryption/database_fields.symmetric.key"
ENABLED_PLUGINS = ["pulp_container", "pulp_file", "pulp_rpm"]
FILE_UPLOAD_TEMP_DIR = "/var/lib/pulp/tmp"
LOGGING = {"dynaconf_merge": True, "loggers": {"": {"level": "INFO"}}}
MEDIA_ROOT = "/var/lib/pulp/media"
PRIVATE_KEY_PATH = "/etc/pulp/secrets/container-auth/container_auth_private_key.pem"
PUBLIC_KEY_PATH = "/etc/pulp/secrets/container-auth/container_auth_public_key.pem"
REDACT_UNSAFE_EXCEPTIONS = True
REDIS_URL = "rediss://pulp:" + _quote(_read("/etc/pulp/secrets/redis-configuration/password"), safe="") + "@pulp-redis-svc:6379/0?ssl_ca_certs=/etc/pulp/ca/ca.crt&ssl_cert_reqs=required&ssl_certfile=/etc/pulp/secrets/redis-client/tls.crt&ssl_check_hostname=true&ssl_keyfile=/etc/pulp/secrets/redis-client/tls.key"
SECRET_KEY = _read("/etc/pulp/secrets/secret-key/secret_key")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = True
STATIC_ROOT = "/var/lib/operator/static/"
TOKEN_AUTH_DISABLED = False
TOKEN_SERVER = "https://pulp.localhost:30443/token/"
TOKEN_SIGNATURE_ALGORITHM = "ES256"
WORKER_NAME_TEMPLATE = "{pid}@{hostname}." + _token_hex(4)
WORKING_DIRECTORY = "/var/lib/pulp/tmp"
