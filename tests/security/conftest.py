from collections.abc import Iterator

import numpy as np
import pytest

from attacked_server import Ward, attacked_server
from doctorsun.image.raster import encode_png


@pytest.fixture(scope="module")
def ward_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    with attacked_server(tmp_path_factory.mktemp("state")) as ward:
        yield ward


@pytest.fixture
def ward(ward_server: Ward) -> Iterator[Ward]:
    """A server; it still answers after whatever a test does to it."""
    ward_server.engine.asked.clear()
    yield ward_server
    ward_server.engine.reset()
    with ward_server.client() as http:
        assert http.get("/v1/models").status_code == 200


@pytest.fixture(scope="session")
def png() -> bytes:
    return encode_png(np.full((20, 30), 99, np.uint8))
