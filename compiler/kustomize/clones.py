"""Fetching: Git repositories at a commit, in a cache.

The cache holds a repository for each URL and commit, complete or not at all; it never changes. So a URL whose ``ref``
is a full commit needs the network once.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
from typing import NamedTuple

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.lazy import Pattern
from compiler.kustomize.repospec import has_password, without_secret

_COMMIT = Pattern(r"[0-9a-f]{40}|[0-9a-f]{64}")
_REF = Pattern(r"[A-Za-z0-9_@][A-Za-z0-9_./@+#=,!%&()-]*")
_KEPT = frozenset(
    (
        *("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"),
        *("SSH_AUTH_SOCK", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_ASKPASS", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTPS_PROXY"),
        *("ALL_PROXY", "NO_PROXY", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"),
    )
)
_QUIET = (
    *("-c", "core.hooksPath=/dev/null", "-c", "gc.auto=0", "-c", "maintenance.auto=false"),
    *("-c", "core.fsmonitor=false", "-c", "fetch.recurseSubmodules=false"),
)


class Clone(NamedTuple):
    """A repository at a commit.

    Args:
        folder: where it lies on disk.
        url: where it came from.
        commit: the commit.
    """

    folder: str
    url: str
    commit: str


def fetch(cache: str, url: str, ref: str, timeout: float, *, files: bool = True) -> Clone:
    """A repository at the commit that a ref means, from the cache where it is known to be there.

    Args:
        cache: the folder of the cache; it is made when it is needed.
        url: what git fetches from.
        ref: branch, tag or commit; ``""`` for HEAD.
        timeout: seconds for each command of git.
        files: whether a repository on this machine may be read.

    Raises:
        KustomizeError: the ref is none, git cannot fetch it, or the cache cannot be written.
    """
    _check(url, ref)
    try:
        return _fetched(cache, url, ref, timeout, files)
    except OSError as error:
        raise KustomizeError(
            f"cannot write the cache {cache}: {error.strerror or error}", hint="set XDG_CACHE_HOME", world=True
        ) from None


def _fetched(cache: str, url: str, ref: str, timeout: float, files: bool) -> Clone:
    shelf = os.path.join(cache, hashlib.sha256(without_secret(url).encode()).hexdigest()[:40])
    if _COMMIT.fullmatch(ref) is not None and os.path.isdir(os.path.join(shelf, ref)):
        return Clone(os.path.join(shelf, ref), url, ref)
    os.makedirs(cache, mode=0o700, exist_ok=True)
    scratch = tempfile.mkdtemp(prefix=".fetch-", dir=cache)
    try:
        commit = _fetch(scratch, url, ref, timeout, files)
        place = os.path.join(shelf, commit)
        os.makedirs(shelf, mode=0o700, exist_ok=True)  # not before there is something to put into it
        if not os.path.isdir(place):
            try:
                os.rename(scratch, place)
            except OSError:
                if not os.path.isdir(place):  # another process may have been first; its entry is as good
                    raise
        return Clone(place, url, commit)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _check(url: str, ref: str) -> None:
    shown = without_secret(url)
    if has_password(url):
        raise KustomizeError(
            f"a password in the URL of {shown}", hint="leave it to git's credential helper", unsupported=True
        )
    if ref and (_REF.fullmatch(ref) is None or ".." in ref or "@{" in ref):
        raise KustomizeError(
            f"'{ref}' is no branch, tag or commit of {shown}", hint="write ?ref=COMMIT", unsupported=True
        )
    if any(ord(letter) < 33 or ord(letter) == 127 for letter in url):
        raise KustomizeError(f"'{shown}' is no URL: it has a space or a control character", hint="write it as %20")


def _fetch(folder: str, url: str, ref: str, timeout: float, files: bool) -> str:
    """Fetch one commit into a new repository; its name."""
    allowed = "https:http:ssh:file" if files else "https:http:ssh"
    _git(folder, timeout, allowed, "init", "-q", "--template=", folder)
    shown = without_secret(url)
    _git(
        *(folder, timeout, allowed, "fetch", "-q", "--depth=1", "--no-tags", "--no-recurse-submodules"),
        *("--end-of-options", url, ref or "HEAD"),
        shown=f"git fetch --depth=1 {shown} {ref or 'HEAD'}",
        secret=url,
    )
    done = _git(folder, timeout, allowed, "rev-parse", "--verify", "--quiet", "FETCH_HEAD^{commit}")
    commit = done.decode().strip()
    _git(folder, timeout, allowed, "update-ref", "refs/heads/fetched", commit)
    os.unlink(os.path.join(folder, ".git", "FETCH_HEAD"))  # it holds the URL
    return commit


def _git(folder: str, timeout: float, allowed: str, *arguments: str, shown: str = "", secret: str = "") -> bytes:
    """Run git in a session of its own, so that nothing it starts can ask a person or outlive the timeout."""
    shown = shown or f"git {arguments[0]}"
    try:
        running = subprocess.Popen(
            ["git", "-C", folder, *_QUIET, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(allowed),
            start_new_session=True,
        )
    except FileNotFoundError:
        raise KustomizeError("no 'git' program on path", hint="install git", world=True) from None
    try:
        said, complaint = running.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        raise KustomizeError(
            f"hit {timeout:g}s timeout running '{shown}'", hint="add timeout=120 to the URL's query", world=True
        ) from None
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
            running.communicate()
    if running.returncode:
        text = complaint.decode("utf-8", "replace").strip()
        if secret:
            text = text.replace(secret, without_secret(secret))
        hint = "check the address, the ref, and that git may read it: `git ls-remote URL`"
        if "couldn't find remote ref" in text:
            hint = "name a branch, a tag, or a commit with all its 40 digits"
        raise KustomizeError(
            f"failed to run '{shown}': {text}: exit status {running.returncode}", hint=hint, world=True
        )
    return said


def _environment(allowed: str) -> dict[str, str]:
    """What git needs to reach a server, and nothing that leads it to another repository or to a prompt."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in _KEPT or name.startswith(("GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_"))
    }
    return {**kept, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": allowed}
