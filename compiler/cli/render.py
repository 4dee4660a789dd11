"""Rendering for ``compiler build``, without click: what both the quick path and the click command run."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from compiler.cli import halfway
from compiler.cli.streams import say

if TYPE_CHECKING:
    import re

    from compiler.kustomize.remote import Remotes
    from compiler.kustomize.rendering import Rendering


class Request(NamedTuple):
    """What to build.

    Args:
        paths: folders.
        output: ``yaml`` or ``json``.
        output_dir: where one file per path goes; None for stdout.
        jobs: how many processes.
        restricted: the load restrictor.
        enable_helm: whether helm may run.
        helm_command: the helm binary.
        allow_remote: whether git may fetch remote bases.
        verify: compare with a kustomize or kubectl on PATH.
    """

    paths: tuple[str, ...]
    output: str = "yaml"
    output_dir: str | None = None
    jobs: int = 1
    restricted: bool = True
    enable_helm: bool = False
    helm_command: str = "helm"
    allow_remote: bool = False
    verify: bool = False


class Outcome(NamedTuple):
    """What one path yields: text and warnings, or an error's text and exit code."""

    path: str
    texts: tuple[str, ...]
    warnings: tuple[str, ...]
    error: str | None = None
    code: int = 2


def quick_request(arguments: Sequence[str]) -> Request | None:
    """The request of ``build PATH…`` without options; None when click should read the arguments."""
    if arguments[:1] != ["build"] or len(arguments) < 2 or any(argument[:1] == "-" for argument in arguments[1:]):
        return None
    return Request(tuple(arguments[1:]))


def execute(request: Request) -> int:
    """Build, write, and return the exit code. Nothing is written when any path fails."""
    if request.output_dir == "":
        say("error: --output-dir is empty\n  hint: name a new or existing folder")
        return 2
    for path in request.paths:
        root = halfway.half_written(path)
        if root is not None:
            text, hint = halfway.message(os.path.relpath(root))
            say(f"error: {text}\n  hint: {hint}")
            return 3
    gc.disable()  # objects are trees without cycles: collecting would only walk them again and again
    outcomes = _all(request)
    failed: list[int] = []
    for outcome in outcomes:
        for warning in outcome.warnings:
            say(warning)
        if outcome.error is not None:
            say(f"error: {outcome.error}")
            failed.append(outcome.code)
    if failed:
        return max(failed)
    if request.verify:
        from compiler.cli.verify import verify

        said = verify({outcome.path: "---\n".join(outcome.texts) for outcome in outcomes}, _flags(request))
        if said is not None:
            say(f"error: {said}")
            return 1
    if request.output_dir is not None:
        return _write_files(outcomes, request.output_dir, "json" if request.output == "json" else "yaml")
    if request.output == "json":
        _to_stdout(_joined_json([text for outcome in outcomes for text in outcome.texts]))
    else:
        _to_stdout("---\n".join(text for outcome in outcomes for text in outcome.texts))
    gc.freeze()  # the interpreter collects once more when it ends; this leaves it nothing to walk
    return 0


def _all(request: Request) -> list[Outcome]:
    if request.jobs > 1 and len(request.paths) > 1:
        from concurrent.futures import ProcessPoolExecutor

        count = min(request.jobs, len(request.paths))
        chunks = [request._replace(paths=request.paths[i::count]) for i in range(count)]
        with ProcessPoolExecutor(count) as pool:
            by_path: dict[str, list[Outcome]] = {}
            for chunk in pool.map(_serial, chunks):
                for outcome in chunk:
                    by_path.setdefault(outcome.path, []).append(outcome)
        return [by_path[path].pop(0) for path in request.paths]
    return _serial(request)


def _serial(request: Request) -> list[Outcome]:
    from compiler.kustomize.loader import Cache
    from compiler.kustomize.rendering import Options
    from compiler.kustomize.tree import DirTree

    tree = DirTree("/")
    options = Options(
        restricted=request.restricted,
        enable_helm=request.enable_helm,
        helm_command=request.helm_command,
        keep_charts=True,
        cache=Cache() if len(request.paths) > 1 else None,
        remotes=remotes() if request.allow_remote else None,
    )
    return [_one(path, tree, options, request.output) for path in request.paths]


def remotes() -> Remotes:
    """What fetches remote bases, into the folder for caches (XDG Base Directory Specification)."""
    from compiler.kustomize.remote import Remotes

    home = os.environ.get("XDG_CACHE_HOME", "")
    return Remotes(os.path.join(home if os.path.isabs(home) else os.path.expanduser("~/.cache"), "compiler", "git"))


