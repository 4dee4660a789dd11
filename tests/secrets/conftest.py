"""Fixtures of this room: a world with one Secret of each kind, ensured once."""

from __future__ import annotations

import pytest

from tests.secrets.support import World, copy, everything


@pytest.fixture(scope="session")
def ensured() -> World:
    """Everything ensured by an administrator; tests take copies."""
    world = World(everything()).init()
    world.ensure(world.admin)
    return world


@pytest.fixture
def world(ensured: World) -> World:
    """A copy of that world, to be changed."""
    return copy(ensured)
