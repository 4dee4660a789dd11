"""Options and helpers that the secrets commands share."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from compiler import inputs
from compiler.errors import CompilerError
from compiler.printable import printable

if TYPE_CHECKING:
    from compiler.secrets.access import Access
    from compiler.secrets.outcome import Outcome
    from compiler.workspace.seen import Seen


_FIRST_YEAR, _LAST_YEAR = 2000, 2999
"""Of ``--now``: certificates and what is told of them need dates that calendars and X.509 have."""
_BAR = 30
"""Width of the bar of progress, in characters."""


@dataclass(frozen=True)
class Session:
    """One command's repository, clock, and where its keys and tools come from."""

    root: Path
    sops: str | None
    identities: tuple[Path, ...]
    now: datetime
    authority_keys: tuple[tuple[str, Path], ...] = ()
    dated: bool = False
    """Whether ``now`` was given instead of read from the clock."""

    def access(self) -> Access:
        """Keys and tools."""
        from compiler.workspace import secrets

        for file in (*self.identities, *(file for _, file in self.authority_keys)):
            if inputs.is_open_to_others(file):
                click.echo(f"warning: others can read the private key {file}: chmod 600 {file}", err=True)
        return secrets.access(
            self.root,
            sops=self.sops,
            identities=self.identities,
            now=self.now,
            authority_keys=dict(self.authority_keys),
        )


def default_identity() -> Path:
    """Where an administrator's identity is looked for: ``~/.config/compiler/identity.txt``."""
    home = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return Path(home) / "compiler" / "identity.txt"


def session(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--identity``, ``--sops`` and ``--now``, and pass a :class:`Session` first."""

    @click.option(
        "--identity",
        "identities",
        multiple=True,
        type=click.Path(path_type=Path),
        envvar="COMPILER_IDENTITY",
        metavar="FILE",
        help="age identity of an administrator (default ~/.config/compiler/identity.txt). Never inside the repository.",
    )
    @click.option("--sops", envvar="COMPILER_SOPS", metavar="PATH", help="The sops to use (default: PATH, the wheel).")
    @click.option(
        "--ca-key",
        "authority_keys",
        multiple=True,
        metavar="ID=FILE",
        help="Private key of a CA that is kept outside the repository: OVERLAY/AUTHORITY=FILE.",
    )
    @click.option(
        "--now",
        metavar="TIME",
        help="Take this for the present (2027-01-31T12:00:00Z): what is written carries that date too.",
    )
    @functools.wraps(command)
    def wrapped(
        identities: tuple[Path, ...], sops: str | None, now: str | None, authority_keys: tuple[str, ...], **options: Any
    ) -> Any:
        return command(
            Session(
                _recovered(find_root()),
                sops,
                _identities(identities),
                _moment(now),
                _authority_keys(authority_keys),
                dated=now is not None,
            ),
            **options,
        )

    return wrapped


def _authority_keys(given: Sequence[str]) -> tuple[tuple[str, Path], ...]:
    pairs = []
    for one in given:
        identifier, separator, file = one.partition("=")
        if not separator or not file or identifier.rpartition("/")[2] not in ("service", "upstream"):
            # The value is not repeated: it could be the key itself.
            raise CompilerError("--ca-key wants OVERLAY/AUTHORITY=FILE, e.g. --ca-key prod/service=ca.key")
        pairs.append((identifier, Path(file)))
    return tuple(pairs)


def _recovered(root: Path) -> Path:
    """``root``, put right before anything is read when a run was killed while it wrote: its lock and its files would
    contradict each other."""
    from compiler.workspace import journal

    message = journal.recover(root)
    if message:
        click.echo(message, err=True)
    return root


def find_root() -> Path:
    """The repository around the working folder.

    Raises:
        CompilerError: there is none.
    """
    from compiler.workspace import Workspace

    return Workspace.find(Path.cwd()).root


def _identities(given: Sequence[Path]) -> tuple[Path, ...]:
    if Path() in given:  # what an empty text becomes
        raise CompilerError("--identity (COMPILER_IDENTITY) is empty", hint="name the identity's file")
    if given:
        return tuple(given)
    default = default_identity()
    return (default,) if default.is_file() else ()


def _moment(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CompilerError(f"--now {text!r} is no time", hint="write it like 2027-01-31T12:00:00Z") from None
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise CompilerError(f"--now {text!r}: a year from {_FIRST_YEAR} to {_LAST_YEAR} is wanted")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def progress() -> Callable[[int, int], None] | None:
    """Progress of sealing on stderr, on a terminal only."""
    if not sys.stderr.isatty():
        return None

    def show(done: int, total: int) -> None:
        bar = "#" * (_BAR * done // total)
        click.echo(f"\rsealing [{bar:<{_BAR}}] {done}/{total}" + ("\n" if done == total else ""), err=True, nl=False)

    return show


def finish(session: Session, tree: Seen, outcome: Outcome, *, quiet: bool = False) -> None:
    """Write what a command made of ``tree``, unless that was changed meanwhile, and say what was done."""
    from compiler.workspace import secrets

    secrets.write(session.root, outcome.writes, tree)
    warn_of_date(session, outcome.writes)
    tell(outcome, quiet=quiet)


def warn_of_date(session: Session, writes: Mapping[str, bytes | None]) -> None:
    """Say that what was written carries the date of ``--now``."""
    if session.dated and writes:
        click.echo(f"warning: --now: what was written is dated {session.now:%F}, whatever today is", err=True)


def tell(outcome: Outcome, *, quiet: bool = False) -> None:
    """Say what was done."""
    counts: dict[str, int] = {}
    for step in outcome.steps:
        counts[step.action] = counts.get(step.action, 0) + 1
        if step.action != "keep" and not quiet:
            click.echo(printable(f"{step.action:<7} {step.secret}: {step.reason}"), err=True)
    words = {
        "create": "created",
        "seal": "sealed",
        "renew": "renewed",
        "rotate": "rotated",
        "add": "added",
        "promote": "promoted",
        "reencrypt": "to be encrypted anew",
        "retire": "retired",
        "adopt": "adopted",
        "keep": "kept",
        "unset": "unset",
        "orphan": "no longer wanted",
        "prune": "deleted",
        "trust": "CA trusted from now on",
        "issue": "CA issues from now on",
        "rename": "renamed",
        "forget": "forgotten",
    }
    summary = ", ".join(f"{counts[action]} {word}" for action, word in words.items() if action in counts)
    if summary or not outcome.writes:
        click.echo(summary or "nothing to do", err=True)
    if counts.get("unset"):
        click.echo("set what is unset with: compiler secrets set ID", err=True)
    if outcome.writes:
        click.echo("next: compiler generate, then commit secrets/ and the overlays together", err=True)
