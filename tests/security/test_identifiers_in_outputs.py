"""Identifiers planted in all that a client can send are looked for in all that the real server leaves behind."""

import base64
import io
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pydicom
import pytest
from pydicom.data import get_testdata_file

from doctorsun.serve.audit_chain import check_audit
from small_model import png, save_small

# No vowels: none of these can stand in any word of ours.
MARKERS = {
    name: f"QXZ{letter * 3}WVK"
    for name, letter in zip(("name", "id", "file", "words", "key", "path"), "BCDFGH", strict=True)
}
SPELLINGS = ("utf-8", "utf-16-le", "utf-16-be")
PATIENCE_S = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What a server left behind, by place."""

    texts: dict[str, bytes]
    answers: list[bytes]
    study: bytes


def planted_dicom() -> bytes:
    dataset = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
    dataset.PatientName = f"{MARKERS['name']}^A"
    for keyword in (
        "PatientID",
        "AccessionNumber",
        "InstitutionName",
        "StudyDescription",
        "SeriesDescription",
        "StudyID",
    ):
        setattr(dataset, keyword, MARKERS["id"])
    dataset.preamble = MARKERS["name"].encode().ljust(128, b"\0")
    file = io.BytesIO()
    dataset.save_as(file)
    return file.getvalue()


def odd_dicom(place: bytes) -> bytes:
    """Return a file with a marker where a reader expects a number or a UID: readers like to repeat what they refuse."""
    marker = MARKERS["id"].encode()
    data = planted_dicom()
    assert place in data
    return data.replace(place, marker + place[len(marker) :])


def planted_zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(f"{MARKERS['file']}/{MARKERS['file']}.dcm", planted_dicom())
        archive.writestr(f"{MARKERS['file']}.txt", MARKERS["words"])
        archive.comment = MARKERS["file"].encode()
    return file.getvalue()


def attack(url: str, model: str) -> tuple[list[bytes], bytes]:
    """Send markers in every way; return the answers to what was wrong, and what the server told of the study."""
    wrong: list[bytes] = []
    path, words = MARKERS["path"], MARKERS["words"]
    turns = [{"role": "user", "content": words}]
    asked = {"model": model, "messages": turns, "max_tokens": 3, "user": words, "stop": [words]}
    binary, key = {"Content-Type": "application/octet-stream"}, {"Authorization": f"Bearer {MARKERS['key']}"}
    with httpx.Client(base_url=url, headers=key, timeout=PATIENCE_S) as http:
        study = http.post("/v1/studies", content=planted_zip(), headers=binary)
        assert study.status_code == 201
        picture = {"type": "image_url", "image_url": {"url": f"study:{study.json()['id']}"}}
        shown = [{"role": "user", "content": [picture, {"type": "text", "text": words}]}]
        for changes in ({}, {"stream": True}, {"messages": shown}):
            assert http.post("/v1/chat/completions", json=asked | changes).status_code == 200
        report = {"answer_id": "a", "reason": "wrong", "question": "q", "answer": "a"}
        assert http.post("/v1/reports", json=report).status_code == 201
        damaged = base64.b64encode(words.encode()).decode()
        for url_of_image in (f"file:///{path}", f"data:image/png;base64,{damaged}", f"study:{path}"):
            part = {"type": "image_url", "image_url": {"url": url_of_image}}
            http.post("/v1/chat/completions", json=asked | {"messages": [{"role": "user", "content": [part]}]})
        odd = [odd_dicom(place) for place in (b"0.661468\\0.661468", b"1.3.6.1.4.1.5962.1.2", b"1.2.840.10008.5.1.4")]
        uploads = [planted_dicom()[:3000], *odd, MARKERS["words"].encode()]
        wrong += [http.post("/v1/studies", content=upload, headers=binary).content for upload in uploads]
        http.get(f"/{path}", params={path: path}, headers={"X-Request-Id": path, "User-Agent": path, "Referer": path})
        http.get(f"/v1/studies/{path}")
        wrong.append(http.get("/v1/models", headers={"Authorization": f"Bearer x{MARKERS['key']}"}).content)
        wrong.append(http.get("/metrics").content)
        http.post("/v1/chat/completions", content=words, headers={"Content-Type": "application/json"})
        http.post("/v1/chat/completions", json={words: words})
    return wrong, study.content


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Left]:
    """The real command as a process of its own: attacked, asked to stop, and what it left."""
    folder = tmp_path_factory.mktemp("planted")
    weights, state = save_small(folder / "weights"), folder / "state"
    temporary = folder / "tmp"
    temporary.mkdir()
    options = ["serve", str(weights), "--port", "0", "--state", str(state)]
    command = [sys.executable, "-m", "doctorsun", "--lang", "en", *options]
    own = {"OMP_NUM_THREADS": "1", "DOCTORSUN_API_KEY": MARKERS["key"], "TMPDIR": str(temporary)}
    environment = os.environ | own
    with (
        (folder / "out").open("wb") as out,
        subprocess.Popen(command, stdout=out, stderr=subprocess.PIPE, env=environment) as process,
    ):
        assert process.stderr is not None
        told = b""
        try:
            for line in process.stderr:
                told += line
                if address := re.search(rb"http://\S+(?=/v1)", line):
                    answers, study = attack(address[0].decode(), weights.name)
                    break
            else:
                pytest.fail(told.decode())
            during = files_below(state) | files_below(temporary)
        finally:
            process.terminate()
            told += process.communicate(timeout=PATIENCE_S)[1]
    after = {f"after {name}": data for name, data in (files_below(state) | files_below(temporary)).items()}
    texts = {"stdout": (folder / "out").read_bytes(), "stderr": told, **during, **after}
    yield Left(texts=texts, answers=answers, study=study)
    assert process.returncode == 0


def files_below(folder: Path) -> dict[str, bytes]:
    """Names and contents; the name counts as content too."""
    return {
        str(path.relative_to(folder)): str(path.relative_to(folder)).encode() + path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def markers_in(data: bytes) -> list[str]:
    return [
        f"{name} ({spelling})"
        for name, marker in MARKERS.items()
        for spelling in SPELLINGS
        if marker.encode(spelling) in data or marker.lower().encode(spelling) in data.lower()
    ]


def test_the_search_would_find_them() -> None:
    assert markers_in(planted_dicom()) == ["name (utf-8)", "id (utf-8)"]
    assert "file (utf-8)" in markers_in(planted_zip())


def test_no_output_holds_one(left: Left) -> None:
    # While a study is kept its own files are on the disk; they are for the decoder alone, and gone afterwards.
    found = {name: markers_in(data) for name, data in left.texts.items() if not name.startswith("studies/")}
    assert {name: places for name, places in found.items() if places} == {}


def test_the_kept_study_has_a_name_of_ours_and_is_gone_afterwards(left: Left) -> None:
    kept = [name for name in left.texts if name.startswith("studies/")]
    assert kept
    assert not markers_in("\n".join(kept).encode())
    assert not [name for name in left.texts if name.startswith("after studies/")]


def test_what_a_study_tells_names_nobody(left: Left) -> None:
    assert markers_in(left.study) == []


def test_refusals_and_numbers_repeat_none(left: Left) -> None:
    assert [markers_in(answer) for answer in left.answers] == [[]] * len(left.answers)


def test_the_log_tells_what_was_done_all_the_same(left: Left, tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    path.write_bytes(left.texts["after audit.jsonl"].removeprefix(b"audit.jsonl"))
    check = check_audit(path)
    assert check.is_sound
    assert path.read_text().count('"event":"answer"') == 3
    assert path.read_text().count('"event":"study"') >= 1


def test_pictures_that_were_sent_are_only_hashes_in_the_log(left: Left) -> None:
    assert base64.b64encode(png(1))[:20] not in left.texts["after audit.jsonl"]
    assert re.search(rb'"images":\["[0-9a-f]{64}"\]', left.texts["after audit.jsonl"])
