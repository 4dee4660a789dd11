"""The leak guard: whether a file holds a secret in clear. It parses what it reads and never quotes a value.

Scanners that look for entropy flag every well-sealed file and miss a short password in a plain Secret; this one knows
what a Secret and our sealed forms look like, and looks for private keys in everything else.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass

from compiler.k8s.tree import Tree
from compiler.secrets import archives, clearobjects, digest, privatekeys

_SOPS = re.compile(r"^[\s{]*[\"']?sops[\"']?\s*:|[\"']sops[\"']\s*:", re.MULTILINE)
_LARGEST = 16 * 1024 * 1024
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, order=True)
class Leak:
    """Something that must not be committed.

    Args:
        path: the file; ``a.tar!b`` is the file ``b`` in the archive ``a.tar``.
        line: 1-based, 0 when it is about the whole file.
        message: what it is, without any value.
    """

    path: str
    line: int
    message: str


def scan(path: str, content: bytes, sealed: Mapping[str, str] | None = None) -> list[Leak]:
    """The leaks of one file, and of the files in it when it is an archive.

    Args:
        path: for the report, and to know a file whose name says that it is sealed.
        content: its bytes.
        sealed: path to SHA-256 of what was sealed, as :func:`recorded` has it: another file in such a place may look
            sealed and be in clear.

    Returns:
        leaks in the order of their lines; empty when there are none.
    """
    if len(content) > _LARGEST:
        return [Leak(path, 0, f"too large to be looked through ({len(content)} bytes)")]
    leaks = _one(path, content)
    wanted = (sealed or {}).get(path)
    if wanted is not None and digest.of_file(content) != wanted:
        leaks.append(Leak(path, 0, "not the file that was sealed, by the lock: nobody knows what is in it"))
    inside: list[Leak] = []
    try:
        for name, data in archives.members(path, content):
            inside += _one(name, data)
    except archives.TooMuchError:
        inside.append(Leak(path, 0, "more is packed in it than is looked through"))
    told = {leak.message for leak in inside}  # a tar holds its files as they are: once is enough
    return sorted(dict.fromkeys([*inside, *(leak for leak in leaks if leak.message not in told)]))


def recorded(tree: Tree) -> Mapping[str, str]:
    """What the lock says of every file that was sealed here: path to its SHA-256.

    Raises:
        CompilerError: the lock is malformed.
    """
    from compiler.secrets import layout, lock

    known = lock.read(tree)
    found = {layout.sealed(name, layout.backend(seal.backend)): seal.sealed for name, seal in known.secrets.items()}
    found |= {layout.vault(name): seal.sealed for name, seal in known.vault.items()}
    for identifier, authority in known.authorities.items():
        for generation, entry in authority.generations.items():
            if entry.sealed:
                found[layout.authority_key(identifier, generation)] = entry.sealed
    return found


def _one(path: str, content: bytes) -> list[Leak]:
    text = _text(content)
    found = [*privatekeys.in_text(text), *clearobjects.in_text(path, text)]
    if _is_strange(content, text):
        # Bytes that a reader of text stumbles over must not hide what stands between them: every byte a character,
        # without zeros, which is also what UTF-16 and UTF-32 come to.
        said = {message for _, message in found}
        plain = content.replace(b"\0", b"").decode("latin-1")
        again = [*privatekeys.in_text(plain), *clearobjects.in_text(path, plain)]
        found += [(line, message) for line, message in again if message not in said]
        found += [(0, message) for message in privatekeys.in_bytes(content)]
    sealed = path.endswith((".sops.yaml", ".sops.json")) and path.rpartition("/")[2] != ".sops.yaml"
    if sealed and not _SOPS.search(text):
        found.append((0, "its name says that sops sealed it, and it is not sealed"))
    return [Leak(path, line, message) for line, message in found]


def _is_strange(content: bytes, text: str) -> bool:
    """Whether ``content`` is not simply UTF-8 text."""
    return b"\0" in content or "\ufffd" in text or content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))


def _text(content: bytes) -> str:
    """The text of a file; of one that is none, what is readable of it."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    if b"\0" in content[:4096]:
        # UTF-16 without a mark: half of the bytes of ASCII text are zero.
        for encoding, zeros in (("utf-16-le", content[1:4096:2]), ("utf-16-be", content[0:4096:2])):
            if zeros and zeros.count(0) > len(zeros) * 0.8:
                return content.decode(encoding, "replace")
    return content.decode("utf-8", "replace")
