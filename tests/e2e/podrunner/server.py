"""The daemon's ear: one JSON request per connection on a Unix socket, one JSON reply."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tests.e2e.podrunner import objects, status
from tests.e2e.podrunner.cluster import Cluster
from tests.e2e.podrunner.objects import RunnerError
from tests.e2e.podrunner.pod import Pod
from tests.e2e.podrunner.process import Log
from tests.e2e.podrunner.standin import StandIn

Request = dict[str, Any]
_LIMIT = 64 * 2**20


class Server:
    """Serves ``cluster`` until it is told to go ``down``."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._down = asyncio.Event()
        self._grace: float | None = None
        self._operations: dict[str, Callable[[Request], Awaitable[Any]]] = {
            name.removeprefix("_do_"): getattr(self, name) for name in dir(self) if name.startswith("_do_")
        }

    async def run(self, path: Path) -> None:
        """Listen at ``path``; on SIGTERM or ``down`` stop everything and return."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._down.set)
        await self._cluster.start()
        path.unlink(missing_ok=True)
        old = os.umask(0o177)
        server = await asyncio.start_unix_server(self._serve, str(path), limit=_LIMIT)
        os.umask(old)
        told = asyncio.create_task(self._down.wait())
        await asyncio.wait([told, self._cluster.loop], return_when=asyncio.FIRST_COMPLETED)
        if self._cluster.loop.done():
            self._cluster.loop.result()  # raises: without its loop a runner must not seem to run
        server.close()
        for stand_in in self._cluster.stand_ins.values():
            await stand_in.stop()
        await self._cluster.stop(self._grace)
        path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = json.loads(await reader.readline())
            try:
                reply = {"result": await self._operations[request["do"]](request)}
            except (RunnerError, OSError) as error:
                reply = {"error": str(error)}
            writer.write(json.dumps(reply).encode() + b"\n")
            await writer.drain()
        except (ConnectionError, ValueError):
            pass  # the client went away; what it asked for stands
        finally:
            writer.close()

    async def _do_ping(self, request: Request) -> int:
        return len(self._cluster.pods)

    async def _do_apply(self, request: Request) -> Any:
        report = self._cluster.apply(objects.parse(request["text"]), prune=request.get("prune", True))
        await status.seen(self._cluster)  # policies and Services are in force when the caller goes on
        return report

    async def _do_wait(self, request: Request) -> Any:
        return await status.settled(self._cluster, request["timeout"])

    async def _do_status(self, request: Request) -> Any:
        return status.status(self._cluster)

    async def _do_logs(self, request: Request) -> str:
        return status.logs(self._cluster, request["namespace"], request["pod"], request.get("container"))

    async def _do_exec(self, request: Request) -> Any:
        container = self._pod(request).container(request.get("container"))
        return await container.execute(request["argv"], request["timeout"], request.get("stdin", "").encode())

    async def _do_signal(self, request: Request) -> None:
        self._pod(request).container(request.get("container")).send(request["signal"])

    async def _do_delete_pod(self, request: Request) -> None:
        self._pod(request).delete(request.get("grace"))

    async def _do_trigger(self, request: Request) -> str:
        return self._cluster.trigger(request["namespace"], request["name"])

    async def _do_stand_in(self, request: Request) -> Any:
        stand_in = StandIn.make(
            self._cluster.network,
            request["name"],
            request.get("address"),
            names=tuple(request.get("names") or ()),
            namespace=request.get("namespace"),
            labels=request.get("labels") or {},
            namespace_labels=request.get("namespace_labels") or {},
        )
        self._cluster.add_stand_in(stand_in)
        await status.seen(self._cluster)
        return {"address": stand_in.address, "network": stand_in.network, "daemon": os.getpid()}

    async def _do_start(self, request: Request) -> int:
        stand_in = self._cluster.stand_ins[request["stand_in"]]
        log = Log(self._cluster.folder / "logs" / "stand-ins" / stand_in.name / "output.log")
        child = stand_in.start(request["argv"], request["env"], request["uid"], request["gid"], log)
        return child.pid

    async def _do_stop_stand_in(self, request: Request) -> None:
        await self._cluster.stand_ins[request["stand_in"]].stop()

    async def _do_down(self, request: Request) -> None:
        self._grace = request.get("grace")
        self._down.set()

    def _pod(self, request: Request) -> Pod:
        for pod in self._cluster.pods:
            if (pod.namespace, pod.name) == (request["namespace"], request["pod"]):
                return pod
        raise RunnerError(f"there is no pod {request['namespace']}/{request['pod']}")
