"""Probes and lifecycle handlers as kubelet runs them: exec in the container, httpGet and tcpSocket from the node."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tests.e2e.podrunner.objects import Object, RunnerError

Exec = Callable[[list[str], float], Awaitable[tuple[int, str]]]


@dataclass(frozen=True)
class Timing:
    """A probe's numbers in seconds and counts; the defaults are Kubernetes'."""

    initial_delay: float = 0
    period: float = 10
    timeout: float = 1
    success: int = 1
    failure: int = 3

    @staticmethod
    def of(probe: Object) -> Timing:
        """From a Probe."""
        return Timing(
            float(probe.get("initialDelaySeconds") or 0),
            float(probe.get("periodSeconds") or 10),
            float(probe.get("timeoutSeconds") or 1),
            int(probe.get("successThreshold") or 1),
            int(probe.get("failureThreshold") or 3),
        )


def port_of(container: Object, port: Any) -> int:
    """A port by number or by the name of one of the container's ports."""
    if isinstance(port, int):
        return port
    for item in container.get("ports") or ():
        if item.get("name") == port:
            return int(item["containerPort"])
    raise RunnerError(f"container {container['name']} has no port named {port!r}")


async def handle(handler: Object, container: Object, address: str, run: Exec, timeout: float) -> str:
    """Run one handler.

    Args:
        handler: a Probe or LifecycleHandler.
        container: whose ports it may name.
        address: of the pod.
        run: executes in the container, gives exit code and output.
        timeout: seconds.

    Returns:
        An empty string for success, else why not.
    """
    if "exec" in handler:
        code, output = await run(list(handler["exec"]["command"]), timeout)
        return "" if code == 0 else f"exit code {code}: {output.strip()[-500:]}"
    if "sleep" in handler:
        await asyncio.sleep(float(handler["sleep"]["seconds"]))
        return ""
    try:
        if get := handler.get("httpGet"):
            return await asyncio.wait_for(_http(get, container, address), timeout)
        if tcp := handler.get("tcpSocket"):
            return await asyncio.wait_for(_tcp(tcp, container, address), timeout)
    except TimeoutError:
        return f"no answer within {timeout:g} s"
    except (OSError, ssl.SSLError, asyncio.IncompleteReadError) as error:
        return str(error) or type(error).__name__
    raise RunnerError(f"container {container['name']}: the runner does not know the handler {', '.join(handler)}")


async def _tcp(tcp: Object, container: Object, address: str) -> str:
    _, writer = await asyncio.open_connection(tcp.get("host") or address, port_of(container, tcp["port"]))
    writer.close()
    return ""


async def _http(get: Object, container: Object, address: str) -> str:
    port = port_of(container, get["port"])
    host = get.get("host") or address
    tls = None
    if str(get.get("scheme", "HTTP")).upper() == "HTTPS":
        tls = ssl.create_default_context()
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE  # kubelet does not verify either
    reader, writer = await asyncio.open_connection(host, port, ssl=tls)
    try:
        headers = {
            "Host": f"{host}:{port}",
            "User-Agent": "kube-probe/podrunner",
            "Accept": "*/*",
            "Connection": "close",
        }
        headers |= {item["name"]: item["value"] for item in get.get("httpHeaders") or ()}
        lines = [f"GET {get.get('path') or '/'} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        status = (await reader.readline()).split()
    finally:
        writer.close()
        with contextlib.suppress(OSError, ssl.SSLError):
            await asyncio.wait_for(writer.wait_closed(), 1)
    if len(status) < 2 or not status[1].isdigit():
        return "no HTTP status line"
    return "" if 200 <= int(status[1]) < 400 else f"HTTP status {int(status[1])}"
