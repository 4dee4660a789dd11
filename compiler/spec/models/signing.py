"""What Pulp signs, with which keys."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from compiler.spec.models.common import Section

SigningServiceKind = Literal["apt", "collection", "container", "rpm"]


class SigningKey(Section):
    """A GPG key: a Secret ``<name>-<key>`` with the armored secret key under ``signing_service.gpg``."""

    source: Literal["generated", "given"] = "generated"
    """``generated``: RSA 4096, made and kept by ``compiler secrets``; ``given``: yours, without a passphrase."""
    user_id: Annotated[
        str | None, Field(min_length=1, max_length=250, examples=["Acme Packages <pkg@example.com>"])
    ] = None
    """User id of a generated key, looked at only when it is made. Default ``Pulp`` and the host."""


class Signing(Section):
    """Signing services: a service ``<kind>-<key>-service`` in Pulp for each kind and each key."""

    services: Annotated[list[SigningServiceKind], Field(min_length=1, examples=[["rpm", "container"]])]
    """What is signed: ``rpm`` repository metadata, ``apt`` Release files, ``container`` manifests, Ansible collections
    (``collection``). Each needs its plugin."""
    keys: Annotated[dict[str, SigningKey], Field(examples=[{"signing": {}, "signing-2027": {}}])]
    """The keys, by a name that begins with ``signing``. A key is not replaced: a new one gets a new name, and so
    new services beside the old ones."""
    scripts: Annotated[dict[str, str], Field(examples=[{"rpm": '#!/bin/sh\nset -eu\nexec /opt/acme/sign "$1"\n'}])] = {}
    """Signing scripts of your own, by kind, in place of ours, which call ``gpg``."""
