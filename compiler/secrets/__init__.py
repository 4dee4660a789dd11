"""Keys, certificates and passwords: created, sealed, watched and renewed.

Everything below ``secrets/`` of a repository is this room's. It reads through a tree and returns the files to write as
``{path: bytes | None}``; the workspace's journal writes them. Rendering needs only :func:`generations`,
:func:`reencrypting`, :func:`rendered`, :func:`declared`, :func:`edited`, :func:`made`, :func:`sealed_by` and
:func:`unset`, which read public files and import no cryptography.
"""

from compiler.secrets.public import declared, edited, generations, made, reencrypting, rendered, sealed_by, unset

__all__ = ["declared", "edited", "generations", "made", "reencrypting", "rendered", "sealed_by", "unset"]
