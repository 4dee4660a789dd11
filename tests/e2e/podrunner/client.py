"""The Python API: start a runner, give it a rendering, ask it things."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.e2e.podrunner.objects import RunnerError

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Host:
    """A stand-in as its user sees it: its address, and the prefix that runs a command line in its namespace."""

    name: str
    address: str
    prefix: tuple[str, ...]


class Runner:
    """A running pod runner, by its state folder."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self._launcher: subprocess.Popen[bytes] | None = None

    @classmethod
    def start(
        cls,
        state: Path,
        *,
        hosts: Mapping[str, str] | None = None,
        backoff: float = 10,
        endpoint_delay: float = 1,
        eviction: float = 10,
    ) -> Runner:
        """Start one that ends with the calling thread's process.

        Raises:
            RunnerError: it did not come up within 20 s.
        """
        runner = cls(state)
        state.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "tests.e2e.podrunner", "up", "--state", str(state), "--with-parent"]
        command += ["--backoff", str(backoff), "--endpoint-delay", str(endpoint_delay), "--eviction", str(eviction)]
        command += [f"--host={name}={address}" for name, address in (hosts or {}).items()]
        with (state / "runner.log").open("wb") as log:
            runner._launcher = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while True:
            try:
                runner.call("ping")
                return runner
            except (OSError, RunnerError):
                if time.monotonic() > deadline or runner._launcher.poll() is not None:
                    runner._launcher.kill()
                    runner._launcher.wait()
                    raise RunnerError((state / "runner.log").read_text() or "the runner did not come up") from None
                time.sleep(0.05)

    def __enter__(self) -> Runner:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down(grace=0)

    def call(self, do: str, **request: Any) -> Any:
        """One request; its result.

        Raises:
            RunnerError: what the runner answers.
            OSError: it is not there.
        """
        with socket.socket(socket.AF_UNIX) as connection:
            # A path below a pytest folder can be longer than the 107 bytes of an address: go through the folder's fd.
            folder = os.open(self.state, os.O_RDONLY | os.O_DIRECTORY)
            try:
                connection.connect(f"/proc/self/fd/{folder}/control")
            finally:
                os.close(folder)
            connection.sendall(json.dumps({"do": do, **request}).encode() + b"\n")
            with connection.makefile("rb") as reply:
                line = reply.readline()
        if not line:
            raise RunnerError(f"the runner ended during {do!r}")
        answer = json.loads(line)
        if "error" in answer:
            raise RunnerError(answer["error"])
        return answer["result"]

    def apply(self, text: str, *, prune: bool = True) -> dict[str, list[str]]:
        """Apply a rendering; names of objects under ``created``, ``updated``, ``pruned``, ``not modelled``."""
        return dict(self.call("apply", text=text, prune=prune))

    def wait(self, timeout: float) -> None:
        """Until every workload is as its object asks.

        Raises:
            RunnerError: it is not after ``timeout`` seconds, or a Job failed; with what is missing and its last output.
        """
        if open_ends := self.call("wait", timeout=timeout):
            raise RunnerError("not ready:\n" + "\n".join(open_ends))

    def status(self) -> dict[str, Any]:
        """Pods, workloads, services, problems."""
        return dict(self.call("status"))

    def pods(self, prefix: str = "", namespace: str = "default") -> list[dict[str, Any]]:
        """The pods whose names begin with ``prefix``."""
        found = self.status()["pods"]
        return [pod for pod in found if pod["name"].startswith(prefix) and pod["namespace"] == namespace]

    def exec(
        self,
        pod: str,
        argv: Sequence[str],
        *,
        namespace: str = "default",
        container: str | None = None,
        timeout: float = 60,
        stdin: str = "",
    ) -> tuple[int, str]:
        """Run a command line in a container, as the container's user: (exit code, output)."""
        code, output = self.call(
            "exec", pod=pod, namespace=namespace, container=container, argv=list(argv), timeout=timeout, stdin=stdin
        )
        return code, output

    def logs(self, pod: str, *, namespace: str = "default", container: str | None = None) -> str:
        """The output of a pod's containers, with the runner's own notes (lines that begin with ``---``)."""
        return str(self.call("logs", pod=pod, namespace=namespace, container=container))

    def trigger(self, name: str, *, namespace: str = "default") -> str:
        """Run a CronJob now; the name of its Job."""
        return str(self.call("trigger", name=name, namespace=namespace))

    def signal(self, pod: str, number: int, *, namespace: str = "default", container: str | None = None) -> None:
        """Signal a container's first process."""
        self.call("signal", pod=pod, namespace=namespace, container=container, signal=int(number))

    def delete_pod(self, pod: str, *, namespace: str = "default", grace: float | None = None) -> None:
        """Delete a pod."""
        self.call("delete_pod", pod=pod, namespace=namespace, grace=grace)

    def stand_in(self, name: str, address: str | None = None, **rest: Any) -> Host:
        """Add a host that is no pod (see :class:`~tests.e2e.podrunner.standin.StandIn` for ``rest``)."""
        made = self.call("stand_in", name=name, address=address, **rest)
        # Everything the daemon has open is seen from outside through its own pid, the init's only child.
        pid = self._outside_pid()
        return Host(name, made["address"], ("nsenter", f"--net=/proc/{pid}/fd/{made['network']}"))

    def start_in(
        self, stand_in: str, argv: Sequence[str], *, env: Mapping[str, str] | None = None, uid: int = 0, gid: int = 0
    ) -> None:
        """Start a program in a stand-in; it ends with the runner."""
        self.call("start", stand_in=stand_in, argv=list(argv), env=dict(env or {}), uid=uid, gid=gid)

    @property
    def node(self) -> tuple[str, ...]:
        """The prefix that runs a command line in the runner's own network namespace ("the node")."""
        return ("nsenter", f"--net=/proc/{self.pid}/ns/net")

    @property
    def pid(self) -> int:
        """The init's pid, outside."""
        return int((self.state / "pid").read_text())

    def down(self, grace: float | None = None) -> None:
        """Stop everything, each pod with its own grace period or ``grace``, and wait for the end."""
        try:
            self.call("down", grace=grace)
        except (OSError, RunnerError):
            if self._launcher:
                self._launcher.kill()
        if self._launcher:
            try:
                self._launcher.wait(timeout=120)
            except subprocess.TimeoutExpired:
                self._launcher.kill()
                self._launcher.wait()

    def _outside_pid(self) -> int:
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        for child in children:
            if "tests.e2e.podrunner" in Path(f"/proc/{child}/cmdline").read_text():
                return int(child)
        raise RunnerError("the runner's daemon is gone")
