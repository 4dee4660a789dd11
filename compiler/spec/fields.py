"""Rules for single fields that a pattern cannot say: texts, networks, schedules, certificates, images."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator

from compiler.spec.models import Spec
from compiler.spec.models.authentication import Keycloak, Ldap, Oidc
from compiler.spec.node import Node, Path, leaves
from compiler.spec.wrong import Wrong

_IMAGE = re.compile(r"[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)*\Z")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\Z")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_CRON_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_CRON_ITEM = re.compile(r"(\*|(\d+)(-(\d+))?)(/(\d+))?\Z")


def check_fields(spec: Spec, wrong: Wrong) -> None:
    """Every rule of this module."""
    _all_texts(wrong)
    for path, cidrs in _networks(spec):
        for index, cidr in enumerate(cidrs):
            _network(cidr, (*path, index), wrong)
    for path, pem in _certificates(spec):
        if pem is not None and "-----BEGIN CERTIFICATE-----" not in pem:
            wrong.add("expected certificates in PEM form (-----BEGIN CERTIFICATE-----)", path)
    for role in ("pulp", "web", "postgres", "redis"):
        image = getattr(spec.images, role)
        if image.name is not None and not _IMAGE.match(image.name):
            hint = "tag and digest have keys of their own" if re.search(r"[:@][^/]*$", image.name) else None
            wrong.add("expected an image's repository, without tag and digest", ("images", role, "name"), hint=hint)
        if image.tag is not None and not _TAG.match(image.tag):
            wrong.add("expected an image's tag", ("images", role, "tag"))
    if spec.replica is not None and spec.replica.schedule is not None and not is_cron(spec.replica.schedule):
        wrong.add("expected a cron schedule of five fields", ("replica", "schedule"), hint='for example "17 * * * *"')
    duplicates = sorted({plugin for plugin in spec.pulp.plugins if spec.pulp.plugins.count(plugin) > 1})
    if duplicates:
        wrong.add(f"{', '.join(duplicates)} is named twice", ("pulp", "plugins"))


def is_cron(text: str) -> bool:
    """Whether ``text`` is a schedule that a Kubernetes CronJob takes: five fields of numbers, ranges, lists and steps.

    Names (``MON``) and macros (``@hourly``) are left out on purpose: numbers say the same everywhere.
    """
    fields = text.split(" ")
    return len(fields) == 5 and all(
        _cron_item(item, low, high)
        for text, (low, high) in zip(fields, _CRON_FIELDS, strict=True)
        for item in text.split(",")
    )


def _cron_item(item: str, low: int, high: int) -> bool:
    match = _CRON_ITEM.match(item)
    if match is None:
        return False
    numbers = [int(number) for number in (match[2], match[4]) if number is not None]
    return (
        all(low <= number <= high for number in numbers)
        and numbers == sorted(numbers)
        and (match[6] is None or int(match[6]) > 0)
    )


def _networks(spec: Spec) -> Iterator[tuple[Path, list[str]]]:
    if spec.database is not None and spec.database.external is not None:
        yield ("database", "external", "cidrs"), spec.database.external.cidrs
    if spec.cache is not None and spec.cache.external is not None:
        yield ("cache", "external", "cidrs"), spec.cache.external.cidrs
    if spec.replica is not None and spec.replica.upstream is not None:
        yield ("replica", "upstream", "cidrs"), spec.replica.upstream.cidrs
    if spec.storage is not None and spec.storage.s3 is not None:
        yield ("storage", "s3", "cidrs"), spec.storage.s3.cidrs
    for place, service in _logins(spec):
        yield (*place, "cidrs"), service.cidrs
    yield ("network_policies", "sync_cidrs"), spec.network_policies.sync_cidrs
    yield ("network_policies", "except_cidrs"), spec.network_policies.except_cidrs


def _logins(spec: Spec) -> Iterator[tuple[Path, Ldap | Keycloak | Oidc]]:
    """The services that Pulp asks about users."""
    login = spec.authentication
    if login.ldap is not None:
        yield ("authentication", "ldap"), login.ldap
    if login.sso is not None and login.sso.keycloak is not None:
        yield ("authentication", "sso", "keycloak"), login.sso.keycloak
    if login.sso is not None and login.sso.oidc is not None:
        yield ("authentication", "sso", "oidc"), login.sso.oidc


def _network(cidr: str, path: Path, wrong: Wrong) -> None:
    if "%" in cidr:
        wrong.add("a zone of one node has no place in a NetworkPolicy", path, hint="leave out what follows the %")
        return
    try:
        if "/" in cidr:
            network = ipaddress.ip_network(cidr)
            if path[:-1] == ("network_policies", "except_cidrs") and not network.prefixlen:
                wrong.add(
                    "this is everything, and no block is left when it is taken out",
                    path,
                    hint="name the cluster's own networks; to let workers fetch from nowhere, `sync_cidrs: []`",
                )
            return
    except ValueError:
        try:
            network = ipaddress.ip_network(cidr, strict=False)
        except ValueError:
            pass
        else:
            wrong.add("the address has bits beyond the prefix length", path, hint=f'did you mean "{network}"?')
            return
    wrong.add("expected a network in CIDR form, like 10.0.0.0/16", path)


def _certificates(spec: Spec) -> Iterable[tuple[Path, str | None]]:
    if spec.database is not None and spec.database.external is not None:
        yield ("database", "external", "ca"), spec.database.external.ca
    if spec.cache is not None and spec.cache.external is not None:
        yield ("cache", "external", "ca"), spec.cache.external.ca
    if spec.replica is not None and spec.replica.upstream is not None:
        yield ("replica", "upstream", "ca"), spec.replica.upstream.ca
    if spec.storage is not None and spec.storage.s3 is not None:
        yield ("storage", "s3", "ca"), spec.storage.s3.ca
    for place, service in _logins(spec):
        yield (*place, "ca"), service.ca


def _all_texts(wrong: Wrong) -> None:
    for path, node in leaves(wrong.node):
        for child, place in _texts(node, path):
            if "PRIVATE KEY" in child or "AGE-SECRET-KEY-" in child:
                wrong.add("a private key has no place in a spec", place, hint="take it out of Git's history too")
            elif "\r" in child:
                wrong.add(
                    "expected lines that end with a line feed, found a carriage return (a file of Windows)",
                    place,
                    hint="leave each \\r out; a block text (`|`) has none",
                )
            elif _CONTROL.search(child):
                wrong.add("expected text, found a control character", place)


def _texts(node: Node, path: Path) -> Iterator[tuple[str, Path]]:
    if isinstance(node.value, str):
        yield node.value, path
    elif isinstance(node.value, tuple):
        for index, child in enumerate(node.value):
            for place, leaf in leaves(child, (*path, index)):
                yield from _texts(leaf, place)
