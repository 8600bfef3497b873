"""The routes of studies: upload, look at slices, see what the model sees, delete."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, HTTPException, Path, Query
from fastapi import Request as HttpRequest
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from doctorsun.errors import DoctorSunError, RequestError
from doctorsun.image.raster import encode_png
from doctorsun.processor.image_processor import ImageProcessor
from doctorsun.serve.doors import Doors
from doctorsun.serve.images import ClientImages
from doctorsun.serve.openai.answers import refusals
from doctorsun.serve.openai.reply import error_value
from doctorsun.serve.studies import NoRoom, NoSuchStudy, StudyLimits, Upload
from doctorsun.serve.study_reply import StudyReply, study_reply

CheckKey = Callable[[HttpRequest], str]
"""Returns the name of a request's key, or refuses it."""

MAX_UPLOADING = 8
MAX_DECODING = 16
"""Threads wait for the decoding processes; these are fewer than there are, so that questions always find one."""
SWEEP_S = 60.0
_WRITE_BYTES = 2**20
_BODY = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}, "required": True}
_REFUSALS = refusals(400, 401, 404, 429)
_PICTURE: dict[int | str, dict[str, Any]] = {200: {"content": {"image/png": {}}, "description": "A PNG."}} | _REFUSALS
_NOT_KEPT = {"Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin"}

Slice = Annotated[int, Path(ge=0, lt=10**6)]
SeriesIndex = Annotated[int, Query(ge=0, lt=10**6)]
WindowName = Annotated[str, Query(max_length=40, description="A name that the series offers, or CENTER,WIDTH.")]


def add_studies(
    app: FastAPI,
    images: ClientImages,
    check_key: CheckKey,
    processor: ImageProcessor | None,
    *,
    num_clients: int = 1,
    house: Doors | None = None,
) -> None:
    """Give an application the routes of studies, and their refusals a status of their own.

    Args:
        app: its start empties the folder of studies, its end ends all decoding.
        images: holds the studies.
        check_key: refuses clients.
        processor: makes what the model sees of a picture; None where that is not known.
        num_clients: how many keys there are; none of them can take all places.
        house: the doors of the server; once they close no upload is begun.
    """
    app.add_exception_handler(NoSuchStudy, _answers(404))
    app.add_exception_handler(NoRoom, _answers(507))
    router = APIRouter(prefix="/v1/studies", tags=["studies"], lifespan=_lifespan(images))
    uploading, decoding = (Doors(most, num_clients=num_clients) for most in (MAX_UPLOADING, MAX_DECODING))
    _add_upload(router, images, _only_while_open(check_key, house) if house else check_key, (uploading, decoding))
    _add_study(router, images, check_key)
    _add_slices(router, images, check_key, decoding)
    _add_model(router, images, check_key, decoding, processor)
    app.include_router(router)


def _add_upload(router: APIRouter, images: ClientImages, check_key: CheckKey, doors: tuple[Doors, Doors]) -> None:
    uploading, decoding = doors
    studies = images.studies

    @router.post(
        "",
        status_code=201,
        responses=refusals(400, 401, 408, 413, 415, 429, 503, 507),
        openapi_extra={"requestBody": _BODY},
    )
    async def upload(http: HttpRequest) -> StudyReply:
        """Upload one file: DICOM, NIfTI, NRRD, MetaImage, PNG, JPEG, or a zip archive of such files."""
        client = check_key(http)
        _check_head(http, studies.limits.max_upload_bytes)
        with uploading.place(client):
            arriving = await run_in_threadpool(studies.receive, client)
            try:
                await _receive(http, arriving, studies.limits)
                http.state.images = (arriving.sha256,)  # for the audit log
                with decoding.place(client):
                    study = await run_in_threadpool(arriving.finish)
            finally:
                await run_in_threadpool(arriving.close)
        return study_reply(study, studies.limits)


def _only_while_open(check_key: CheckKey, house: Doors) -> CheckKey:
    def check(http: HttpRequest) -> str:
        client = check_key(http)
        house.require_open()
        return client

    return check


def _add_study(router: APIRouter, images: ClientImages, check_key: CheckKey) -> None:
    studies = images.studies

    @router.get("/{study_id}", responses=_REFUSALS)
    async def study(study_id: str, http: HttpRequest) -> StudyReply:
        """Tell what is in a study."""
        client = check_key(http)
        return study_reply(await run_in_threadpool(studies.get, client, study_id), studies.limits)

    @router.delete("/{study_id}", status_code=204, responses=_REFUSALS)
    async def delete(study_id: str, http: HttpRequest) -> None:
        """Remove a study from the server."""
        client = check_key(http)
        await run_in_threadpool(studies.delete, client, study_id)


