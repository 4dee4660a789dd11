"""The image table: what an image name stands for on this machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.podrunner.objects import RunnerError

TABLE = Path(__file__).resolve().parents[1] / "images"
CACHE = Path(__file__).resolve().parents[3] / ".cache" / "e2e"

# Of the host's /etc, what a program of the image needs and no image would differ in.
_ETC = [
    "alternatives",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "mime.types",
    "nsswitch.conf",
    "protocols",
    "services",
    "ssl",
    "python3",
    "python3.11",
]
_FOLDERS = [
    "dev",
    "etc",
    "home",
    "media",
    "mnt",
    "opt",
    "proc",
    "root",
    "run",
    "srv",
    "sys",
    "usr",
    "var/cache",
    "var/lib",
    "var/log",
    "var/tmp",
    "tmp",
]
_LINKS = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64", "var/run": "../run"}
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Image:
    """One entry of the table.

    Args:
        name: the image name without tag and digest.
        env: the image's default environment.
        folders: host folders that the image would hold, mounted read-only at their own path.
        etc: further names in the host's /etc that the image would hold.
        users: lines of /etc/passwd (``name:x:uid:gid:comment:home:shell``); each makes its group too.
        user: the uid that a container without runAsUser has.
        writable: folders that the image's user owns.
        working_dir: where a container without workingDir starts.
        stop_signal: the image's STOPSIGNAL, sent where SIGTERM would be.
    """

    name: str
    env: Mapping[str, str] = field(default_factory=dict)
    folders: tuple[str, ...] = ()
    etc: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    user: int = 0
    writable: tuple[str, ...] = ()
    working_dir: str = "/"
    stop_signal: str = "SIGTERM"

    def home(self, uid: int) -> str:
        """The home folder that the image's passwd gives ``uid``; ``/`` for a stranger."""
        for line in (_ROOT_USER, *self.users):
            parts = line.split(":")
            if parts[2] == str(uid):
                return parts[5]
        return "/"

    def group(self, uid: int) -> int:
        """The primary group that the image's passwd gives ``uid``; 0 for a stranger."""
        for line in self.users:
            parts = line.split(":")
            if parts[2] == str(uid):
                return int(parts[3])
        return 0


_ROOT_USER = "root:x:0:0:root:/root:/bin/sh"
_NOBODY = "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin"


def load_table(folder: Path = TABLE, cache: Path = CACHE) -> dict[str, Image]:
    """Every image of ``folder/*.yaml`` by name; ``{pulp}`` in a value is the Pulp that install.sh made."""
    table: dict[str, Image] = {}
    for path in sorted(folder.glob("*.yaml")):
        text = path.read_text(encoding="utf-8").replace("{pulp}", str((cache / "pulp").resolve()))
        entry = yaml.safe_load(text)
        known = {name for name in Image.__dataclass_fields__ if name != "name"} | {"names"}
        if unknown := set(entry) - known:
            raise RunnerError(f"{path.name}: unknown keys {', '.join(sorted(unknown))}")
        names = entry.pop("names")
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()
        }
        for name in names:
            table[name] = Image(name=name, **values)
    return table


def find(table: Mapping[str, Image], reference: str) -> Image:
    """The entry for an image reference.

    Raises:
        RunnerError: no entry. Nothing is guessed: a rendering that names another image needs another entry.
    """
    name = reference.partition("@")[0]
    head, _, tail = name.rpartition("/")
    name = f"{head}/{tail.partition(':')[0]}" if head else tail.partition(":")[0]
    if name not in table:
        raise RunnerError(
            f"no entry for the image {reference!r} in tests/e2e/images (it has {', '.join(sorted(table))})"
        )
    return table[name]


def build_root(image: Image, target: Path) -> None:
    """Write the image's root content, everything but what is mounted, into the empty folder ``target``."""
    for name in _FOLDERS:
        (target / name).mkdir(parents=True, exist_ok=True)
    for name in ("tmp", "var/tmp"):
        (target / name).chmod(0o1777)
    for name, link in _LINKS.items():
        if name == "var/run" or Path("/", name).exists():
            (target / name).symlink_to(link)
    for name in (*_ETC, *image.etc):
        source, goal = Path("/etc", name), target / "etc" / name
        if source.is_dir() and not source.is_symlink():
            shutil.copytree(source, goal, symlinks=True, ignore=shutil.ignore_patterns("private"))
        elif source.exists() or source.is_symlink():
            shutil.copy2(source, goal, follow_symlinks=False)
    users = [_ROOT_USER, *image.users, _NOBODY]
    groups = dict.fromkeys(f"{line.split(':')[0]}:x:{line.split(':')[3]}:" for line in users)
    (target / "etc/passwd").write_text("\n".join(users) + "\n")
    (target / "etc/group").write_text("\n".join(groups) + "\n")
    for folder in image.folders:
        if not Path(folder).is_dir():
            raise RunnerError(f"the image {image.name} needs {folder}, which is not there: run tests/e2e/install.sh")
        (target / folder.lstrip("/")).mkdir(parents=True, exist_ok=True)
    for folder in image.writable:
        path = target / folder.lstrip("/")
        path.mkdir(parents=True, exist_ok=True)
        os.chown(path, image.user, image.group(image.user))
