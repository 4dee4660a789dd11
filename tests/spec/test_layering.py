"""Layers: what merges, what replaces, what null does, and where each value is said to stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.errors import CompilerError, WorldError
from compiler.kustomize.tree import DirTree
from compiler.spec import Cache, load, load_all
from tests.spec.trees import BASE, DEMO, PROD, load_one, repo, tree


def test_a_layer_merges_maps_and_replaces_lists() -> None:
    effective = load_one(PROD + "pulp: {plugins: [deb], log_level: DEBUG}\n")
    assert effective.spec.pulp.version == "3.85"
    assert effective.spec.pulp.plugins == ["deb"]
    assert effective.spec.pulp.log_level == "DEBUG"


def test_the_chain_is_named_base_first() -> None:
    effective = load_one(PROD)
    assert effective.layers == ("base/pulp/pulp.yaml", "overlays/one/pulp.yaml")
    assert effective.parent == "base/pulp"


def test_null_removes_what_a_lower_layer_said() -> None:
    files = repo(pop=DEMO + "api: {replicas: 4}\n", one="extends: ../pop\napi: null\nworker: {replicas: null}\n")
    spec = load(files, "overlays/one").spec
    assert spec.api.replicas == 1
    assert spec.worker.replicas == 1


def test_a_later_choice_replaces_the_environments() -> None:
    spec = load_one(DEMO + "storage: {claim: {name: artifacts, access_mode: ReadWriteOnce}}\n").spec
    assert spec.storage is not None
    assert spec.storage.volume is None
    assert spec.storage.claim is not None


def test_a_later_choice_replaces_a_layers() -> None:
    files = repo(
        prod=PROD, one="extends: ../prod\ncache: {disabled: true}\n", two="extends: ../one\ncache: {embedded: {}}\n"
    )
    cache = load(files, "overlays/two").spec.cache
    assert cache is not None
    assert cache.external is None
    assert cache.disabled is None
    assert cache.embedded is not None


def test_the_same_choice_in_a_later_layer_merges() -> None:
    storage = load_one(DEMO + "storage: {volume: {size: 50Gi}}\n").spec.storage
    assert storage is not None
    assert storage.volume is not None
    assert storage.volume.size == "50Gi"
    assert storage.volume.access_mode == "ReadWriteOnce"


def test_two_choices_in_one_layer_are_an_error_at_the_second() -> None:
    with pytest.raises(CompilerError) as error:
        load_one(PROD.replace("  s3: {bucket: pulp-prod}\n", "  s3: {bucket: pulp-prod}\n  claim: {name: x}\n"))
    assert str(error.value) == (
        "overlays/one/pulp.yaml:11:3: storage.claim: expected at most one of volume, claim, s3; s3 is set in line 10"
    )


def test_the_tls_of_an_ingress_is_a_choice_too() -> None:
    files = repo(
        prod=PROD + "exposure: {ingress: {tls: {issuer: letsencrypt}}}\n",
        one="extends: ../prod\nexposure: {ingress: {tls: {secret: own}}}\n",
    )
    exposure = load(files, "overlays/one").spec.exposure
    assert exposure is not None
    assert exposure.ingress is not None
    assert exposure.ingress.tls is not None
    assert (exposure.ingress.tls.issuer, exposure.ingress.tls.secret) == (None, "own")


def test_the_short_and_the_long_namespace_merge() -> None:
    files = repo(prod=PROD + "", one="extends: ../prod\nnamespace: {create: true}\n")
    effective = load(files, "overlays/one")
    assert effective.spec.namespace is not None
    assert (effective.spec.namespace.name, effective.spec.namespace.create) == ("pulp", True)
    assert effective.value_source("namespace.name") == "overlays/prod/pulp.yaml:3"
    assert effective.value_source("namespace.create") == "overlays/one/pulp.yaml:2"


def test_abstract_is_not_inherited() -> None:
    files = repo(pop=PROD + "abstract: true\n", one="extends: ../pop\n")
    assert load(files, "overlays/pop").spec.abstract
    assert not load(files, "overlays/one").spec.abstract


def test_each_value_knows_who_said_it() -> None:
    effective = load_one(PROD + "api: {replicas: 3}\n")
    assert effective.value_source("api.replicas") == "overlays/one/pulp.yaml:11"
    assert effective.value_source("content.replicas") == "environment production"
    assert effective.value_source("pulp.plugins[1]") == "base/pulp/pulp.yaml:4"
    assert effective.value_source("web.max_body_size") == "default"
    assert effective.value_source("storage.volume") == "default"
    assert str(effective.origin("database.external.host")) == "overlays/one/pulp.yaml:6:14: database.external.host"
    assert effective.origin("content.replicas") is None
    assert effective.origin("no..such[path") is None


def test_a_key_with_dots_has_an_origin() -> None:
    effective = load_one(PROD + "labels:\n  example.com/team: content\n")
    place = effective.origin(("labels", "example.com/team"))
    assert place is not None
    assert place.field == 'labels["example.com/team"]'
    assert effective.origin(place.field) == place


def test_a_cycle_is_told_with_its_folders() -> None:
    files = repo(a="extends: ../b\n", b="extends: ../a\n")
    with pytest.raises(CompilerError, match="extend each other: overlays/a → overlays/b → overlays/a") as error:
        load(files, "overlays/a")
    assert str(error.value.origin) == "overlays/b/pulp.yaml:1:1: extends"


def test_a_layer_cannot_extend_itself() -> None:
    with pytest.raises(CompilerError, match="extend each other"):
        load(repo(a="extends: .\n"), "overlays/a")


@pytest.mark.parametrize(
    ("extends", "message"),
    [
        ("../nowhere", "there is no overlays/nowhere/pulp.yaml"),
        ("../../../outside", "is outside the repository"),
        ("/etc", "an absolute path is refused"),
        ("7", "expected the path of a folder"),
    ],
)
def test_a_bad_extends_is_told_at_its_line(extends: str, message: str) -> None:
    with pytest.raises(CompilerError) as error:
        load(repo(a=f"# a comment\nextends: {extends}\n"), "overlays/a")
    assert message in str(error.value)
    first = getattr(error.value, "errors", (error.value,))[0]
    assert first.origin.line == 2


def test_a_missing_file_is_named() -> None:
    with pytest.raises(CompilerError, match="there is no such file") as error:
        load(repo(), "overlays/none")
    assert str(error.value.origin) == "overlays/none/pulp.yaml"


def test_an_unreadable_file_is_the_worlds_failure() -> None:
    class Broken:
        def read(self, path: str) -> bytes:
            raise PermissionError(13, "Permission denied")

        def is_file(self, path: str) -> bool:
            return True

        is_dir = is_file

        def listdir(self, path: str) -> list[str]:
            return []

    with pytest.raises(WorldError, match="Permission denied"):
        load(Broken(), "base/pulp")


def test_extends_may_name_the_file() -> None:
    assert load(repo(a="extends: ../../base/pulp/pulp.yaml\n"), "overlays/a").parent == "base/pulp"


def test_the_root_may_hold_a_layer() -> None:
    assert load(tree({"pulp.yaml": BASE}), ".").layers == ("pulp.yaml",)


def test_a_fleet_reads_its_shared_layers_once() -> None:
    pops = {f"pop-{index}": f"extends: ../pop\nnamespace: pop-{index}\n" for index in range(50)}
    files = repo(pop=DEMO, **pops)
    cache = Cache()
    for name in pops:
        load(files, f"overlays/{name}", cache)
    assert set(files.reads.values()) == {1}


def test_an_error_that_many_overlays_share_is_told_once() -> None:
    files = repo(pop=DEMO + "hots: x\n", a="extends: ../pop\nbad: 1\n", b="extends: ../pop\n", good=DEMO)
    specs, errors = load_all(files, ["overlays/a", "overlays/b", "overlays/good"])
    assert [spec.folder for spec in specs] == ["overlays/good"]
    assert [str(error.origin) for error in errors] == [
        "overlays/pop/pulp.yaml:5:1: hots",
        "overlays/a/pulp.yaml:2:1: bad",
    ]


@pytest.mark.parametrize("said", [True, False])
def test_a_link_that_leaves_the_repository_is_refused(tmp_path: Path, said: bool) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "pulp.yaml").write_text(BASE)
    root = tmp_path / "root"
    (root / "overlays" / "one").mkdir(parents=True)
    (root / "base").symlink_to(outside)
    (root / "overlays" / "one" / "pulp.yaml").write_text("extends: ../../base\n")
    with pytest.raises(CompilerError, match="a link leads out of the repository") as error:
        load(DirTree(root), "overlays/one" if said else "base")
    assert str(error.value.origin) == ("overlays/one/pulp.yaml:1:1: extends" if said else "base/pulp.yaml")
    assert str(tmp_path) not in str(error.value)


def test_a_link_inside_the_repository_is_followed(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "shared.yaml").write_text(BASE)
    (tmp_path / "base" / "pulp.yaml").symlink_to("../shared.yaml")
    assert load(DirTree(tmp_path), "base").spec.name == "pulp"


def test_a_folder_in_place_of_the_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "base" / "pulp.yaml").mkdir(parents=True)
    with pytest.raises(CompilerError, match="this is a folder, not a file"):
        load(DirTree(tmp_path), "base")
