"""URLs of Git repositories with a folder in them, in ``resources`` and ``components`` (kustomize.md, 3.3).

``[git::]SCHEME://[USER@]HOST/ORG/REPO[.git][//FOLDER][?ref=REF&timeout=TIME&submodules=BOOL]``, ``USER@HOST:ORG/REPO…``
and ``github.com/ORG/REPO…``. Where the repository ends is said by ``_git/NAME``, ``//`` or ``.git``, else it is two
segments long (all of it after ``file://``).
"""

from __future__ import annotations

import posixpath
from typing import NamedTuple

from compiler.kustomize.lazy import Pattern

DEFAULT_TIMEOUT = 27.0
"""Seconds for one command of git, as the real tool has it."""
_SCHEMES = ("ssh://", "https://", "http://", "file://")
_USER = Pattern(r"([a-zA-Z][a-zA-Z0-9-]*)@")
_DURATION = Pattern(r"(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h))+")
_PART = Pattern(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_BAD_ESCAPE = Pattern("%(?![0-9a-fA-F]{2})")
_FALSE = ("0", "f", "F", "FALSE", "false", "False")


class RepoSpec(NamedTuple):
    """A folder in a Git repository.

    Args:
        raw: the URL as it was written.
        url: what git fetches from.
        path: the folder in the repository, ``""`` for its root.
        ref: a branch, tag or commit; ``""`` for what the repository's HEAD is.
        timeout: seconds for one command of git.
        submodules: whether submodules count.
        explicit: whether the URL says itself that it means a repository: by a scheme other than http, a ``ref``, or a
            mark where the repository ends.
    """

    raw: str
    url: str
    path: str
    ref: str
    timeout: float
    submodules: bool
    explicit: bool


def parse_repo(text: str) -> RepoSpec | None:
    """The folder in a repository that a URL means, or None when the real tool would take it for a local path."""
    if text.startswith("/"):
        return None
    rest, _, query = text.partition("?")
    ref, timeout, submodules = _query(query)
    found = _host(rest)
    if found is None:
        return None
    host, rest = found
    split = _split_marked(rest)
    marked = split is not None
    if split is None:
        split = _split_by_length(rest, host)
    if split is None or not split[0]:
        return None
    repo, path = split
    path = path.removeprefix("/")
    clean = posixpath.normpath(path) if path else ""
    if clean.split("/")[0] == "..":
        return None
    explicit = marked or bool(ref) or not host.startswith(("http://", "https://"))
    folder = "" if clean == "." else clean.lstrip("/")
    return RepoSpec(text, host + repo, folder, ref, timeout, submodules, explicit)


def without_secret(url: str) -> str:
    """A URL for people: without the user and password that stand in one of http."""
    for scheme in ("https://", "http://"):
        if url.startswith(scheme):
            host, slash, rest = url.removeprefix(scheme).partition("/")
            return scheme + host.rpartition("@")[2] + slash + rest
    return url


def has_password(url: str) -> bool:
    """Whether a URL holds a password (``https://user:password@…``)."""
    scheme, mark, rest = url.partition("://")
    user, at, _ = rest.partition("/")[0].rpartition("@")
    return bool(mark and at and ":" in user) and scheme != "file"


def _host(text: str) -> tuple[str, str] | None:
    """Scheme, user and host; and what follows. GitHub's are written in one way."""
    if text[:5].lower() == "git::":
        text = text[5:]
    scheme = next((known for known in _SCHEMES if text[: len(known)].lower() == known), "")
    text = text[len(scheme) :]
    match = _USER.match(text)
    user = match.group() if match is not None else ""
    text = text[len(user) :]
    if scheme == "file://":
        return scheme, user + text
    github = text[:11].lower() in ("github.com/", "github.com:")
    short = not scheme and bool(user or github)  # as scp writes it: user@host:path
    if not scheme and not short:
        return None
    end = text.find("/")
    if short:
        colon = text.find(":")
        if end < 0 or 0 < colon < end:
            end = colon
    host, rest = (text[: end + 1], text[end + 1 :]) if end >= 0 else (text, "")
    if github:
        if scheme == "ssh://" or user:
            scheme, host = "", "github.com:"
        else:
            scheme, user, host = "https://", "", "github.com/"
    return (scheme + user + host, rest) if host else None


def _split_marked(text: str) -> tuple[str, str] | None:
    at = text.find("_git/")
    if at >= 0:
        name, _, path = text[at + 5 :].partition("/")
        return text[: at + 5] + name, path
    at = text.find("//")
    if at >= 0:
        return text[:at], text[at + 2 :]
    at = text.find(".git")
    return (text[: at + 4], text[at + 4 :]) if at >= 0 else None


def _split_by_length(text: str, host: str) -> tuple[str, str] | None:
    if host.startswith("file://"):
        return text, ""
    segments = text.split("/")
    if len(segments) < 2:
        return None
    return "/".join(segments[:2]), "/".join(segments[2:])


def _query(query: str) -> tuple[str, float, bool]:
    """``ref`` (else ``version``), ``timeout`` and ``submodules``; a query that is none counts for nothing."""
    if not query or ";" in query or _BAD_ESCAPE.search(query) is not None:
        return "", DEFAULT_TIMEOUT, True
    from urllib.parse import parse_qsl

    values: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        values.setdefault(name, value)
    submodules = values.get("submodules", "") not in _FALSE
    return values.get("ref") or values.get("version", ""), _timeout(values.get("timeout", "")), submodules


def _timeout(text: str) -> float:
    digits = text.removeprefix("+")
    if digits.isascii() and digits.isdigit():
        return float(digits) if 0 < int(digits) < 1 << 31 else DEFAULT_TIMEOUT
    if _DURATION.fullmatch(digits) is None:
        return DEFAULT_TIMEOUT
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(digits))
    return seconds or DEFAULT_TIMEOUT
