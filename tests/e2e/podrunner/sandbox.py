"""The child's side of a container: namespaces, root, mounts, identity. Runs between fork and execve."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.podrunner import kernel

_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_DEV_LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
}
# What containerd hides or makes read-only in /proc.
_PROC_READ_ONLY = ("bus", "fs", "irq", "sys", "sysrq-trigger")


@dataclass(frozen=True)
class Mount:
    """A bind mount: ``source`` on the host (file or folder) at ``target`` in the container."""

    source: str
    target: str
    read_only: bool = False


@dataclass(frozen=True)
class Identity:
    """Who the process is and what it may become.

    Args:
        uid: user id.
        gid: primary group id.
        groups: supplementary group ids.
        capabilities: the bounding set, names without ``CAP_``.
        no_new_privileges: allowPrivilegeEscalation: false.
    """

    uid: int = 0
    gid: int = 0
    groups: tuple[int, ...] = ()
    capabilities: frozenset[str] = frozenset()
    no_new_privileges: bool = False


@dataclass(frozen=True)
class Sandbox:
    """One container's surroundings.

    Args:
        lower: the image's root content.
        scratch: an empty folder for the container's own layer; gone with the container.
        mounts: bind mounts; applied in the order of their targets.
        read_only_root: readOnlyRootFilesystem.
        hostname: of the pod.
        network: file descriptor of the pod's network namespace.
    """

    lower: str
    scratch: str
    mounts: tuple[Mount, ...]
    read_only_root: bool
    hostname: str
    network: int


@dataclass(frozen=True)
class Command:
    """What is executed: program and arguments, environment, working folder, identity."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str = "/"
    identity: Identity = field(default_factory=Identity)


def enter_new(sandbox: Sandbox) -> None:
    """Move the calling process, pid 1 of a new pid namespace, into a new container."""
    kernel.setns(sandbox.network, kernel.CLONE_NEWNET)
    kernel.unshare(kernel.CLONE_NEWNS | kernel.CLONE_NEWUTS | kernel.CLONE_NEWIPC)
    kernel.sethostname(sandbox.hostname)
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    root = _overlay(sandbox)
    kernel.mount("proc", f"{root}/proc", "proc", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)
    for name in _PROC_READ_ONLY:
        path = f"{root}/proc/{name}"
        if os.path.exists(path):
            kernel.bind(path, path, read_only=True)
    kernel.mount("sysfs", f"{root}/sys", "sysfs", kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_NOEXEC)
    kernel.bind("/usr", f"{root}/usr", read_only=True)
    _devices(root)
    for mount in sorted(sandbox.mounts, key=lambda item: item.target):
        _bind(root, mount)
    if sandbox.read_only_root:
        kernel.remount_read_only(root)
    kernel.pivot_root(root)


def enter_running(namespaces: Mapping[str, int]) -> None:
    """Move the calling process into a running container's namespaces (file descriptors by name)."""
    for name, kind in (
        ("uts", kernel.CLONE_NEWUTS),
        ("ipc", kernel.CLONE_NEWIPC),
        ("net", kernel.CLONE_NEWNET),
        ("mnt", kernel.CLONE_NEWNS),
    ):
        if name in namespaces:
            kernel.setns(namespaces[name], kind)


def become(identity: Identity) -> None:
    """Give up what the identity does not have; the order is the kernel's."""
    if identity.no_new_privileges:
        kernel.no_new_privileges()
    kernel.bound_capabilities(identity.capabilities)
    os.setgroups(list(identity.groups))
    os.setresgid(identity.gid, identity.gid, identity.gid)
    os.setresuid(identity.uid, identity.uid, identity.uid)


def execute(command: Command) -> None:
    """Replace the calling process; returns only by raising OSError (ENOENT: the program is not in the image)."""
    os.umask(0o022)
    os.chdir(command.cwd)
    os.execvpe(command.argv[0], list(command.argv), dict(command.env))  # noqa: S606  # no shell: that is the point


def _overlay(sandbox: Sandbox) -> str:
    upper, work, root = (f"{sandbox.scratch}/{name}" for name in ("upper", "work", "root"))
    for folder in (upper, work, root):
        os.makedirs(folder, exist_ok=True)
    kernel.mount("overlay", root, "overlay", data=f"lowerdir={sandbox.lower},upperdir={upper},workdir={work}")
    return root


def _devices(root: str) -> None:
    dev = f"{root}/dev"
    kernel.mount("tmpfs", dev, "tmpfs", kernel.MS_NOSUID, "mode=755,size=64k")
    for name in _DEVICES:
        Path(dev, name).touch()
        kernel.bind(f"/dev/{name}", f"{dev}/{name}")
    for name, target in _DEV_LINKS.items():
        os.symlink(target, f"{dev}/{name}")
    os.mkdir(f"{dev}/shm")
    kernel.mount("tmpfs", f"{dev}/shm", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=1777,size=64m")


def _bind(root: str, mount: Mount) -> None:
    target = root + mount.target
    if stat.S_ISDIR(os.stat(mount.source).st_mode):
        os.makedirs(target, exist_ok=True)
    elif not os.path.exists(target):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        Path(target).touch()
    kernel.bind(mount.source, target, read_only=mount.read_only)
