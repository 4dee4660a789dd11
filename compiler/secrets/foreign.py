"""Recipients of sops other than age's: a cluster's keys at PGP, AWS KMS, GCP KMS, Azure Key Vault and HashiCorp Vault.

They are passed through to sops, which wraps the file's data key for them. Nothing here is ever opened with them, and no
credential reaches sops unless it seals for such a key. Sources: sops' README (options, creation rules, metadata), and
for each form the service's own names of its keys.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from compiler.errors import CompilerError, Origin, WorldError

_NETWORK = ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR")


@dataclass(frozen=True)
class Kind:
    """One kind of key.

    Args:
        name: its field in sops' metadata.
        option: of ``sops encrypt``.
        rule: its field in a creation rule of ``.sops.yaml``.
        begins: what a recipient of this kind begins with; tells which form was meant.
        form: of the whole recipient.
        described: the form in words, for errors.
        fields: what a block of the metadata may hold beside ``created_at`` and ``enc``.
        named: the recipient that a block is for.
        variables: of the environment that say who one is there; a name that ends in ``_`` stands for all that begin so.
        defaults: variables with the place below the home folder where the service's own tools keep it.
    """

    name: str
    option: str
    rule: str
    begins: re.Pattern[str]
    form: re.Pattern[str]
    described: str
    fields: frozenset[str]
    named: Callable[[Mapping[str, Any]], str]
    variables: tuple[str, ...] = ()
    defaults: tuple[tuple[str, str], ...] = ()


_NAME = r"[A-Za-z0-9_-]{1,63}"
KINDS = (
    Kind(
        "pgp",
        "--pgp",
        "pgp",
        re.compile(r"(?i)pgp:"),
        re.compile(r"pgp:[0-9A-F]{40}"),
        "a PGP key is pgp: and its fingerprint of 40 hexadecimal digits in upper case (gpg --list-keys)",
        frozenset({"fp"}),
        lambda block: f"pgp:{block.get('fp')}",
        defaults=(("GNUPGHOME", ".gnupg"),),
    ),
    Kind(
        "kms",
        "--kms",
        "kms",
        re.compile(r"arn:"),
        re.compile(
            r"arn:aws(-cn|-us-gov)?:kms:[a-z0-9-]+:[0-9]{12}:"
            r"(key/[0-9a-f-]+|key/mrk-[0-9a-f]{32}|alias/[A-Za-z0-9/_-]+)"
        ),
        "a key of AWS KMS is its ARN, arn:aws:kms:REGION:ACCOUNT:key/ID, without a role",
        frozenset({"arn", "aws_profile"}),
        lambda block: str(block.get("arn")),
        ("AWS_",),
        (("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials"), ("AWS_CONFIG_FILE", ".aws/config")),
    ),
    Kind(
        "gcp_kms",
        "--gcp-kms",
        "gcp_kms",
        re.compile(r"projects/"),
        re.compile(rf"projects/[a-z][a-z0-9:.-]{{4,62}}/locations/[a-z0-9-]+/keyRings/{_NAME}/cryptoKeys/{_NAME}"),
        "a key of GCP KMS is its resource ID, projects/PROJECT/locations/PLACE/keyRings/RING/cryptoKeys/KEY",
        frozenset({"resource_id"}),
        lambda block: str(block.get("resource_id")),
        ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CREDENTIALS", "GOOGLE_OAUTH_ACCESS_TOKEN"),
        (("GOOGLE_APPLICATION_CREDENTIALS", ".config/gcloud/application_default_credentials.json"),),
    ),
    Kind(
        "azure_kv",
        "--azure-kv",
        "azure_keyvault",
        re.compile(r"https?://[^/]*\.vault\."),
        re.compile(
            r"https://[a-z][a-z0-9-]{1,22}[a-z0-9]\.vault\.(azure\.net|azure\.cn|usgovcloudapi\.net)"
            r"/keys/[A-Za-z0-9-]{1,127}/[0-9a-f]{32}"
        ),
        "a key of Azure Key Vault is its URL with the version, https://VAULT.vault.azure.net/keys/KEY/VERSION",
        frozenset({"vault_url", "name", "version"}),
        lambda block: f"{block.get('vault_url')}/keys/{block.get('name')}/{block.get('version')}",
        ("AZURE_",),
        (("AZURE_CONFIG_DIR", ".azure"),),
    ),
    Kind(
        "hc_vault",
        "--hc-vault-transit",
        "hc_vault_transit_uri",
        re.compile(r"https?://"),
        re.compile(rf"https://[a-z0-9.-]+(:[0-9]{{1,5}})?/v1/{_NAME}(/{_NAME})*/keys/{_NAME}"),
        "a key of HashiCorp Vault is the URL of a transit key, https://HOST/v1/ENGINE/keys/KEY",
        frozenset({"vault_address", "engine_path", "key_name"}),
        lambda block: f"{block.get('vault_address')}/v1/{block.get('engine_path')}/keys/{block.get('key_name')}",
        ("VAULT_",),
    ),
)
"""Every kind, the more particular beginning first."""

BY_NAME = {kind.name: kind for kind in KINDS}


def kind_of(text: str) -> Kind | None:
    """The kind that ``text`` begins like; ``None`` for age, and for what is no recipient at all."""
    return next((kind for kind in KINDS if kind.begins.match(text)), None)


def check(text: str, *, origin: Origin | None = None) -> str:
    """``text``, when it has the form of the kind that it begins like.

    Raises:
        CompilerError: it has not.
    """
    kind = kind_of(text)
    if kind is None or not kind.form.fullmatch(text):
        shown = text[:60] + ("…" if len(text) > 60 else "")
        raise CompilerError(f"{shown!r} is no recipient", origin=origin, hint=kind.described if kind else None)
    return text


def grouped(recipients: Sequence[str]) -> dict[str, list[str]]:
    """The recipients that are not age's, by the name of their kind, as sops wants each: without ``pgp:``."""
    found: dict[str, list[str]] = {}
    for one in recipients:
        kind = kind_of(one)
        if kind is not None:
            found.setdefault(kind.name, []).append(one.removeprefix("pgp:"))
    return found


