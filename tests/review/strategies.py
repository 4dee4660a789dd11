"""Objects for property tests: ordinary shapes, odd values, lists with and without keys."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

NAMES = st.sampled_from(["api", "content", "worker", "web", "a b", "x.y/z", "é", "", "|", "``", "@team", "<b>"])
SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.0, 1.0, -1.5]),
    NAMES,
    st.sampled_from(["1", "true", "line\nline\nother", "line\nchanged\nother\n", "\x1b[31mred", "`" * 5, "\u202e"]),
    st.text(max_size=6),
)
KEYS = st.sampled_from(
    ["name", "kind", "spec", "ports", "containers", "env", "mountPath", "value", "args", "data", "x"]
)


def _keyed(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    item = st.builds(lambda name, rest: {**rest, "name": name}, NAMES, st.dictionaries(KEYS, inner, max_size=2))
    return st.lists(item, max_size=4)


VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(st.integers(0, 3), max_size=5),
        _keyed(inner),
        st.dictionaries(KEYS, inner, max_size=4),
    ),
    max_leaves=12,
)

KINDS = st.sampled_from(
    [
        ("v1", "ConfigMap"),
        ("v1", "Service"),
        ("v1", "PersistentVolumeClaim"),
        ("apps/v1", "Deployment"),
        ("apps/v1", "StatefulSet"),
        ("batch/v1", "Job"),
        ("batch/v1", "CronJob"),
        ("example.com/v1", "Thing"),
    ]
)


@st.composite
def objects(draw: st.DrawFn, names: st.SearchStrategy[str] = NAMES) -> dict[str, Any]:
    """One object of any kind but Secrets, with a spec of any shape."""
    version, kind = draw(KINDS)
    metadata: dict[str, Any] = {"name": draw(names)}
    if draw(st.booleans()):
        metadata["namespace"] = draw(st.sampled_from(["pulp", "other"]))
    if draw(st.booleans()):
        metadata["annotations"] = draw(st.one_of(st.dictionaries(NAMES, NAMES, max_size=2), SCALARS))
    obj: dict[str, Any] = {"apiVersion": version, "kind": kind, "metadata": metadata}
    obj |= draw(st.dictionaries(st.sampled_from(["spec", "data", "status"]), VALUES, max_size=2))
    return obj


def renderings() -> st.SearchStrategy[dict[str, list[dict[str, Any]]]]:
    """Overlay path to its objects."""
    overlays = st.sampled_from(["overlays/prod", "overlays/demo", "overlays/pop-ams", "a`b|<c>@d"])
    return st.dictionaries(overlays, st.lists(objects(), max_size=4), max_size=4)
