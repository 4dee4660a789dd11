"""One container of a pod: started, probed, restarted with backoff, stopped gracefully."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tests.e2e.podrunner import environment, images, process, security
from tests.e2e.podrunner.environment import NotYet
from tests.e2e.podrunner.objects import Object, RunnerError
from tests.e2e.podrunner.probes import Timing, handle
from tests.e2e.podrunner.process import Log, Process, StartError
from tests.e2e.podrunner.sandbox import Command, Mount, Sandbox

if TYPE_CHECKING:
    from tests.e2e.podrunner.pod import Pod

Role = Literal["init", "sidecar", "main"]

_BACKOFF_MAX = 300.0
_BACKOFF_RESET = 600.0
_TIMED_OUT = 124


class Container:
    """A container of ``pod``.

    Attributes:
        role: an init container, a sidecar (an init container with restartPolicy Always), or a main one.
        state: ``waiting``, ``running`` or ``terminated``.
        reason: why it waits or ended, in words.
        started: its startup probe, if any, succeeded.
        ready: its readiness probe, if any, succeeds.
        restarts: how often it was started again.
        exit_code: of the last end.
    """

    def __init__(self, pod: Pod, spec: Object, role: Role) -> None:
        self.pod, self.spec, self.role = pod, spec, role
        self.name: str = spec["name"]
        self.state, self.reason = "waiting", ""
        self.started = self.ready = False
        self.restarts = 0
        self.exit_code: int | None = None
        self.process: Process | None = None
        self.log = Log(pod.world.folder / "logs" / pod.namespace / pod.name / f"{self.name}.log")
        self._folder: Path = pod.folder / "containers" / self.name
        self._namespaces: dict[str, int] = {}
        self._command: Command | None = None
        self._begun = 0.0
        self._stopping = False
        self._killing: asyncio.Task[None] | None = None

    async def run(self) -> int:
        """Until it ends for good: the last exit code."""
        while True:
            begun = time.monotonic()
            try:
                code = await self._once()
            except NotYet as error:
                self._now("waiting", f"CreateContainerConfigError: {error}")
                await asyncio.sleep(0.5)
                continue
            except (StartError, RunnerError) as error:
                self.log.note(f"StartError: {error}")
                self._now("terminated", f"StartError: {error}", 128)
                code = 128
            if self._stopping or not self._again(code):
                return code
            self.restarts = 0 if time.monotonic() - begun > _BACKOFF_RESET else self.restarts
            delay = min(self.pod.world.options.backoff * 2 ** (self.restarts - 1), _BACKOFF_MAX) if self.restarts else 0
            self.restarts += 1
            if delay:
                self._now("waiting", f"CrashLoopBackOff: {delay:g} s after {self.reason}")
            await asyncio.sleep(delay)

    async def execute(self, argv: list[str], timeout: float, stdin: bytes = b"") -> tuple[int, str]:
        """Run ``argv`` as the container would: (exit code, output). Code 124 after ``timeout`` seconds."""
        if len(self._namespaces) < 5 or self._command is None:
            return 126, "the container is not running"
        output: list[bytes] = []
        mine = Command(tuple(argv), self._command.env, self._command.cwd, self._command.identity)
        try:
            child = process.start_inside(self._namespaces, mine, output.append, stdin)
        except StartError as error:
            return 126, str(error)
        try:
            code = await asyncio.wait_for(child.wait(), timeout)
        except TimeoutError:
            child.signal(signal.SIGKILL)
            return _TIMED_OUT, b"".join(output).decode(errors="replace") + f"\nno end within {timeout:g} s"
        except asyncio.CancelledError:
            child.signal(signal.SIGKILL)
            raise
        return code, b"".join(output).decode(errors="replace")

    async def stop(self, grace: float) -> None:
        """preStop, the stop signal, and SIGKILL when ``grace`` seconds are over."""
        self._stopping = True
        await self._kill(grace)

    def send(self, number: int) -> None:
        """Signal the container's main process."""
        if self.process:
            self.process.signal(number)

    async def _once(self) -> int:
        image = images.find(self.pod.world.images, self.spec["image"])
        command = self._what(image)
        scratch = self._folder / str(self.restarts)
        surroundings = Sandbox(
            lower=str(self.pod.world.image_root(image)),
            scratch=str(scratch),
            mounts=(
                *(Mount(folder, folder, True) for folder in image.folders),
                *(Mount(str(self.pod.folder / name), f"/etc/{name}") for name in ("hosts", "resolv.conf", "hostname")),
                *self.pod.volumes.mounts(self.spec),
            ),
            read_only_root=bool((self.spec.get("securityContext") or {}).get("readOnlyRootFilesystem")),
            hostname=self.pod.hostname,
            network=self.pod.network,
        )
        self.log.note(f"start {self.restarts} of {self.pod.name}/{self.name}")
        self.process = process.start_container(surroundings, command, self.log.write)
        self._command = command
        self._begun = time.monotonic()
        self._namespaces = process.namespaces_of(self.process.pid)
        self.started = "startupProbe" not in self.spec
        self.ready = self.started and "readinessProbe" not in self.spec
        self._now("running", "")
        tasks = [asyncio.create_task(self._watch())]
        try:
            code = await self.process.wait()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for fd in self._namespaces.values():
                _close(fd)
            self._namespaces = {}
            self.started = self.ready = False
        self.log.note(f"exit code {code}")
        self._now("terminated", f"exit code {code}", code)
        return code

    def _what(self, image: images.Image) -> Command:
        pod = self.pod
        env = environment.build(pod.object, self.spec, {"PATH": images.PATH, **image.env}, pod.links(), pod.world.get)
        if not self.spec.get("command"):
            raise RunnerError("it names no command, and the runner imitates no image's entrypoint")
        argv = [environment.expand(str(item), env) for item in (*self.spec["command"], *(self.spec.get("args") or ()))]
        identity = security.identity(pod.spec, self.spec, image)
        env.setdefault("HOME", image.home(identity.uid))
        return Command(tuple(argv), env, self.spec.get("workingDir") or image.working_dir, identity)

    def _again(self, code: int) -> bool:
        policy = "Always" if self.role == "sidecar" else self.pod.spec.get("restartPolicy", "Always")
        if self.role == "init":
            return code != 0 and policy != "Never"
        return policy == "Always" or (policy == "OnFailure" and code != 0)

    async def _watch(self) -> None:
        """postStart and the probes of one start."""
        hook = (self.spec.get("lifecycle") or {}).get("postStart")
        if hook and (why := await self._handle(hook, 3600)):
            self._kill_soon(f"postStart failed: {why}")
        if "startupProbe" in self.spec:
            await self._probe("startupProbe", self._startup)
        loops: list[Awaitable[None]] = []
        if "readinessProbe" in self.spec:
            loops.append(self._probe("readinessProbe", self._readiness))
        if "livenessProbe" in self.spec:
            loops.append(self._probe("livenessProbe", self._liveness))
        await asyncio.gather(*loops)

    async def _probe(self, name: str, decide: Callable[[bool, str], bool]) -> None:
        """Probe until ``decide`` (told each time a threshold is reached) says that it is enough."""
        timing = Timing.of(self.spec[name])
        await asyncio.sleep(max(0.0, timing.initial_delay - (time.monotonic() - self._begun)))
        successes = failures = 0
        while True:
            began = time.monotonic()
            why = await self._handle(self.spec[name], timing.timeout)
            successes, failures = (0, failures + 1) if why else (successes + 1, 0)
            if why:
                self.log.note(f"{name} failed ({failures}): {why}")
            if (successes >= timing.success and decide(True, "")) or (
                failures >= timing.failure and decide(False, why)
            ):
                return
            await asyncio.sleep(max(0.0, timing.period - (time.monotonic() - began)))

    def _startup(self, good: bool, why: str) -> bool:
        if good:
            self.started = True
            self.ready = "readinessProbe" not in self.spec
            self.pod.changed()
        else:
            self._kill_soon(f"startup probe: {why}")
        return True

    def _readiness(self, good: bool, why: str) -> bool:
        if self.ready != good:
            self.ready = good
            self.log.note("ready" if good else f"not ready: {why}")
            self.pod.changed()
        return False

    def _liveness(self, good: bool, why: str) -> bool:
        if not good:
            self._kill_soon(f"liveness probe: {why}")
        return not good

    def _kill_soon(self, why: str) -> None:
        self.log.note(f"killed: {why}")
        grace = float(self.pod.spec.get("terminationGracePeriodSeconds", 30))
        self._killing = asyncio.create_task(self._kill(grace))  # not of _watch, which ends with the process

    async def _kill(self, grace: float) -> None:
        child = self.process
        if child is None or child.exit_code is not None:
            return
        deadline = time.monotonic() + grace
        if grace > 0 and (hook := (self.spec.get("lifecycle") or {}).get("preStop")):
            try:
                if why := await asyncio.wait_for(self._handle(hook, grace), grace):
                    self.log.note(f"preStop failed: {why}")
            except TimeoutError:
                self.log.note("preStop took the whole grace period")
        image = images.find(self.pod.world.images, self.spec["image"])
        child.signal(getattr(signal, image.stop_signal) if grace > 0 else signal.SIGKILL)
        try:
            await asyncio.wait_for(child.wait(), max(2.0, deadline - time.monotonic()))  # kubelet's least is 2 s
        except TimeoutError:
            self.log.note("killed: the grace period is over")
            child.signal(signal.SIGKILL)
            await child.wait()

    async def _handle(self, handler: Object, timeout: float) -> str:
        return await handle(handler, self.spec, self.pod.address, self.execute, timeout)

    def _now(self, state: str, reason: str, code: int | None = None) -> None:
        self.state, self.reason = state, reason
        if code is not None:
            self.exit_code = code
        self.pod.changed()


def _close(fd: int) -> None:
    with contextlib.suppress(OSError):
        os.close(fd)
