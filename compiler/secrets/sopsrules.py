"""``.sops.yaml``: who a sops that a person runs by hand seals to; the same rules as ours."""

from __future__ import annotations

import re

from compiler.k8s.tree import Tree
from compiler.secrets import documents, foreign, layout
from compiler.secrets.recipients import Recipients
from compiler.secrets.sopsfile import ENCRYPTED_REGEX

_HEADER = (
    "# Written by `compiler secrets` from secrets/recipients.yaml, for a sops that is run by hand. Do not edit.\n"
    "# What sops writes by hand differs from vault and lock: `compiler secrets set` and `rotate` keep them together.\n"
)


def rules(who: Recipients) -> bytes:
    """The file: a rule for the vault, one for the CA keys, one for each cluster that has age recipients."""
    groups = [("vault", who.vault()), ("ca", who.authority())]
    groups += [
        (name.removeprefix("cluster-"), who.cluster(name.removeprefix("cluster-")))
        for name, members in sorted(who.groups.items())
        if name.startswith("cluster-") and members
    ]
    return documents.dump(
        {
            "creation_rules": [
                {
                    "age": ",".join(one for one in recipients if one.startswith("age1")),
                    **{
                        foreign.BY_NAME[name].rule: ",".join(keys) for name, keys in foreign.grouped(recipients).items()
                    },
                    "encrypted_regex": ENCRYPTED_REGEX,
                    "mac_only_encrypted": True,
                    "path_regex": rf"^{layout.ROOT}/{re.escape(folder)}/.*\.sops\.yaml$",
                }
                for folder, recipients in groups
            ]
        },
        header=_HEADER,
    )


def is_ours(tree: Tree) -> bool:
    """Whether the repository's file was written here; a person's own is never touched."""
    return tree.is_file(layout.SOPS_RULES) and tree.read(layout.SOPS_RULES).startswith(_HEADER.encode())
