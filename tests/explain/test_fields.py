"""How fields are named."""

from __future__ import annotations

import pytest

from compiler.errors import CompilerError
from compiler.kustomize.trace_chain import leaves
from compiler.workspace.explain_fields import find, like, parse, write

DATA = {
    "kind": "Deployment",
    "apiVersion": "apps/v1",
    "metadata": {"labels": {"app.kubernetes.io/name": "web", "app": "web"}},
    "spec": {
        "containers": [
            {"name": "web", "args": ["a", "b"], "ports": [{"port": 80, "protocol": "TCP"}, {"port": 80}]},
            {"name": "side.car", "tty": True},
        ]
    },
}


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("spec.containers[name=web].args[1]", [("spec", "containers", 0, "args", 1)]),
        ("spec.containers.[name=side.car].tty", [("spec", "containers", 1, "tty")]),
        ("spec.containers.1.tty", [("spec", "containers", 1, "tty")]),
        ("spec.containers[tty=true].name", [("spec", "containers", 1, "name")]),
        (".spec.containers[*].name", [("spec", "containers", 0, "name"), ("spec", "containers", 1, "name")]),
        ("spec.containers[name=*web*].name", [("spec", "containers", 0, "name")]),
        ("spec.*.0.name", [("spec", "containers", 0, "name")]),
        ("metadata.labels.app\\.kubernetes\\.io/name", [("metadata", "labels", "app.kubernetes.io/name")]),
        ('metadata.labels["app.kubernetes.io/name"]', [("metadata", "labels", "app.kubernetes.io/name")]),
        ("metadata.labels.app*", [("metadata", "labels", "app.kubernetes.io/name"), ("metadata", "labels", "app")]),
        ('metadata.labels["app*"]', []),
        (
            "spec.containers[0].ports[port=80,protocol=TCP].port",
            [("spec", "containers", 0, "ports", 0, "port")],
        ),
        ("spec.containers[name=none].name", []),
        ("spec.containers.name", []),
        ("", [()]),
    ],
)
def test_a_field_path_means_these_places(text: str, paths: list[tuple[str | int, ...]]) -> None:
    assert list(find(DATA, parse(text))) == paths


@pytest.mark.parametrize("text", ["spec..x", "spec.", "a[", "a[]", "a[name]", "a[=x]", "a\\"])
def test_a_malformed_field_path_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(CompilerError) as refused:
        parse(text)
    assert refused.value.hint is not None
    assert "for example" in refused.value.hint


def test_every_path_is_written_so_that_it_is_found_again() -> None:
    for path in leaves(DATA):
        assert list(find(DATA, parse(write(DATA, path)))) == [path]


def test_items_are_written_by_what_tells_them_apart() -> None:
    assert write(DATA, ("spec", "containers", 0, "args", 1)) == "spec.containers[name=web].args[1]"
    assert write(DATA, ("metadata", "labels", "app.kubernetes.io/name")) == "metadata.labels.app\\.kubernetes\\.io/name"


def test_a_star_is_the_only_wildcard() -> None:
    assert like("a*c", "abbc")
    assert not like("a.c", "abc")
    assert not like("a?c", "abc")