def _flags(request: Request) -> list[str]:
    """The request's options as the real tool spells them."""
    flags = [] if request.restricted else ["--load-restrictor=LoadRestrictionsNone"]
    return [*flags, "--enable-helm", f"--helm-command={request.helm_command}"] if request.enable_helm else flags


def _one(path: str, tree: Any, options: Any, output: str) -> Outcome:
    from compiler.kustomize.errors import KustomizeError
    from compiler.kustomize.loader import repo_of
    from compiler.kustomize.rendering import build, build_url

    try:
        if repo_of(path) is None:
            rendering = build(tree, os.path.abspath(path).lstrip("/"), options)
        else:
            rendering = build_url(path, options)
    except KustomizeError as error:
        return Outcome(path, (), (), _shown(error), 3 if error.world else 2)
    except RecursionError:
        return Outcome(path, (), (), f"{path}: nested too deeply")
    warnings = tuple(_relative(warning) for warning in rendering.warnings)
    return Outcome(path, _json(rendering) if output == "json" else rendering.texts, warnings)


def _json(rendering: Rendering) -> tuple[str, ...]:
    import json

    return tuple(json.dumps(one.data, ensure_ascii=False, indent=2) for one in rendering.objects)


def _joined_json(texts: Sequence[str]) -> str:
    """A JSON array of objects, two spaces deep."""
    if not texts:
        return "[]\n"
    return "[\n  " + ",\n  ".join(text.replace("\n", "\n  ") for text in texts) + "\n]\n"


def _shown(error: Any) -> str:
    """An error with paths as the person would write them."""
    if error.path is not None and "//" not in error.path:  # a remote base's files go by their repository
        if error.message.startswith("unable to find one of") and os.path.isfile(f"/{error.path}/pulp.yaml"):
            error.hint = "it has a pulp.yaml, of which `compiler generate` writes the kustomization"
        error.path = os.path.relpath(f"/{error.path}")
        if error.path.startswith("../../../"):
            error.path = os.path.abspath(error.path)
    return _relative(str(error))


def _relative(text: str) -> str:
    """A message with paths relative to the working folder, or absolute; in the engine's, the root is the disk's."""
    here = os.getcwd().lstrip("/")
    if not here or "/" not in text:
        return text
    import re

    text = re.sub(rf"(?<![\w/.-])/?{re.escape(here)}/", "", text)  # not in a file:// URL
    return re.sub(r"(?<![\w/.:@-])(?:[^\s/'\":,]+/)+[^\s/'\":,]+(?=:[0-9])", _absolute, text)  # FILE:LINE


def _absolute(found: re.Match[str]) -> str:
    path = found[0]
    return f"/{path}" if os.path.isfile(f"/{path}") and not os.path.isfile(path) else path


def _to_stdout(text: str) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", "surrogatepass"))
    sys.stdout.buffer.flush()


def _write_files(outcomes: Sequence[Outcome], folder: str, suffix: str) -> int:
    names = file_names([outcome.path for outcome in outcomes])
    try:
        os.makedirs(folder, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        say(f"error: {folder} is not a folder\n  hint: name a new or existing folder for --output-dir")
        return 2
    for outcome, name in zip(outcomes, names, strict=True):
        text = _joined_json(outcome.texts) if suffix == "json" else "---\n".join(outcome.texts)
        path = os.path.join(folder, f"{name}.{suffix}")
        try:
            _write_file(path, text.encode("utf-8", "surrogatepass"))
        except IsADirectoryError:
            say(f"error: {path} is a folder; a rendering is to be written there")
            return 2
    return 0


def file_names(paths: Sequence[str]) -> list[str]:
    """A file name for each path: its last folder, with those above it where two would be the same."""
    folders = [path.partition("?")[0] if "://" in path else path for path in paths]
    parts = [[part for part in os.path.abspath(path).split("/") if part] or ["root"] for path in folders]
    distinct = len(set(map(tuple, parts)))
    for depth in range(1, max(map(len, parts)) + 1):
        names = ["-".join(part[-depth:]) for part in parts]
        if len(set(names)) == distinct:
            return names
    # x-a/b and x/a-b: a hyphen in a folder's name looks like one between two
    return ["%2F".join(folder.replace("%", "%25") for folder in part) for part in parts]


def _write_file(path: str, data: bytes) -> None:
    """Write a file in one step: it is there whole, or as it was."""
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except OSError:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise
