"""The first step: who can open what, and the key of the lock's digests."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence

from compiler.errors import CompilerError, Origin
from compiler.k8s.tree import Tree
from compiler.secrets import digest, layout, lock, readers, recipients, sealedsecrets, sopsrules
from compiler.secrets.access import Access
from compiler.secrets.overlaid import Overlaid
from compiler.secrets.plaintext import Plaintext
from compiler.secrets.sealing import Sealing

_GITATTRIBUTES = b"*.sops.yaml -diff merge=binary\n*.sealed.yaml -diff merge=binary\n"
_SOURCEIGNORE = b"# Flux does not need what only administrators can open.\nvault/\nca/\n"


def initialize(
    tree: Tree,
    access: Access,
    *,
    administrators: Sequence[str] = (),
    ci: Sequence[str] = (),
    clusters: Mapping[str, Sequence[str]] = {},
    certificates: Mapping[str, bytes] = {},
    overlays: Collection[str] | None = None,
) -> dict[str, bytes | None]:
    """Write recipients and the digest key; run again, it adds to what is there.

    Args:
        tree: the repository.
        access: tools and the time; no identity is needed.
        administrators: age recipients that open everything.
        ci: age recipients that open the vault.
        clusters: overlay to the age recipients of its cluster.
        certificates: overlay to the PEM certificate of its sealed-secrets controller.
        overlays: those that have secrets; None when their specs are not written yet.

    Returns:
        the files to write.

    Raises:
        CompilerError: a recipient or certificate is not one, is for an overlay that does not exist or opens more
            than its group may, or there is no administrator.
    """
    groups = {"admin": administrators, "ci": ci}
    groups |= {f"cluster-{layout.check_overlay(overlay)}": members for overlay, members in clusters.items()}
    for group, members in groups.items():
        for member in members:
            recipients.check_member(group, member)
    if overlays is not None:
        readers.refuse_unknown([*clusters, *certificates], overlays)
    read = {
        layout.check_overlay(overlay): sealedsecrets.read_certificate(
            pem, now=access.now, path=f"certificate of {overlay}"
        )
        for overlay, pem in certificates.items()
    }
    present = tree.read(layout.RECIPIENTS) if tree.is_file(layout.RECIPIENTS) else None
    content = recipients.extend(present, groups, {overlay: one.fingerprint for overlay, one in read.items()})
    merged = Overlaid({layout.RECIPIENTS: content}, tree)
    who = recipients.read(merged)
    readers.refuse_shared(who, [group for group, members in groups.items() if members])
    sealing = Sealing(merged, access, who, lock.read(tree))
    if present != content:
        sealing.writes[layout.RECIPIENTS] = content
    for overlay, certificate in read.items():
        sealing.put(layout.controller_certificate(overlay), certificate.pem)
    if not tree.is_file(layout.SOPS_RULES):
        sealing.writes[layout.SOPS_RULES] = sopsrules.rules(sealing.recipients)
    for path, text in ((layout.GITATTRIBUTES, _GITATTRIBUTES), (layout.SOURCEIGNORE, _SOURCEIGNORE)):
        if not tree.is_file(path):
            sealing.writes[path] = text
    path = layout.vault(layout.DIGEST_KEY_ID)
    if layout.DIGEST_KEY_ID not in sealing.vaults:
        if tree.is_file(path):
            raise CompilerError(
                "the digest key is here, but the lock does not know it",
                origin=Origin(path),
                hint=f"restore {layout.LOCK} from Git history",
            )
        sealing.vault(layout.DIGEST_KEY_ID, {"key": Plaintext(os.urandom(digest.KEY_BYTES))})
    return sealing.finish()
