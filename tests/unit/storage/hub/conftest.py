"""A repository on each of the two loopback hubs."""

from collections.abc import Generator
from pathlib import Path

import pytest

from hubs.both import HUBS, World, serve


@pytest.fixture(params=HUBS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[World]:
    with serve(request.param, tmp_path) as world:
        yield world
