"""The defaults of each environment: the lowest layer of every chain that says ``environment``.

Numbers follow ``reference/pulp.md`` §7.4 and §7.13. A model's own default (compiler/spec/models) holds where an
environment says nothing.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal, get_args

from compiler.spec.node import Mark, Node, from_plain

Environment = Literal["demo", "production", "replica"]

DEFAULTS: dict[Environment, dict[str, Any]] = {
    # Everything inside one namespace on one node: the volume may be ReadWriteOnce because each role has one pod.
    "demo": {
        "api": {"replicas": 1},
        "content": {"replicas": 1},
        "worker": {"replicas": 1},
        "web": {"replicas": 1},
        "database": {"embedded": {"size": "8Gi"}},
        "cache": {"embedded": {"memory": "256Mi"}},
        "storage": {"volume": {"size": "10Gi", "access_mode": "ReadWriteOnce"}},
    },
    # Where data lives is nobody's to guess: database, cache and storage must be said.
    "production": {
        "api": {"replicas": 2},
        "content": {"replicas": 3},
        "worker": {"replicas": 4},
        "web": {"replicas": 2},
    },
    # A PoP can be rebuilt from its centre, so its own small database will do. Content has two pods, which need a
    # volume that several nodes can mount; a PoP of one node sets `content: {replicas: 1}` and `ReadWriteOnce`.
    # The REST API stays inside: clients of a PoP only fetch.
    "replica": {
        "api": {"replicas": 1},
        "content": {"replicas": 2},
        # One worker alone can leave a replication's chain of tasks waiting (docs/model.md).
        "worker": {"replicas": 2},
        "web": {"replicas": 2},
        "database": {"embedded": {"size": "8Gi"}},
        "cache": {"embedded": {"memory": "256Mi"}},
        "storage": {"volume": {"size": "100Gi", "access_mode": "ReadWriteMany"}},
        "exposure": {"api": False},
    },
}

ENVIRONMENTS: tuple[Environment, ...] = get_args(Environment)


def source_of(environment: Environment) -> str:
    """How the defaults of an environment are called where a file would be named."""
    return f"environment {environment}"


@cache
def environment_layer(environment: Environment) -> Node:
    """The defaults of ``environment`` as a layer."""
    return from_plain(DEFAULTS[environment], Mark(source_of(environment), 0, 0))
