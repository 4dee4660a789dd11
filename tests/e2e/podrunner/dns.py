"""Cluster DNS: Services, pods of headless Services, and the hosts outside that the caller names (RFC 1035)."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from tests.e2e.podrunner.network import inside

DOMAIN = "cluster.local"
SERVICE = "10.96.0.10"
_TTL = 5  # CoreDNS' default in the kubernetes plugin
_A, _AAAA, _IN = 1, 28, 1
_NO_ERROR, _NX_DOMAIN, _NOT_IMPLEMENTED = 0, 3, 4

Names = Mapping[str, Sequence[str]]


def resolv_conf(namespace: str) -> str:
    """What kubelet writes for dnsPolicy ClusterFirst."""
    search = f"{namespace}.svc.{DOMAIN} svc.{DOMAIN} {DOMAIN}"
    return f"search {search}\nnameserver {SERVICE}\noptions ndots:5\n"


def answer(query: bytes, names: Names) -> bytes | None:
    """The reply to one query message, or ``None`` where it is none.

    Args:
        query: a DNS message.
        names: lower-case absolute names without the last dot, to IPv4 addresses; no address is NOERROR without answer.
    """
    if len(query) < 17 or query[2] & 0x80:
        return None
    (number,) = struct.unpack_from("!H", query)
    name, end = _name(query)
    if end + 4 > len(query):
        return None
    kind, _ = struct.unpack_from("!HH", query, end)
    question = query[12 : end + 4]
    addresses = names.get(name.lower())
    code = _NX_DOMAIN if addresses is None else _NO_ERROR
    found = list(addresses or ()) if kind == _A else []
    records = b"".join(struct.pack("!HHHIH", 0xC00C, _A, _IN, _TTL, 4) + socket.inet_aton(item) for item in found)
    # Response, authoritative, recursion desired as asked, recursion available.
    flags = 0x8480 | (query[2] & 1) << 8 | code
    return struct.pack("!HHHHHH", number, flags, 1, len(found), 0, 0) + question + records


def _name(query: bytes) -> tuple[str, int]:
    labels, at = [], 12
    while at < len(query) and query[at]:
        length = query[at]
        labels.append(query[at + 1 : at + 1 + length].decode("ascii", "replace"))
        at += 1 + length
    return ".".join(labels), at + 1


class Server(asyncio.DatagramProtocol):
    """The server, on UDP and TCP port 53 of an address in a network namespace of its own."""

    def __init__(self, names: Callable[[], Names]) -> None:
        self._names = names

    async def start(self, network: int, address: str) -> None:
        """Listen."""
        with inside(network):
            datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            stream = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        datagrams.bind((address, 53))
        datagrams.setblocking(False)
        stream.bind((address, 53))
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, sock=datagrams)
        self._stream = await asyncio.start_server(self._serve, sock=stream)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport for replies."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer a UDP query."""
        if reply := answer(data, self._names()):
            self._transport.sendto(reply, addr)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                (length,) = struct.unpack("!H", await reader.readexactly(2))
                reply = answer(await reader.readexactly(length), self._names()) or b""
                writer.write(struct.pack("!H", len(reply)) + reply)
        writer.close()
