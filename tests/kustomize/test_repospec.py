"""URLs of repositories: which texts are some, and what they say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.kustomize.repospec import DEFAULT_TIMEOUT, parse_repo


@pytest.mark.parametrize(
    ("text", "url", "path", "ref"),
    [
        ("github.com/org/repo", "https://github.com/org/repo", "", ""),
        ("https://github.com/org/repo/a/b/?ref=v1", "https://github.com/org/repo", "a/b", "v1"),
        ("https://github.com/org/repo//a?version=x", "https://github.com/org/repo", "a", "x"),
        ("https://github.com/org/repo?version=x&ref=y", "https://github.com/org/repo", "", "y"),
        ("http://www.github.com/org/repo.git/a", "http://www.github.com/org/repo.git", "a", ""),
        ("git@github.com:org/repo.git//a", "git@github.com:org/repo.git", "a", ""),
        ("ssh://git@github.com/org/repo", "git@github.com:org/repo", "", ""),
        ("ssh://git@host.xz:7999/org/repo.git/a", "ssh://git@host.xz:7999/org/repo.git", "a", ""),
        ("git::https://host.xz/o/r//a", "https://host.xz/o/r", "a", ""),
        ("git::git@host.xz:o/r", "git@host.xz:o/r", "", ""),
        ("https://dev.azure.com/org/proj/_git/repo/a?ref=x", "https://dev.azure.com/org/proj/_git/repo", "a", "x"),
        ("https://org@dev.azure.com/org/p/_git/r", "https://org@dev.azure.com/org/p/_git/r", "", ""),
        (
            "https://git-codecommit.amazonaws.com/v1/repos/r//a",
            "https://git-codecommit.amazonaws.com/v1/repos/r",
            "a",
            "",
        ),
        ("file:///srv/repo", "file:///srv/repo", "", ""),
        ("file://user@srv/repo.git/a", "file://user@srv/repo.git", "a", ""),
        ("FILE:///srv/repo//a//b", "file:///srv/repo", "a/b", ""),
        ("https://host.xz/o/r//a/../b", "https://host.xz/o/r", "b", ""),
        ("https://host.xz/o/r//a?ref=a%2Fb", "https://host.xz/o/r", "a", "a/b"),
        ("https://host.xz/o/r//a?ref=%zz", "https://host.xz/o/r", "a", ""),
    ],
)
def test_a_url_is_a_repository_a_folder_and_a_ref(text: str, url: str, path: str, ref: str) -> None:
    found = parse_repo(text)
    assert found is not None
    assert (found.url, found.path, found.ref) == (url, path, ref)


@pytest.mark.parametrize(
    "text",
    [
        *("", "base", "../base", "/github.com/o/r", "./github.com/o/r", "host.xz/o/r", "github.com/", "github.com/org"),
        *("https://host.xz/r", "git@", "host.xz:o/r", "_user@host.xz:o/r", "ftp://host.xz/o/r"),
        *("https://host.xz/o/r//..", "https://host.xz/o/r//a/../../b", "file://", "file:////a", "a?ref=b"),
    ],
)
def test_other_texts_are_paths(text: str) -> None:
    assert parse_repo(text) is None


@pytest.mark.parametrize(
    ("query", "seconds", "submodules"),
    [
        ("", DEFAULT_TIMEOUT, True),
        ("timeout=61", 61, True),
        ("timeout=1m30s", 90, True),
        ("timeout=1.5h", 5400, True),
        ("timeout=0", DEFAULT_TIMEOUT, True),
        ("timeout=-5", DEFAULT_TIMEOUT, True),
        ("timeout=soon", DEFAULT_TIMEOUT, True),
        ("submodules=false", DEFAULT_TIMEOUT, False),
        ("submodules=F&submodules=t", DEFAULT_TIMEOUT, False),
        ("submodules=no", DEFAULT_TIMEOUT, True),
    ],
)
def test_a_query_says_how_long_and_how_deep(query: str, seconds: float, submodules: bool) -> None:
    found = parse_repo(f"https://host.xz/o/r//a?{query}")
    assert found is not None
    assert (found.timeout, found.submodules) == (seconds, submodules)


@given(st.text(alphabet="ghitub.com/:@_?=&%~-.a1 \n\\", max_size=40) | st.text(max_size=20))
def test_any_text_is_a_path_or_a_folder_inside_its_repository(text: str) -> None:
    for start in ("", "https://", "file://", "git@h:", "git::ssh://"):
        found = parse_repo(start + text)
        if found is not None:
            assert not found.path.startswith(("/", "../"))
            assert found.path != ".."
            assert not found.url.startswith("-")