def named(name: str, block: Mapping[str, Any]) -> str:
    """The recipient of a block of the metadata, as :func:`grouped` has it."""
    return BY_NAME[name].named(block).removeprefix("pgp:")


def credentials(kinds: Collection[str], environment: Mapping[str, str], home: str) -> dict[str, str]:
    """What a child needs to wrap a data key for keys of these kinds, and nothing else of the environment.

    Args:
        kinds: names of kinds.
        environment: this process's.
        home: the home folder.
    """
    found: dict[str, str] = {}
    for name in kinds:
        kind = BY_NAME[name]
        for variable, value in environment.items():
            if any(variable == one or (one.endswith("_") and variable.startswith(one)) for one in kind.variables):
                found[variable] = value
        for variable, place in kind.defaults:
            if environment.get(variable):
                found[variable] = environment[variable]
            elif os.path.exists(os.path.join(home, place)):
                found[variable] = os.path.join(home, place)
        if kind.variables:
            found |= {variable: environment[variable] for variable in _NETWORK if variable in environment}
    return found


def check_vault(recipients: Sequence[str], environment: Mapping[str, str]) -> None:
    """Refuse to send a Vault token anywhere but to where the person says that their Vault is: the recipients stand in
    Git, and whoever may write there could name an address of their own.

    Raises:
        WorldError: ``VAULT_ADDR`` is not the address of every Vault among them.
    """
    address = environment.get("VAULT_ADDR", "").rstrip("/")
    for one in grouped(recipients).get("hc_vault", []):
        if one.partition("/v1/")[0] != address:
            raise WorldError(
                f"secrets/recipients.yaml names the Vault at {one.partition('/v1/')[0]}, and VAULT_ADDR "
                + (f"is {address}" if address else "is not set"),
                hint="set VAULT_ADDR (and VAULT_TOKEN) when that is your Vault: the token is sent nowhere else",
            )
