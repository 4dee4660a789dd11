"""When something is due: certificates near their end, and dates that the clock has not reached yet."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from compiler.secrets import lock, pki

Due = Literal["ok", "renew", "expiring", "expired", "early", "ahead"]
"""``early``: a certificate is not valid yet; ``ahead``: a record names a time to come."""

RENEW_AT = 3
"""A leaf is due when a third of its life remains, as cert-manager does it."""
CRITICAL = timedelta(days=30)
SKEW = timedelta(hours=1)
"""How far another machine's clock may be ahead of this one: certificates are backdated by no less
(:func:`compiler.secrets.pki.backdated`)."""

_AHEAD = "was it made with a clock that was ahead, or with --now?"


def renew_at(certificate: lock.Certificate) -> datetime:
    """When a leaf is due: a third of its life before its end."""
    start, end = lock.instant(certificate.not_before), lock.instant(certificate.not_after)
    return end - (end - start) / RENEW_AT


def leaf(certificate: lock.Certificate, now: datetime) -> tuple[Due, str]:
    """Whether a leaf is due, and in words."""
    remedy = "compiler secrets renew"
    end, start = lock.instant(certificate.not_after), lock.instant(certificate.not_before)
    return window(end, renew_at(certificate), now, remedy, begins=start)


def authority_from(not_after: datetime) -> datetime:
    """When a CA's successor is due: it must outlive what it signs, so one leaf's life before its end."""
    return not_after - pki.LEAF_LIFE


def window(
    end: datetime, start: datetime, now: datetime, remedy: str, *, begins: datetime | None = None
) -> tuple[Due, str]:
    """Whether a certificate is due, and in words.

    Args:
        end: of its validity.
        start: when it is due.
        now: the present.
        remedy: the command that helps.
        begins: start of its validity, where that is known.
    """
    if begins is not None and begins > now:
        return "early", f"its certificate is not valid before {begins:%F %H:%M} UTC ({_AHEAD}): {remedy}"
    if now >= end:
        return "expired", f"its certificate expired on {end:%F}: {remedy}"
    if now >= end - CRITICAL:
        return "expiring", f"its certificate expires on {end:%F}: {remedy}"
    if now >= start:
        return "renew", f"its certificate is due, it ends on {end:%F}: {remedy}"
    return "ok", ""


def record(when: str, now: datetime) -> tuple[Due, str]:
    """Whether a time that the lock records is one to come, and in words."""
    if lock.instant(when) > now + SKEW:
        return "ahead", f"the lock says that it changed on {when[:10]}, which is to come ({_AHEAD})"
    return "ok", ""
