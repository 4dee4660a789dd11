"""A new repository: specs, sealed secrets for a fresh identity, what they mean, and a workflow. All of it or nothing.

It is built in a hidden folder beside the wanted one and renamed at the end, so that a failed or killed run leaves
nothing that looks like a repository. Identities are written outside of it; those that a failed run made are removed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Literal

from compiler.errors import CompilerError, ErrorGroup, WorldError
from compiler.version import __version__

OVERLAYS = ("demo", "prod")

DeliveryTool = Literal["argocd", "flux"]
_APPLIERS: dict[DeliveryTool, str] = {"argocd": "Argo CD", "flux": "Flux"}


@dataclass(frozen=True)
class Answers:
    """What a person says about the repository to be made.

    Args:
        name: name of the installation.
        host: public host name of production.
        delivery: what applies the overlays.
        repo: Git URL of the repository.
        certificate: PEM of the sealed-secrets controller's certificate, for Argo CD.
    """

    name: str
    host: str
    delivery: DeliveryTool
    repo: str
    certificate: bytes | None = None


@dataclass(frozen=True)
class Scaffolded:
    """What was made.

    Args:
        root: the repository.
        identity: the administrator's identity file.
        clusters: overlay to the identity file of its cluster; empty with sealed-secrets.
        made: the identity files that did not exist before.
        unset: ids of Secrets whose values only a person has.
        git: whether it is a Git repository of its own.
    """

    root: Path
    identity: Path
    clusters: Mapping[str, Path]
    made: tuple[Path, ...]
    unset: tuple[str, ...]
    git: bool


@dataclass
class _Keys:
    """The identity files of a run, and which of them it made."""

    admin: Path
    clusters: dict[str, Path]
    made: list[Path] = field(default_factory=list)


def check_answers(answers: Answers) -> None:
    """Refuse a name, host or URL that no spec could have.

    Raises:
        CompilerError: the option and what was expected.
    """
    from compiler.spec.fields import check_fields
    from compiler.spec.node import Mark, from_plain
    from compiler.spec.urls import check_urls
    from compiler.spec.validation import validate
    from compiler.spec.wrong import Wrong

    options = {"name": "--name", "host": "--host", f"delivery.{answers.delivery}.repo": "--repo"}
    data = {
        "name": answers.name,
        "host": answers.host,
        "pulp": {"version": "3.85"},
        "delivery": {answers.delivery: {"repo": answers.repo}},
    }
    node = from_plain(data, Mark("", 1, 1))
    spec, errors = validate(node)
    if spec is not None:
        wrong = Wrong(node)
        check_fields(spec, wrong)
        check_urls(spec, wrong)
        errors = tuple(wrong.errors)
    told = []
    for error in errors:
        option = options.get(error.origin.field or "" if error.origin else "", "the command line")
        told.append(CompilerError(f"{option}: {error.message}", hint=error.hint))
    if told:
        raise told[0] if len(told) == 1 else ErrorGroup(told)


def scaffold(target: Path, answers: Answers, *, identity: Path, now: datetime, sops: str | None = None) -> Scaffolded:
    """Make the repository.

    Args:
        target: a folder that does not exist, or is empty.
        answers: what a person said.
        identity: the administrator's identity file, outside of ``target``; made when it does not exist, as are the
            clusters' beside it.
        now: the present, timezone-aware.
        sops: path of sops, or ``None`` to look for it.

    Raises:
        CompilerError: ``target`` is in use, or an answer is wrong.
        WorldError: a tool is missing, or something cannot be written.
    """
    check_answers(answers)
    target = Path(os.path.abspath(target))
    _refuse_used(target)
    sealed = answers.certificate is not None
    names = {} if sealed else {overlay: identity.parent / f"{target.name}-{overlay}.agekey" for overlay in OVERLAYS}
    keys = _Keys(identity, names)
    with _beside(target, keys) as root:
        for path, text in files(answers).items():
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        unset = _seal(root, target, answers, keys, sops=sops, now=now)
        _generate(root)
        git = _git_init(root, target)
    return Scaffolded(target, identity, keys.clusters, tuple(keys.made), unset, git)


def files(answers: Answers) -> dict[str, str]:
    """The files that a person owns from then on, by path."""
    values = {
        "name": _scalar(answers.name),
        "namespace": _scalar(answers.name),
        "host": _scalar(answers.host),
        "repo": json.dumps(answers.repo),
        "delivery": answers.delivery,
        "applier": _APPLIERS[answers.delivery],
        "version": __version__,
    }
    sealed = answers.certificate is not None
    cluster = "sealed" if sealed else answers.delivery
    found = {
        ".compiler.yaml": f"version: {__version__}\n",
        ".gitignore": _template("gitignore", {}),
        ".github/workflows/pulp.yaml": _template("workflow.yaml", values),
        "README.md": _template(
            "README.md",
            {**values, "name": answers.name, "cluster": _template(f"cluster-{cluster}.md", {}).rstrip() + "\n"},
        ),
        "base/pulp/pulp.yaml": _template("base.yaml", values),
    }
    for overlay in OVERLAYS:
        text = _template(f"{overlay}.yaml", {**values, "name": answers.name})
        if answers.delivery == "argocd" and not sealed:
            text += _template("backend.yaml", {"overlay": overlay})
        found[f"overlays/{overlay}/pulp.yaml"] = text
    return found


def _template(name: str, values: Mapping[str, str]) -> str:
    text = resources.files("compiler.workspace").joinpath("templates", name).read_text(encoding="utf-8")
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text


def _scalar(text: str) -> str:
    from compiler.k8s.yaml import dump

    return dump([text]).removeprefix("- ").rstrip("\n")


def _refuse_used(target: Path) -> None:
    if target.is_dir():
        if any(target.iterdir()):
            raise CompilerError(f"{target} is not empty", hint="name a folder that does not exist yet, or is empty")
    elif target.exists() or target.is_symlink():
        raise CompilerError(f"{target} exists and is no folder")


@contextmanager
def _beside(target: Path, keys: _Keys) -> Iterator[Path]:
    """A hidden folder beside ``target`` that becomes it at the end; gone, like the identities made, when that fails."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        root = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise WorldError(f"{target.parent} cannot be written: {error.strerror}") from None
    try:
        yield root
        umask = os.umask(0)
        os.umask(umask)
        root.chmod(0o777 & ~umask)
        os.rename(root, target)
    except BaseException as error:
        shutil.rmtree(root, ignore_errors=True)
        for file in keys.made:
            file.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise WorldError(f"{target} cannot be written: {error.strerror}") from None
        raise


