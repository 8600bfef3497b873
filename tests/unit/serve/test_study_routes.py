import socket
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import httpx
import numpy as np
import PIL.Image
import pytest
from fastapi import FastAPI
from fastapi import Request as HttpRequest

from carriers.dicom_files import write_series
from doctorsun.image.raster import decode, encode_png
from doctorsun.image.sandbox import Sandbox
from doctorsun.processor.image_processor import ImageProcessor
from doctorsun.serve.gateway import explain_errors
from doctorsun.serve.images import ClientImages
from doctorsun.serve.studies import StudyLimits, StudyStore
from doctorsun.serve.study_routes import MAX_UPLOADING, add_studies
from serve_fakes import serving

GREY = np.arange(600, dtype=np.uint8).reshape(20, 30)
PNG = encode_png(GREY)
LIMITS = StudyLimits(max_upload_bytes=100_000, max_per_client=4, max_pixels=10_000, silence_s=2.0)
HEAD = "POST /v1/studies HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\n"
BYTES = {"Content-Type": "application/octet-stream"}
PROCESSOR = ImageProcessor(size=16, fit="pad")


def client_of(http: HttpRequest) -> str:
    return http.headers.get("X-Client", "ward")


def app_of(images: ClientImages, processor: ImageProcessor | None) -> FastAPI:
    app = FastAPI()
    explain_errors(app)
    add_studies(app, images, client_of, processor)
    return app


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> ClientImages:
    sandbox = Sandbox(num_workers=1)
    store = StudyStore(tmp_path_factory.mktemp("routes") / "studies", sandbox, LIMITS)
    return ClientImages(sandbox=sandbox, studies=store, max_pixels=LIMITS.max_pixels)


@pytest.fixture(scope="module")
def address(images: ClientImages) -> Iterator[str]:
    with serving(app_of(images, PROCESSOR)) as url:
        yield url