def _add_slices(router: APIRouter, images: ClientImages, check_key: CheckKey, decoding: Doors) -> None:
    @router.get("/{study_id}/slices/{index}", responses=_PICTURE, response_class=Response)
    async def picture(
        study_id: str, index: Slice, http: HttpRequest, series: SeriesIndex = 0, window: WindowName = ""
    ) -> Response:
        """Show a slice."""
        client = check_key(http)
        with decoding.place(client):
            png = await run_in_threadpool(
                images.studies.picture, client, study_id, series=series, index=index, window=window
            )
        return Response(png, media_type="image/png", headers=_NOT_KEPT)


def _add_model(
    router: APIRouter, images: ClientImages, check_key: CheckKey, decoding: Doors, processor: ImageProcessor | None
) -> None:
    @router.get("/{study_id}/slices/{index}/model", responses=_PICTURE, response_class=Response)
    async def model(
        study_id: str, index: Slice, http: HttpRequest, series: SeriesIndex = 0, window: WindowName = ""
    ) -> Response:
        """Show what the model sees of a slice: its pixels after cropping or padding and resizing."""
        client = check_key(http)
        if processor is None:
            refusal = RequestError("what the model sees", got="an engine that does not tell it", expected="a local one")
            raise HTTPException(404, refusal.text())

        with decoding.place(client):
            png = await run_in_threadpool(
                images.studies.picture, client, study_id, series=series, index=index, window=window
            )
            seen = await run_in_threadpool(_seen, processor, png)
        return Response(seen, media_type="image/png", headers=_NOT_KEPT)


def _seen(processor: ImageProcessor, png: bytes) -> bytes:
    return encode_png(processor.pixels(png).transpose(1, 2, 0))


def _check_head(http: HttpRequest, max_bytes: int) -> None:
    media_type = http.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type != "application/octet-stream":
        refusal = RequestError("Content-Type", got=repr(media_type[:80]), expected="application/octet-stream")
        raise HTTPException(415, refusal.text())
    declared = http.headers.get("Content-Length", "")
    if declared.isdecimal() and int(declared[:20]) > max_bytes:
        raise _too_long(max_bytes)


async def _receive(http: HttpRequest, upload: Upload, limits: StudyLimits) -> None:
    """Write a body to the disk as it comes."""
    waiting = bytearray()
    now = asyncio.get_running_loop().time
    last = now() + limits.upload_s
    try:
        async with asyncio.timeout(limits.silence_s) as silence:
            async for chunk in http.stream():
                waiting += chunk
                if upload.num_bytes + len(waiting) > limits.max_upload_bytes:
                    raise _too_long(limits.max_upload_bytes)
                if len(waiting) >= _WRITE_BYTES:
                    await run_in_threadpool(upload.add, bytes(waiting))
                    waiting.clear()
                silence.reschedule(min(now() + limits.silence_s, last))
    except TimeoutError as error:
        refusal = RequestError("upload", got="a client that sends too slowly", expected="a steady stream")
        raise HTTPException(408, refusal.text(), {"Connection": "close"}) from error
    await run_in_threadpool(upload.add, bytes(waiting))


def _too_long(max_bytes: int) -> HTTPException:
    refusal = RequestError("upload", got=f"more than {max_bytes} bytes", expected=f"at most {max_bytes}")
    # The connection stays: closed on a client that still sends, it would lose the refusal.
    return HTTPException(413, refusal.text())


def _answers(status: int) -> Callable[[HttpRequest, Exception], Response]:
    def answer(_http: HttpRequest, error: Exception) -> Response:
        if not isinstance(error, DoctorSunError):
            raise error
        return JSONResponse(error_value(error), status)

    return answer


def _lifespan(images: ClientImages) -> Any:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
        await run_in_threadpool(images.studies.start)
        sweeping = asyncio.create_task(_sweep(images))
        try:
            yield
        finally:
            sweeping.cancel()
            await run_in_threadpool(images.sandbox.close)
            await run_in_threadpool(images.studies.close)

    return lifespan


async def _sweep(images: ClientImages) -> None:
    """Remove studies that were not used for long, also where nobody asks for any."""
    while True:
        await asyncio.sleep(SWEEP_S)
        await run_in_threadpool(images.studies.sweep)
