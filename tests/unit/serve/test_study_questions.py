"""Questions about slices of uploaded studies, through the whole application."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import openai
import pydicom
import pytest

from doctorsun.processor.processor import Processor
from serve_fakes import ScriptedEngine

CT = Path(pydicom.__file__).parent / "data" / "test_files" / "CT_small.dcm"


@pytest.fixture
def http(server: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{server}/v1", timeout=60) as client:
        yield client


@pytest.fixture
def study(http: httpx.Client) -> Iterator[str]:
    headers = {"Content-Type": "application/octet-stream"}
    name = http.post("/studies", content=CT.read_bytes(), headers=headers).json()["id"]
    yield name
    http.delete(f"/studies/{name}")


def asked(server: str, *urls: str) -> None:
    """Ask one question about pictures with the official client."""
    images = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    messages = [{"role": "user", "content": [*images, {"type": "text", "text": "The left lung?"}]}]
    with openai.OpenAI(base_url=f"{server}/v1", api_key="none", max_retries=0, timeout=60) as client:
        client.chat.completions.create(model="sun", messages=messages, max_tokens=4)  # pyright: ignore[reportArgumentType, reportCallIssue]


def test_the_model_gets_the_slice_that_is_named(
    server: str, http: httpx.Client, scripted: ScriptedEngine, processor: Processor, study: str
) -> None:
    asked(server, f"study:{study}?series=0&slice=0&window=bone", f"study:{study}")
    windows = ({"window": "bone"}, {})
    shown = [http.get(f"/studies/{study}/slices/0", params=window).content for window in windows]
    given = scripted.asked[0].pixels
    assert len(given) == 2
    assert not np.array_equal(*given)
    for pixels, png in zip(given, shown, strict=True):
        assert np.array_equal(pixels, processor.pixels(png))


@pytest.mark.usefixtures("scripted")
def test_a_study_that_is_gone_is_not_found(server: str, http: httpx.Client, study: str) -> None:
    http.delete(f"/studies/{study}")
    with pytest.raises(openai.NotFoundError, match=r"study: got .* expected one that this key has uploaded"):
        asked(server, f"study:{study}")


@pytest.mark.usefixtures("scripted")
def test_a_slice_that_is_not_there_is_refused(server: str, study: str) -> None:
    with pytest.raises(openai.BadRequestError, match="slice: got 7, expected 0 to 0"):
        asked(server, f"study:{study}?slice=7")


@pytest.mark.usefixtures("study")
def test_the_server_tells_how_many_studies_it_keeps(server: str) -> None:
    numbers = httpx.get(f"{server}/metrics").text
    assert "doctorsun_studies 1.0" in numbers
    assert "doctorsun_broken_decoders 0.0" in numbers