@pytest.fixture
def http(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{address}/v1", timeout=60) as client:
        yield client


@pytest.fixture
def study(http: httpx.Client) -> Iterator[str]:
    name = http.post("/studies", content=PNG, headers=BYTES).json()["id"]
    yield name
    http.delete(f"/studies/{name}")


def until_refused(url: str, client: str) -> int:
    """Upload as a client until it is refused, a few times at most, and return the last status."""
    headers = {**BYTES, "X-Client": client}
    for _ in range(20):
        status = httpx.post(f"{url}/v1/studies", content=PNG, headers=headers, timeout=60).status_code
        if status != 201:
            break
    return status


def message(response: httpx.Response) -> str:
    return response.json()["error"]["message"]


def pixels(response: httpx.Response) -> np.ndarray:
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "image/png"
    return np.asarray(decode(response.content))


def test_an_upload_is_told_shown_and_deleted(http: httpx.Client, images: ClientImages) -> None:
    reply = http.post("/studies", content=PNG, headers=BYTES)
    assert reply.status_code == 201
    study = reply.json()
    (series,) = study.pop("series")
    assert study.pop("expires_at") > 1_600_000_000
    name = study.pop("id")
    assert study == {"object": "study", "kind": "picture", "num_skipped": 0, "skipped": []}
    assert series == {
        "index": 0,
        "kind": "picture",
        "modality": "",
        "num_slices": 1,
        "width": 30,
        "height": 20,
        "plane": "",
        "orientation": "",
        "spacing_mm": None,
        "default_slice": 0,
        "windows": [],
        "default_window": None,
        "facts": {},
        "warnings": [],
        "member": 0,
    }
    assert http.get(f"/studies/{name}").json()["id"] == name
    shown = http.get(f"/studies/{name}/slices/0")
    assert np.array_equal(pixels(shown), GREY)
    assert shown.headers["Cache-Control"] == "no-store"
    deleted = http.delete(f"/studies/{name}")
    assert (deleted.status_code, deleted.content) == (204, b"")
    for path in ("", "/slices/0", "/slices/0/model"):
        gone = http.get(f"/studies/{name}{path}")
        assert gone.status_code == 404
        assert "expected one that this key has uploaded" in message(gone)
    assert list(images.studies.folder.iterdir()) == []


def test_a_series_is_looked_at_in_its_windows(http: httpx.Client, tmp_path: Path) -> None:
    write_series(tmp_path / "ct", np.stack([np.full((4, 6), 100 * number) for number in range(5)]))
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as members:
        for path in (tmp_path / "ct").iterdir():
            members.write(path, path.name)
    study = http.post("/studies", content=archive.getvalue(), headers=BYTES).json()
    (series,) = study["series"]
    assert (study["kind"], series["num_slices"], series["default_slice"]) == ("dicom", 5, 2)
    assert series["windows"][0] == {"name": "lung", "center": -600, "width": 1500, "explanation": ""}
    shown = f"/studies/{study['id']}/slices"
    assert (pixels(http.get(f"{shown}/4", params={"window": "brain"})) == 255).all()
    assert (pixels(http.get(f"{shown}/0", params={"window": "lung"})) == 230).all()
    assert (pixels(http.get(f"{shown}/2", params={"series": 0, "window": "200,401"})) == 128).all()
    http.delete(f"/studies/{study['id']}")


def test_what_the_model_sees_is_shown(http: httpx.Client, study: str) -> None:
    seen = pixels(http.get(f"/studies/{study}/slices/0/model"))
    expected = PROCESSOR.pixels(PNG).transpose(1, 2, 0)
    assert np.array_equal(np.broadcast_to(seen if seen.ndim == 3 else seen[..., None], expected.shape), expected)


def test_what_an_unknown_engine_sees_is_not(images: ClientImages, tmp_path: Path) -> None:
    own = replace(images, studies=StudyStore(tmp_path / "studies", Sandbox(num_workers=1), LIMITS))
    with serving(app_of(replace(own, sandbox=Sandbox()), None)) as url, httpx.Client(base_url=url) as http:
        refusal = http.get("/v1/studies/study-0/slices/0/model")
        assert refusal.status_code == 404
        assert "what the model sees: got an engine that does not tell it" in message(refusal)


def test_a_study_of_another_key_is_not_there(http: httpx.Client, study: str) -> None:
    other = {"X-Client": "other"}
    for path in ("", "/slices/0", "/slices/0/model"):
        assert http.get(f"/studies/{study}{path}", headers=other).status_code == 404
    assert http.delete(f"/studies/{study}", headers=other).status_code == 404
    assert http.get(f"/studies/{study}").status_code == 200


@pytest.mark.parametrize(
    ("path", "status", "complaint"),
    [
        ("slices/1", 400, "slice: got 1, expected 0 to 0"),
        ("slices/0?series=3", 400, "series of the study: got 3, expected 0 to 0"),
        ("slices/0?window=lung", 400, "window: got 'lung', expected none"),
        ("slices/-1", 400, "path.index: got '-1', expected 0 or more"),
        ("slices/x", 400, "path.index: got 'x', expected a whole number"),
        ("slices/99999999999999999999999", 400, "expected less than 1000000"),
        ("slices/" + "9" * 5000, 400, "expected a number of fewer digits"),
        ("slices/0?series=-1", 400, "query.series: got '-1', expected 0 or more"),
        ("slices/0?window=" + "x" * 41, 400, "expected text of at most 40 characters"),
        ("slices/0/../../../x", 404, ""),
    ],
)
def test_a_wrong_address_is_named(http: httpx.Client, study: str, path: str, status: int, complaint: str) -> None:
    refusal = http.get(f"/studies/{study}/{path}")
    assert refusal.status_code == status
    assert complaint in message(refusal)


@pytest.mark.parametrize("name", ["..", "%2e%2e", "..%2f..%2fetc", "study-%00", "x" * 5000, "study-" + "0" * 32])
def test_a_name_leads_nowhere(http: httpx.Client, name: str) -> None:
    for path in ("", "/slices/0"):
        assert http.get(f"/studies/{name}{path}").status_code in (400, 404)


def test_a_body_must_be_declared_as_bytes(http: httpx.Client) -> None:
    for kind in ("multipart/form-data", "text/plain", "image/png", ""):
        refusal = http.post("/studies", content=PNG, headers={"Content-Type": kind})
        assert refusal.status_code == 415
        assert f"Content-Type: got {kind!r}, expected application/octet-stream" in message(refusal)


def test_a_body_must_be_short(http: httpx.Client, images: ClientImages) -> None:
    declared = http.post("/studies", content=bytes(100_001), headers=BYTES)
    streamed = http.post("/studies", content=(bytes(40_000) for _ in range(9)), headers=BYTES)
    for refusal in (declared, streamed):
        assert refusal.status_code == 413
        assert message(refusal) == "upload: got more than 100000 bytes, expected at most 100000"
    assert list(images.studies.folder.iterdir()) == []


@pytest.mark.parametrize("data", [b"", b"words", b"GIF89a", PNG[:-40]], ids=["empty", "words", "gif", "cut"])
def test_what_is_no_image_is_refused(http: httpx.Client, images: ClientImages, data: bytes) -> None:
    refusal = http.post("/studies", content=data, headers=BYTES)
    assert refusal.status_code == 400
    assert refusal.json()["error"]["code"] == "image"
    assert str(images.studies.folder) not in refusal.text
    assert list(images.studies.folder.iterdir()) == []


def test_a_client_with_many_studies_has_to_delete_one(http: httpx.Client) -> None:
    client = {**BYTES, "X-Client": "busy"}
    names = [http.post("/studies", content=PNG, headers=client).json()["id"] for _ in range(4)]
    refusal = http.post("/studies", content=PNG, headers=client)
    assert (refusal.status_code, refusal.json()["error"]["code"]) == (429, "studies")
    assert 50 <= int(refusal.headers["Retry-After"]) <= 60
    assert "studies of one key: got one more while all are in use, expected at most 4 at once" in message(refusal)
    assert http.delete(f"/studies/{names.pop()}", headers=client).status_code == 204
    names.append(http.post("/studies", content=PNG, headers=client).json()["id"])
    assert [http.delete(f"/studies/{name}", headers=client).status_code for name in names] == [204] * 4


def test_clients_that_go_leave_nothing(address: str, http: httpx.Client, images: ClientImages) -> None:
    host, port = address.removeprefix("http://").split(":")
    head = f"{HEAD}X-Client: gone\r\nContent-Length: 9999\r\n\r\n"
    for _ in range(12):  # more than may upload at once
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(head.encode() + PNG)
    client = {**BYTES, "X-Client": "gone"}
    replies = (http.post("/studies", content=PNG, headers=client) for _ in range(200))
    study = next(reply for reply in replies if reply.status_code == 201)  # it was refused as long as they held places
    http.delete(f"/studies/{study.json()['id']}", headers=client)
    assert any(not list(images.studies.folder.iterdir()) for _ in range(200) if http.get("/studies/none"))


def test_one_client_cannot_take_all_places(tmp_path: Path) -> None:
    sandbox = Sandbox(num_workers=1)
    own = ClientImages(sandbox=sandbox, studies=StudyStore(tmp_path / "studies", sandbox), max_pixels=10_000)
    app = FastAPI()
    explain_errors(app)
    add_studies(app, own, client_of, None, num_clients=2)
    with serving(app) as url, ExitStack() as stalled:
        host, port = url.removeprefix("http://").split(":")
        for _ in range(MAX_UPLOADING):
            connection = stalled.enter_context(socket.create_connection((host, int(port))))
            connection.sendall(f"{HEAD}X-Client: greedy\r\nContent-Length: 9999\r\n\r\nx".encode())
        own_reply, other_reply = (until_refused(url, client) for client in ("greedy", "other"))
        assert (own_reply, other_reply) == (429, 201)


def test_a_client_that_falls_silent_holds_nothing(address: str, images: ClientImages) -> None:
    host, port = address.removeprefix("http://").split(":")
    head = f"{HEAD}Content-Length: 9\r\n\r\n"
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(head.encode() + b"x")
        reply = connection.makefile("rb").read()  # to the end: the server hangs up
    assert reply.startswith(b"HTTP/1.1 408")
    assert b"upload: got a client that sends too slowly, expected a steady stream" in reply
    assert list(images.studies.folder.iterdir()) == []


def test_metadata_of_a_picture_go_no_further(http: httpx.Client) -> None:
    file, exif = BytesIO(), PIL.Image.Exif()
    exif[0x010E] = "Zhang San, Ward 3"
    PIL.Image.fromarray(GREY).save(file, "JPEG", exif=exif, comment=b"Zhang San")
    study = http.post("/studies", content=file.getvalue(), headers=BYTES)
    shown = http.get(f"/studies/{study.json()['id']}/slices/0")
    assert b"Zhang" in file.getvalue()
    assert b"Zhang" not in study.content + shown.content
    http.delete(f"/studies/{study.json()['id']}")


def test_the_routes_are_described(images: ClientImages) -> None:
    paths = app_of(images, None).openapi()["paths"]
    assert sorted(paths) == [
        "/v1/studies",
        "/v1/studies/{study_id}",
        "/v1/studies/{study_id}/slices/{index}",
        "/v1/studies/{study_id}/slices/{index}/model",
    ]
    assert "application/octet-stream" in paths["/v1/studies"]["post"]["requestBody"]["content"]
    assert set(paths["/v1/studies"]["post"]["responses"]) >= {"201", "400", "401", "408", "413", "415", "429", "507"}
