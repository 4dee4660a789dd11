"""Two repositories on disk that a kustomization can name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.remotes import BASE, CM, commit, repository, write


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two repositories, and nobody's configuration of git."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "home").mkdir()
    repo = repository(tmp_path / "repo", {**BASE, "only-v1/kustomization.yaml": "namePrefix: a\n"})
    (repo / "link/r.yaml").symlink_to("../base/r.yaml")
    (repo / "out").symlink_to("/etc")
    write(repo, {"base/f.txt": "later\n"})
    commit(repo)
    repository(
        tmp_path / "again", {"other/kustomization.yaml": "resources: [o.yaml]\n", "other/o.yaml": CM.format("p")}
    )
    return tmp_path