def _seal(
    root: Path, target: Path, answers: Answers, keys: _Keys, *, sops: str | None, now: datetime
) -> tuple[str, ...]:
    """Recipients, keys and certificates of both overlays; returns the ids of what only a person has."""
    from compiler.kustomize import DirTree
    from compiler.secrets.ensure import ensure
    from compiler.secrets.start import initialize
    from compiler.workspace import secrets

    name = ascii(target.name)[1:-1]  # a line of ASCII, whatever the folder is called
    administrator = _recipient(keys.admin, target, keys, "administrator of sealed secrets (compiler)")
    clusters = {
        overlay: [_recipient(file, target, keys, f"cluster of the overlay {overlay} of {name} (compiler)")]
        for overlay, file in keys.clusters.items()
    }
    certificates = dict.fromkeys(OVERLAYS, answers.certificate) if answers.certificate else {}
    with secrets.access(root, sops=sops, identities=[keys.admin], now=now) as access:
        secrets.write(
            root,
            initialize(
                DirTree(root),
                access,
                administrators=[administrator],
                clusters=clusters,
                certificates={overlay: pem for overlay, pem in certificates.items() if pem is not None},
            ),
        )
        outcome = ensure(DirTree(root), secrets.targets(root), access)
        secrets.write(root, outcome.writes)
    return tuple(step.secret for step in outcome.steps if step.action == "unset")


def _recipient(file: Path, target: Path, keys: _Keys, comment: str) -> str:
    """The public half of the identity in ``file``, which is made when it does not exist."""
    import pyrage

    from compiler.secrets import identities

    identities.refuse_inside(file, target)
    if not file.exists():
        recipient = identities.generate(file, repository=target, comment=comment)
        keys.made.append(file)
        return recipient
    lines = identities.read([file], repository=target).reveal().decode("ascii").split()
    if len(lines) != 1:
        raise CompilerError(f"{file} holds {len(lines)} identities; one was expected")
    return str(pyrage.x25519.Identity.from_str(lines[0]).to_public())


def _generate(root: Path) -> None:
    """What `compiler generate` does."""
    from compiler.workspace import Workspace
    from compiler.workspace.generate import plan, write

    workspace = Workspace(Path(os.path.realpath(root)))
    write(workspace, plan(workspace))


def _git_init(root: Path, target: Path) -> bool:
    """Make a Git repository, unless there is no git or the place belongs to one already."""
    git = shutil.which("git")
    if git is None:
        return False
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}

    def run(*arguments: str) -> bool:
        try:
            done = subprocess.run([git, *arguments], env=environment, capture_output=True, timeout=60, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return False
        return done.returncode == 0

    if run("-C", str(target.parent), "rev-parse", "--is-inside-work-tree"):
        return False
    if run("-c", "init.defaultBranch=main", "init", "--quiet", str(root)):
        return True
    shutil.rmtree(root / ".git", ignore_errors=True)
    return False
