"""What KSOPS needs to open an overlay's sops files inside Argo CD: a kustomization with its generator.

KSOPS is a generator that Kustomize runs as a program (``--enable-alpha-plugins --enable-exec``), in the folder of its
configuration. Nothing here runs it, and the overlay's own rendering does without: Argo CD builds this folder as a
second source. Source: KSOPS' README (``viaduct.ai/v1``, kind ``ksops``, ``files``, the function annotation).
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.secrets import documents, layout, lock
from compiler.secrets.sealing import Sealing

WARNING = (
    "KSOPS hands plaintext to Argo CD: its repo-server holds the key, and what it renders lies in its Redis in clear "
    "(docs/secrets-backends.md)"
)
_HEADER = (
    "# Written by `compiler secrets`. KSOPS opens these in Argo CD, in whose cache they lie in clear. Do not edit.\n"
)
_FUNCTION = "exec:\n  path: ksops\n"


def files(sealing: Sealing, overlay: str) -> dict[str, bytes | None]:
    """The kustomization and the generator of ``overlay``; None for what has no reason to be there."""
    names = sorted(_sealed(sealing.snapshot(), overlay))
    place = layout.ksops(overlay)
    paths = f"{place}/kustomization.yaml", f"{place}/generator.yaml"
    if not names:
        return dict.fromkeys(paths)
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "generators": ["generator.yaml"],
        "kind": "Kustomization",
    }
    generator = {
        "apiVersion": "viaduct.ai/v1",
        "files": [f"./{name}.sops.yaml" for name in names],
        "kind": "ksops",
        "metadata": {"annotations": {"config.kubernetes.io/function": _FUNCTION}, "name": "pulp-secrets"},
    }
    return {
        paths[0]: documents.dump(kustomization, header=_HEADER),
        paths[1]: documents.dump(generator, header=_HEADER),
    }


def _sealed(known: lock.Lock, overlay: str) -> Iterator[str]:
    for secret, seal in known.secrets.items():
        place, name = layout.split(secret)
        if place == overlay and seal.backend == "ksops":
            yield name
