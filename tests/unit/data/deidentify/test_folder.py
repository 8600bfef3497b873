"""Folders: what is written under which name, what is not and why, and nothing of the old names anywhere."""

import json
import os
import shutil
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file

from doctorsun.data.deidentify.dicom import deidentify_dicom
from doctorsun.data.deidentify.folder import Job, deidentify_folder, made
from doctorsun.data.deidentify.formats import Format
from doctorsun.data.deidentify.found_files import NOWHERE, OUTSIDE, found_files
from doctorsun.data.deidentify.journal import Entry, Journal
from doctorsun.data.deidentify.key import Key
from doctorsun.data.deidentify.options import Options, kept_by
from doctorsun.data.deidentify.summary import page_of, read_report
from doctorsun.errors import DataError, RecipeError
from planted_dicom import Markers, below, plant

KEY = Key(b"k" * 32)
OPTIONS = Options(read_pixels=False)
PYDICOM = Path(get_testdata_file("CT_small.dcm")).parent


def take(folder, **files):
    for name, source in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PYDICOM / source, path)


def lines_of(out):
    return [json.loads(line) for line in (out / "deidentification.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.filterwarnings("ignore")  # pydicom tells of every planted value that does not fit its representation
def test_nothing_planted_survives_in_contents_names_or_reports(tmp_path, capfd, caplog):
    markers = Markers()
    for name in ("CT_small.dcm", "rtplan.dcm", "reportsi.dcm", "image_dfl.dcm", "MR_small_bigendian.dcm"):
        folder = tmp_path / "in" / markers.text() / markers.text()
        folder.mkdir(parents=True)
        plant(PYDICOM / name, folder / markers.text(), markers)
    directory = pydicom.dcmread(PYDICOM / "dicomdirtests" / "DICOMDIR")
    directory.DirectoryRecordSequence[0].PatientName = markers.text()
    directory.save_as(tmp_path / "in" / "DICOMDIR")
    (tmp_path / "in" / f"{markers.text()}.txt").write_text(markers.text())
    (tmp_path / "in" / f"{markers.text()}.dcm").write_bytes(b"\0" * 128 + b"DICM" + markers.text().encode() * 20)
    caplog.clear()
    left = deidentify_folder(tmp_path / "in", tmp_path / "out", KEY, OPTIONS)
    told = capfd.readouterr()
    for place, content in below(tmp_path / "out"):
        assert markers.found_in(place.encode()) == []
        assert markers.found_in(content) == [], place
    assert markers.found_in(f"{told} {caplog.text}".encode()) == []
    assert read_report(tmp_path / "out")["files"] == {"written": 5, "refused": 2, "unknown": 1}
    assert sorted(path.name == "DICOMDIR" for path in left.values()) == [False, False, True]


def test_names_are_replaced_and_folders_stay_together(tmp_path):
    take(tmp_path / "in", **{"Li Na__1.dcm": "CT_small.dcm", "Li Na__2.dcm": "rtplan.dcm", "3": "MR_small.dcm"})
    deidentify_folder(tmp_path / "in", tmp_path / "out", KEY, OPTIONS)
    written = sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.dcm"))
    folder = KEY.pseudonym("folder", "Li Na")
    expected = [f"{folder}/{KEY.pseudonym('file', f'Li Na/{name}')}.dcm" for name in ("1.dcm", "2.dcm")]
    assert written == sorted([*expected, f"{KEY.pseudonym('file', '/3')}.dcm"])


def test_a_volume_and_its_sidecar_keep_one_name_and_others_do_not(tmp_path):
    (tmp_path / "in").mkdir()
    names = ("sub-1.t1.nii", "sub-1.t1.json", "sub-1.t2.nii")
    jobs = [Job(tmp_path / "in" / name, name, tmp_path, tmp_path / "out", KEY, OPTIONS) for name in names]
    volume, sidecar = (Format("", suffix, deidentify_dicom, of_pair=True) for suffix in (".nii", ".json"))
    new = [job.new_name(kind) for job, kind in zip(jobs, (volume, sidecar, volume), strict=True)]
    assert new[0].removesuffix(".nii") == new[1].removesuffix(".json")
    assert new[0] != new[2]


def test_a_study_is_one_study_in_two_runs_with_one_key(tmp_path):
    take(tmp_path / "one", a="dicomdirtests/77654033/CT2/17106")
    take(tmp_path / "two", b="dicomdirtests/77654033/CT2/17136")
    studies = []
    for name, key in (("one", KEY), ("two", KEY), ("two", Key(b"x" * 32))):
        out = tmp_path / f"{name}{len(studies)}"
        deidentify_folder(tmp_path / name, out, key, OPTIONS)
        new = pydicom.dcmread(next(out.rglob("*.dcm")))
        studies.append((new.StudyInstanceUID, new.PatientID, new.StudyDate))
    assert studies[0] == studies[1]
    assert not set(studies[0]) & set(studies[2])


def test_what_is_not_written_is_told_with_its_reason(tmp_path):
    take(
        tmp_path / "in", good="CT_small.dcm", cut="MR_truncated.dcm", text="README.txt", listed="dicomdirtests/DICOMDIR"
    )
    left = deidentify_folder(tmp_path / "in", tmp_path / "out", KEY, OPTIONS)
    assert {path.name for path in left.values()} == {"cut", "text", "listed"}
    report = read_report(tmp_path / "out")
    assert report["complete"] is True
    assert sorted(report["not_written"].values()) == [1, 1, 1]
    assert {line["id"] for line in lines_of(tmp_path / "out") if line["state"] != "written"} == set(left)
    page = (tmp_path / "out" / "deidentification.md").read_text("utf-8")
    assert "| damaged: it ends too early | 1 |" in page
    assert "| PatientName (0010,0010) | replaced | PS3.15 E.1-1: Z | 1 |" in page
    assert "**not looked for / 未检测**" in page
    settings = {"profile": "", "options": {"dates": "remove", "keep": [], "read_pixels": True}}
    assert "removed / 删除" in page_of(report | {"settings": settings})


def test_a_second_run_does_nothing_and_a_changed_file_is_done_again(tmp_path):
    take(tmp_path / "in", a="CT_small.dcm", b="MR_small.dcm")
    done = []

    def run():
        done.clear()
        deidentify_folder(tmp_path / "in", tmp_path / "out", KEY, OPTIONS, on_progress=lambda *told: done.append(told))
        return {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.dcm")}

    first = run()
    assert done == [(1, 2), (2, 2)]
    assert run() == first
    assert done == []
    shutil.copy(PYDICOM / "rtplan.dcm", tmp_path / "in" / "a")
    (tmp_path / "out" / f"{KEY.pseudonym('file', '/b')}.dcm").unlink()
    run()
    assert done == [(1, 2), (2, 2)]
    assert len(lines_of(tmp_path / "out")) == 2


def test_workers_write_the_same(tmp_path):
    take(tmp_path / "in", a="CT_small.dcm", b="MR_small.dcm", c="MR_truncated.dcm", d="rtplan.dcm")
    for workers in (1, 2):
        deidentify_folder(tmp_path / "in", tmp_path / f"out{workers}", KEY, OPTIONS, workers=workers)
    contents = [dict(below(tmp_path / f"out{workers}")) for workers in (1, 2)]
    assert contents[0] == contents[1]


def test_another_key_or_other_options_need_another_folder(tmp_path):
    take(tmp_path / "in", a="CT_small.dcm")
    deidentify_folder(tmp_path / "in", tmp_path / "out", KEY, OPTIONS)
    for key, options in ((Key(b"x" * 32), OPTIONS), (KEY, Options())):
        with pytest.raises(DataError, match="files made with another key, other options or another version"):
            deidentify_folder(tmp_path / "in", tmp_path / "out", key, options)


def test_folders_that_cannot_be_used_are_refused(tmp_path):
    take(tmp_path / "in", a="CT_small.dcm")
    take(tmp_path / "full", b="CT_small.dcm")
    for out in (tmp_path / "in" / "out", tmp_path, tmp_path / "in"):
        with pytest.raises(DataError, match="a folder in what is read, or around it"):
            deidentify_folder(tmp_path / "in", out, KEY, OPTIONS)
    with pytest.raises(DataError, match="a folder that holds something else"):
        deidentify_folder(tmp_path / "in", tmp_path / "full", KEY, OPTIONS)
    with pytest.raises(DataError, match="nothing there, expected a file or a folder"):
        deidentify_folder(tmp_path / "none", tmp_path / "out", KEY, OPTIONS)
    assert not (tmp_path / "out").exists()


def test_one_file_is_a_folder_of_one(tmp_path):
    deidentify_folder(PYDICOM / "CT_small.dcm", tmp_path / "out", KEY, OPTIONS)
    assert len(list((tmp_path / "out").rglob("*.dcm"))) == 1


def test_links_inside_are_followed_once_and_others_and_pipes_are_not(tmp_path):
    take(tmp_path / "in", sub__a="CT_small.dcm")
    take(tmp_path / "other", b="MR_small.dcm")
    (tmp_path / "in" / "sub" / "loop").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "again").symlink_to(tmp_path / "in" / "sub" / "a")
    (tmp_path / "in" / "outside").symlink_to(tmp_path / "other")
    (tmp_path / "in" / "nowhere").symlink_to(tmp_path / "none")
    (tmp_path / "in" / "sub" / "circle").symlink_to(tmp_path / "in" / "sub" / "circle")
    os.mkfifo(tmp_path / "in" / "pipe")
    found = {path.relative_to(tmp_path).as_posix(): why for path, why in found_files(tmp_path / "in").items()}
    assert found == {
        "in/again": "",
        "in/nowhere": NOWHERE,
        "in/outside": OUTSIDE,
        "in/sub/circle": NOWHERE,
    }
    left = deidentify_folder(tmp_path / "in", tmp_path / "out", KEY, OPTIONS)
    assert sorted(path.name for path in left.values()) == ["circle", "nowhere", "outside"]
    assert len(list((tmp_path / "out").rglob("*.dcm"))) == 1
    assert read_report(tmp_path / "out")["not_written"] == {OUTSIDE: 1, NOWHERE: 2}


def test_values_behind_a_link_that_leads_out_are_not_read_through_their_header(tmp_path):
    (tmp_path / "in" / "kept").mkdir(parents=True)
    volume = nibabel.Nifti1Pair(np.arange(24, dtype=np.int16).reshape(2, 3, 4), np.eye(4))
    nibabel.save(volume, tmp_path / "in" / "a.img")
    inside = (tmp_path / "in" / "a.img").rename(tmp_path / "in" / "kept" / "values")
    (tmp_path / "in" / "a.img").symlink_to(inside)
    deidentify_folder(tmp_path / "in", tmp_path / "one", KEY, OPTIONS)
    assert read_report(tmp_path / "one")["files"]["written"] == 1
    outside = inside.rename(tmp_path / "values")
    (tmp_path / "in" / "a.img").unlink()
    (tmp_path / "in" / "a.img").symlink_to(outside)
    left = deidentify_folder(tmp_path / "in", tmp_path / "other", KEY, OPTIONS)
    assert sorted(path.name for path in left.values()) == ["a.hdr", "a.img"]
    assert read_report(tmp_path / "other")["not_written"] == {OUTSIDE: 2}
    left = deidentify_folder(tmp_path / "in" / "a.hdr", tmp_path / "third", KEY, OPTIONS)
    assert [path.name for path in left.values()] == ["a.hdr"]


def test_a_link_that_is_named_itself_is_read(tmp_path):
    take(tmp_path / "in", a="CT_small.dcm")
    (tmp_path / "link").symlink_to(tmp_path / "in")
    assert deidentify_folder(tmp_path / "link", tmp_path / "out", KEY, OPTIONS) == {}


def test_a_pair_of_header_and_values_is_one_file_and_nothing_of_it_is_missing(tmp_path):
    (tmp_path / "in").mkdir()
    volume = nibabel.Nifti1Pair(np.arange(24, dtype=np.int16).reshape(2, 3, 4), np.eye(4))
    nibabel.save(volume, tmp_path / "in" / "a.img")
    (tmp_path / "in" / "alone.img").write_bytes(bytes(48))
    left = deidentify_folder(tmp_path / "in", tmp_path / "out", KEY, OPTIONS)
    assert [path.name for path in left.values()] == ["alone.img"]
    assert read_report(tmp_path / "out")["files"] == {"written": 1, "refused": 0, "unknown": 1}
    (tmp_path / "in" / "a.img").write_bytes(bytes(3))
    left = deidentify_folder(tmp_path / "in", tmp_path / "other", KEY, OPTIONS)
    assert sorted(path.name for path in left.values()) == ["a.hdr", "alone.img"]


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    if os.geteuid() == 0:
        pytest.skip("the superuser reads every file")
    take(tmp_path / "in", a="CT_small.dcm")
    (tmp_path / "in" / "a").chmod(0)
    deidentify_folder(tmp_path / "in", tmp_path / "out", KEY, OPTIONS)
    assert lines_of(tmp_path / "out")[0]["reason"] == "cannot be read (PermissionError)"


def test_a_file_that_is_gone_when_its_turn_comes_is_told(tmp_path):
    entry = made(Job(tmp_path / "gone.dcm", "gone.dcm", tmp_path, tmp_path / "out", KEY, OPTIONS))
    assert (entry.state, entry.reason) == ("refused", "cannot be read (FileNotFoundError)")


def test_a_journal_goes_on_behind_a_line_that_was_cut_off(tmp_path):
    journal = Journal(tmp_path / "j.jsonl")
    journal.add(Entry("B", "1", "written", "DICOM", "b.dcm", actions=(("x", "removed", "text", 2),)))
    journal.add(Entry("A", "1", "unknown", reason="no format"))
    whole = journal.path.read_bytes()
    journal.path.write_bytes(whole[:-5])
    again = Journal(journal.path)
    assert set(again.entries) == {"B"}
    again.add(Entry("A", "2", "refused", reason="damaged"))
    again.close()
    read = Journal(journal.path).entries
    assert list(read) == ["A", "B"]
    assert read["A"].seen == "2"
    assert read["B"].actions == (("x", "removed", "text", 2),)


def test_only_known_things_can_be_kept():
    assert kept_by(["descriptors", "safe-private"]) == {"descriptors", "safe-private"}
    with pytest.raises(RecipeError, match="--keep: got 'names', expected one of characteristics, descriptors, safe-pr"):
        kept_by(["names"])
