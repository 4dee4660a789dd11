"""The runner's own namespaces: a launcher outside, an init and the daemon inside. Any of them killed ends all of it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping
from pathlib import Path

from tests.e2e.podrunner import images, kernel
from tests.e2e.podrunner.objects import RunnerError
from tests.e2e.podrunner.pod import Options

_NAMESPACES = kernel.CLONE_NEWNS | kernel.CLONE_NEWPID | kernel.CLONE_NEWNET | kernel.CLONE_NEWUTS | kernel.CLONE_NEWIPC


def run(state: Path, options: Options, hosts: Mapping[str, str], *, with_parent: bool) -> int:
    """Run the daemon until it is told to go down; its exit code.

    Args:
        state: a folder for the control socket (``control``) and the pid of the init (``pid``); the rest of what the
            runner writes is on a file system in memory that nobody outside sees and that ends with it.
        options: timings.
        hosts: names outside of the cluster to addresses.
        with_parent: die when the calling process does.

    Raises:
        RunnerError: not root.
    """
    if os.geteuid() != 0:
        raise RunnerError("the pod runner needs root: it makes namespaces and mounts")
    if with_parent:
        kernel.die_with_parent()
    state.mkdir(parents=True, exist_ok=True)
    state = state.resolve()
    alive_read, alive_write = os.pipe()
    kernel.unshare(_NAMESPACES)
    child = os.fork()
    if child == 0:
        os.close(alive_write)
        os._exit(_init(state, options, hosts, alive_read))
    (state / "pid").write_text(str(child))
    os.write(alive_write, b".")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os.kill(child, signal.SIGTERM))
    _, result = os.waitpid(child, 0)
    (state / "pid").unlink(missing_ok=True)
    return os.waitstatus_to_exitcode(result)


def _init(state: Path, options: Options, hosts: Mapping[str, str], alive: int) -> int:
    """Pid 1: ends with the launcher, reaps what nobody else does, and takes everything with it when the daemon ends."""
    kernel.die_with_parent()
    if not os.read(alive, 1):
        return 1  # the launcher died before its death could be asked for
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("proc", "/proc", "proc", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)
    daemon = os.fork()
    if daemon == 0:
        kernel.die_with_parent()
        code = 1
        with contextlib.suppress(KeyboardInterrupt):
            code = _daemon(state, options, hosts)
        os._exit(code)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os.kill(daemon, signal.SIGTERM))
    while True:
        pid, result = os.wait()
        if pid == daemon:
            return os.waitstatus_to_exitcode(result) & 0xFF


def _daemon(state: Path, options: Options, hosts: Mapping[str, str]) -> int:
    import traceback

    from tests.e2e.podrunner.cluster import Cluster
    from tests.e2e.podrunner.server import Server

    folder = state / "run"
    folder.mkdir(exist_ok=True)
    kernel.mount("tmpfs", str(folder), "tmpfs", data="mode=755")
    kernel.sethostname("podrunner")

    async def main() -> None:
        await Server(Cluster(folder, options, hosts, images.load_table())).run(state / "control")

    try:
        asyncio.run(main())
    except Exception:  # noqa: BLE001  # forked: nobody else would print it
        traceback.print_exc()
        return 1
    return 0
