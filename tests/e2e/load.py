"""Constant load on a running demo, and what became of every request."""

from __future__ import annotations

import hashlib
import http.client
import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType

from tests.e2e.installation import API, HOST, PORT, Installation
from tests.e2e.podrunner.rules import NODE

_SLOW_CHUNK, _SLOW_PAUSE = 65536, 0.25


@dataclass
class Load:
    """Readers of the api and of content, an uploader, and a downloader that takes its time, until the end of ``with``.

    Args:
        demo: what is loaded.
        url: path of a published file, for the readers of content.
        large: path of a larger one, for the slow downloads.
        sums: SHA-256 of what the paths hold.

    Attributes:
        done: requests that were answered as they should, by kind.
        failed: the others, in words.
        uploaded: SHA-256 of every acknowledged upload, to its href.
        failures_at: seconds since the start of each failure.
    """

    demo: Installation
    url: str
    large: str
    sums: dict[str, str]
    done: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    uploaded: dict[str, str] = field(default_factory=dict)
    failures_at: list[float] = field(default_factory=list)

    def __enter__(self) -> Load:
        self._end, self._begun = threading.Event(), time.monotonic()
        kinds = (self._status, self._content, self._upload, self._download)
        self._threads = [threading.Thread(target=self._repeat, args=(kind,), daemon=True) for kind in kinds]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join(180)

    def report(self) -> str:
        """One line."""
        good = ", ".join(f"{number} {kind}" for kind, number in sorted(self.done.items()))
        return f"{good}, {len(self.failed)} failed"

    def outage(self) -> float:
        """Seconds from the first failure to the last."""
        return max(self.failures_at) - min(self.failures_at) if self.failures_at else 0.0

    def _repeat(self, kind: Callable[[], str]) -> None:
        name = kind.__name__.strip("_")
        while not self._end.is_set():
            try:
                why = kind()
            except (OSError, http.client.HTTPException) as error:
                why = f"{type(error).__name__}: {error}"
            if why:
                moment = time.monotonic() - self._begun
                self.failures_at.append(moment)
                self.failed.append(f"{moment:.1f} s, {name}: {why}")
            else:
                self.done[name] += 1
            self._end.wait(0.2)

    def _status(self) -> str:
        answer = self.demo.request("GET", API + "status/", user=None)
        return "" if answer.status == 200 else f"{answer.status} {answer.body[:200]!r}"

    def _content(self) -> str:
        answer = self.demo.request("GET", self.url, user=None)
        good = answer.status == 200 and hashlib.sha256(answer.body).hexdigest() == self.sums[self.url]
        return "" if good else f"{answer.status} {answer.body[:200]!r}"

    def _upload(self) -> str:
        data = os.urandom(100_000)
        total = hashlib.sha256(data).hexdigest()
        mark = os.urandom(16).hex()
        head = f'--{mark}\r\nContent-Disposition: form-data; name="sha256"\r\n\r\n{total}\r\n'
        head += f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
        body = head.encode() + data + f"\r\n--{mark}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={mark}"}
        answer = self.demo.request("POST", API + "artifacts/", body, **kind)
        if answer.status != 201:
            return f"{answer.status} {answer.body[:200]!r}"
        self.uploaded[total] = answer.json()["pulp_href"]
        return ""

    def _download(self) -> str:
        connection = http.client.HTTPSConnection(HOST, PORT, timeout=120)
        connection.sock = self.demo.context.wrap_socket(self.demo.connect(NODE, PORT), server_hostname=HOST)
        try:
            connection.request("GET", self.large.removeprefix(f"https://{HOST}:{PORT}"))
            answer, total = connection.getresponse(), hashlib.sha256()
            if answer.status != 200:
                return str(answer.status)
            while chunk := answer.read(_SLOW_CHUNK):
                total.update(chunk)
                time.sleep(_SLOW_PAUSE)
            return "" if total.hexdigest() == self.sums[self.large] else "cut off, or other bytes"
        finally:
            connection.close()
