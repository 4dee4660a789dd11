"""Processes in namespaces: started by one fork, waited for by pidfd, their output copied to a log."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

from tests.e2e.podrunner import kernel, sandbox
from tests.e2e.podrunner.sandbox import Command, Sandbox

_OWN_PIDS = "/proc/self/ns/pid"
Output = Callable[[bytes], None]


class StartError(Exception):
    """The process could not be started: a mount or the program itself failed."""


class Process:
    """A running process.

    Attributes:
        pid: in the runner's pid namespace.
        exit_code: as a shell has it (128 + signal), ``None`` while it runs.
    """

    def __init__(self, pid: int, output: asyncio.Future[None]) -> None:
        self.pid = pid
        self.exit_code: int | None = None
        self._fd = os.pidfd_open(pid)
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._output = output
        asyncio.get_running_loop().add_reader(self._fd, self._reap)

    def _reap(self) -> None:
        asyncio.get_running_loop().remove_reader(self._fd)
        result = os.waitid(os.P_PIDFD, self._fd, os.WEXITED)
        os.close(self._fd)
        assert result is not None
        self.exit_code = result.si_status if result.si_code == os.CLD_EXITED else 128 + result.si_status
        self._ended.set_result(self.exit_code)

    async def wait(self) -> int:
        """The exit code, once the process has ended and its output was read (a child may hold that for a while)."""
        code = await asyncio.shield(self._ended)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._output), 1)
        return code

    def signal(self, number: int) -> None:
        """Send a signal; nothing when it has ended."""
        if self.exit_code is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


def start_container(surroundings: Sandbox, command: Command, output: Output) -> Process:
    """Start ``command`` as pid 1 of a new container.

    Raises:
        StartError: what failed, in words.
    """

    def child() -> None:
        sandbox.enter_new(surroundings)

    return _start(child, command, output, new_pids=True)


def start_inside(namespaces: Mapping[str, int], command: Command, output: Output, stdin: bytes = b"") -> Process:
    """Start ``command`` in a running container's namespaces (``pid``, ``mnt``, ``net``, ``uts``, ``ipc``).

    Raises:
        StartError: what failed, in words.
    """

    def child() -> None:
        sandbox.enter_running(namespaces)

    return _start(child, command, output, pids=namespaces.get("pid"), stdin=stdin)


def namespaces_of(pid: int) -> dict[str, int]:
    """File descriptors of the namespaces of ``pid``, for the caller to close; none when it has ended already."""
    found: dict[str, int] = {}
    with contextlib.suppress(FileNotFoundError):
        for name in ("pid", "mnt", "net", "uts", "ipc"):
            found[name] = os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY)
    return found


def _start(
    enter: Callable[[], None],
    command: Command,
    output: Output,
    *,
    new_pids: bool = False,
    pids: int | None = None,
    stdin: bytes = b"",
) -> Process:
    failure_read, failure_write = os.pipe()
    log_read, log_write = os.pipe()
    input_read = _input(stdin)
    # Only the pid namespace has to be chosen before the fork; the runner's own children go back to its own.
    own = os.open(_OWN_PIDS, os.O_RDONLY)
    try:
        if new_pids:
            kernel.unshare(kernel.CLONE_NEWPID)
        elif pids is not None:
            kernel.setns(pids, kernel.CLONE_NEWPID)
        pid = os.fork()
        if pid == 0:
            _child(enter, command, input_read, log_write, failure_write)
    except OSError as error:
        os.close(failure_read)
        os.close(log_read)
        raise StartError(str(error)) from error
    finally:
        kernel.setns(own, kernel.CLONE_NEWPID)
        for fd in (own, log_write, failure_write, input_read):
            os.close(fd)
    with os.fdopen(failure_read, "rb") as pipe:
        failure = pipe.read()
    if failure:
        os.waitpid(pid, 0)
        os.close(log_read)
        raise StartError(failure.decode(errors="replace"))
    return Process(pid, _copy(log_read, output))


def _child(enter: Callable[[], None], command: Command, stdin: int, log: int, failure: int) -> NoReturn:
    step = "start"
    try:
        os.setsid()
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        os.dup2(stdin, 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        # As runc does it, so that the program may open /dev/stdout again.
        os.fchown(1, command.identity.uid, -1)
        step = "container"
        enter()
        step = "identity"
        sandbox.become(command.identity)
        step = command.argv[0]
        sandbox.execute(command)
    except BaseException as error:  # noqa: BLE001  # the only thing to do between fork and exec is to tell the parent
        os.write(failure, f"{step}: {error}".encode())
    os._exit(127)


def _input(data: bytes) -> int:
    if not data:
        return os.open("/dev/null", os.O_RDONLY)
    fd = os.memfd_create("stdin")
    os.write(fd, data)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def _copy(fd: int, output: Output) -> asyncio.Future[None]:
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()
    os.set_blocking(fd, False)

    def read() -> None:
        try:
            data = os.read(fd, 65536)
        except BlockingIOError:
            return
        if data:
            output(data)
            return
        loop.remove_reader(fd)
        os.close(fd)
        if not done.done():
            done.set_result(None)

    loop.add_reader(fd, read)
    return done


class Log:
    """A container's output: a file on the runner's own file system, with the time of each start in between."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path

    def write(self, data: bytes) -> None:
        """Append ``data``."""
        with self.path.open("ab") as file:
            file.write(data)

    def note(self, text: str) -> None:
        """Append a line of the runner's own."""
        self.write(f"--- {time.strftime('%H:%M:%S')} {text}\n".encode())

    def text(self) -> str:
        """All of it."""
        return self.path.read_text(errors="replace") if self.path.exists() else ""
