"""What pydantic found wrong, in our words: what was expected, what stands there, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from compiler.spec.keys import nearest_word
from compiler.spec.models import authentication, common
from compiler.spec.node import Node
from compiler.spec.reader import shorten

_TYPES = {
    "string_type": "a string",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}

SECRET_LOOKING = re.compile(
    r"PASSW(OR)?D|PASSPHRASE|SECRET|PRIVATE|CREDENTIAL|TOKEN\Z|API_?KEY|ACCESS_?KEY", re.IGNORECASE
)
"""Names of settings and variables whose value is likely to be a secret."""


def _pattern_of(alias: Any) -> str:
    return str(alias.__metadata__[0].pattern)


PATTERNS = {
    _pattern_of(common.DnsLabel): "lower-case letters, digits and dashes (an RFC 1123 label)",
    _pattern_of(common.ServiceName): "lower-case letters, digits and dashes, a letter first (an RFC 1035 label)",
    _pattern_of(common.Hostname): (
        "a host name in lower case, without scheme, port and path, at most 63 characters between two dots, like "
        "pulp.example.com"
    ),
    _pattern_of(common.SecretName): "a Kubernetes name: lower-case letters, digits, dashes and single dots",
    _pattern_of(common.SecretKey): "a key of a Secret: letters, digits, dashes, dots and underscores",
    _pattern_of(common.Quantity): "a Kubernetes quantity, like 10Gi or 500m",
    r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$": "a bucket name: 3 to 63 lower-case letters, digits, dashes and dots",
    r"^https?://": "a URL that begins with http:// or https://",
    _pattern_of(authentication.Dn): "a distinguished name, like ou=people,dc=example,dc=com",
    _pattern_of(authentication.Attribute): "the name of an LDAP attribute, like mail",
    _pattern_of(authentication.Filter): "an LDAP filter in parentheses, like (uid=%(user)s)",
    r"^ldaps?://[A-Za-z0-9.-]+(:[0-9]+)?$": "ldaps:// or ldap://, a host and an optional port, without a path",
    _pattern_of(common.Undirected): "a name that does not begin with @ (dynaconf would execute it) or a space",
    r"^[^@\s]\S*$": "a name without spaces that does not begin with @",
    r"^[A-Za-z0-9._-]+$": "letters, digits, dots, dashes and underscores",
    r"^[A-Za-z0-9+/]{200,}={0,2}$": "a public key in base64 on one line, without its BEGIN and END lines",
    r"^https://": "a URL that begins with https://",
    r"^sha256:[0-9a-f]{64}$": "sha256: and 64 hexadecimal digits",
    r"^3\.[0-9]+(\.[0-9]+)?$": "a version of pulpcore, like 3.85 or 3.85.2",
    r"^1\.[0-9]+$": "a version of Kubernetes, like 1.33",
    r"^/([A-Za-z0-9._~-]+/)*$": "a path that begins and ends with a slash, like /pulp/",
    r"^([0-9]+(h|m|s))+$": "a duration, like 10m or 1h30m",
    r"^([0-9]+(h|m|s))*[0-9]*[1-9][0-9]*(h|m|s)([0-9]+(h|m|s))*$": "a duration that is not zero, like 10m or 1h30m",
    r"^[1-9][0-9]*h$": "a duration in hours, like 2160h",
    r"^[A-Za-z0-9][A-Za-z0-9-]*$": "a region's name: letters, digits and dashes, like eu-west-1",
    r"^[-A-Za-z0-9_]+$": "a domain's name: letters, digits, dashes and underscores",
    r"^\S(.*\S)?$": "a branch, a tag or a commit",
    r"^[^-\s~^:?*\[\\][^\s~^:?*\[\\]*$": "the name of a branch",
    r"^[A-Za-z0-9][-_.A-Za-z0-9/]*$": "a path of letters, digits, dashes, dots, underscores and slashes",
    r"^(prefer|require|off)$": "one of prefer, require, off",
    r"^[0-9]+[kmg]?$": "a size of nginx, like 0, 512k or 20m",
}
"""Every pattern of the models, in words."""


def describe(node: Node, name: str = "") -> str:
    """What stands at ``node``, short, and never a value that might be a secret.

    Args:
        node: the value.
        name: its key.
    """
    value = node.value
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, tuple):
        return "a list"
    if isinstance(value, str):
        if SECRET_LOOKING.search(name) or "\n" in value or len(value) > 60:
            return f"a string of {len(value):,} characters"
        return f'the string "{shorten(value, 60)}"'
    text = shorten(node.text or str(value))
    return text if isinstance(value, bool) else f"the number {text}"


def sentence(kind: str, context: Mapping[str, Any], node: Node, name: str) -> tuple[str, str | None]:
    """Message and hint for one of pydantic's errors.

    Args:
        kind: pydantic's error type.
        context: pydantic's context of it.
        node: what stands there (for a missing key: the mapping that lacks it).
        name: the last key of its path.
    """
    if kind == "missing":
        return "this key is required", None
    expected = _expected(kind, context)
    if name == "namespace" and kind == "model_type":
        expected = "a string or a mapping"
    hint = None
    if kind == "string_type" and node.text is not None and node.value is not None:
        hint = f'write it in quotes: "{shorten(node.text)}"'
    elif kind == "bool_type" and isinstance(node.value, str) and node.value.lower() in ("yes", "on", "y"):
        hint = "write true"
    elif kind == "bool_type" and isinstance(node.value, str) and node.value.lower() in ("no", "off", "n"):
        hint = "write false"
    elif kind == "literal_error" and isinstance(node.value, str) and len(node.value) <= 40:
        near = nearest_word(node.value.lower(), literals(context))
        hint = f'did you mean "{near}"?' if near else None
    return f"expected {expected}, found {describe(node, name)}", hint


def literals(context: Mapping[str, Any]) -> list[str]:
    """The words that a literal error allows."""
    text = str(context.get("expected", ""))
    return [quoted or bare.lower() for quoted, bare in re.findall(r"'([^']*)'|\b(True|False)\b", text)]


def _expected(kind: str, context: Mapping[str, Any]) -> str:
    if kind in _TYPES:
        return _TYPES[kind]
    match kind:
        case "literal_error":
            words = literals(context)
            return words[0] if len(words) == 1 else f"one of {', '.join(words)}"
        case "greater_than_equal":
            return f"a number of at least {context['ge']}"
        case "less_than_equal":
            return f"a number of at most {context['le']}"
        case "string_pattern_mismatch":
            return PATTERNS.get(context["pattern"], f"a string like {context['pattern']}")
        case "string_too_short":
            return f"a string of at least {context['min_length']} character(s)"
        case "string_too_long":
            return f"a string of at most {context['max_length']} characters"
        case "too_short":
            return f"a list of at least {context['min_length']} item(s)"
        case "too_long":
            return f"a list of at most {context['max_length']} item(s)"
    return f"another value ({kind.replace('_', ' ')})"
