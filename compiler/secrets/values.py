"""The values of one Secret: what the vault has is kept, what is missing is made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from compiler.pulp.requirements import (
    DjangoKey,
    FernetKey,
    Given,
    Leaf,
    Password,
    SecretRequirement,
    SigningKey,
    TokenPair,
)
from compiler.secrets import lock, material, openpgp, pki
from compiler.secrets.authorities import Authorities
from compiler.secrets.names import check_secret_key
from compiler.secrets.plaintext import Plaintext, Values

CERTIFICATE = "tls.crt"
PRIVATE_KEY = "tls.key"


@dataclass(frozen=True)
class Completed:
    """The values that a requirement wants, and the facts of the leaf among them."""

    values: Values
    certificate: lock.Certificate | None


def complete(
    requirement: SecretRequirement,
    have: Values,
    authorities: Authorities,
    now: datetime,
    *,
    known: lock.Certificate | None = None,
    renew: bool = False,
) -> Completed:
    """Everything that ``requirement`` wants.

    Args:
        requirement: what is wanted; every given key is in ``have``.
        have: what the vault holds.
        authorities: the CAs of the overlay.
        now: the present, timezone-aware.
        known: what the lock says of the leaf in ``have``.
        renew: issue its leaf anew even when the one there still fits.

    Raises:
        CompilerError: a name is not fit for a certificate, or a CA cannot be opened.
    """
    values: Values = {}
    certificate: lock.Certificate | None = None
    for part in requirement.materials:
        match part:
            case Password(key=key, length=length):
                values[key] = have[key] if key in have else material.password(length)
            case DjangoKey(key=key):
                values[key] = have[key] if key in have else material.django_key()
            case FernetKey(key=key):
                values[key] = have[key] if key in have else material.fernet_key()
            case SigningKey(key=key, user_id=user_id):
                values[key] = have[key] if key in have else openpgp.create(user_id, pki.backdated(now))
            case TokenPair(private_key=private, public_key=public):
                if private in have and public in have:
                    values |= {private: have[private], public: have[public]}
                else:
                    values[private], values[public] = material.token_pair()
            case Given(keys=keys):
                values |= {key: have[key] for key in keys}
            case Leaf():
                pair, certificate = _leaf(part, {} if renew else have, authorities, now, known)
                values |= pair
    for key in values:
        check_secret_key(key)
    return Completed(values, certificate)


def _leaf(
    wanted: Leaf, have: Values, authorities: Authorities, now: datetime, known: lock.Certificate | None
) -> tuple[Values, lock.Certificate]:
    if known is not None and CERTIFICATE in have and PRIVATE_KEY in have:
        facts = pki.read(have[CERTIFICATE].reveal())
        fits = (
            facts.purpose == wanted.purpose
            and facts.common_name == wanted.common_name
            and facts.dns_names == tuple(dict.fromkeys(wanted.dns_names))
            and known.serial == facts.serial
            and known.authority == wanted.authority
        )
        if fits:
            return {CERTIFICATE: have[CERTIFICATE], PRIVATE_KEY: have[PRIVATE_KEY]}, known
    issuer, generation = authorities.issuer(wanted.authority)
    pair = pki.issue(
        issuer, purpose=wanted.purpose, common_name=wanted.common_name, dns_names=wanted.dns_names, now=now
    )
    facts = pki.read(pair.certificate)
    certificate = lock.Certificate(
        authority=wanted.authority,
        ca=generation,
        not_after=lock.moment(facts.not_after),
        not_before=lock.moment(facts.not_before),
        serial=facts.serial,
    )
    return {CERTIFICATE: Plaintext(pair.certificate), PRIVATE_KEY: pair.key}, certificate
