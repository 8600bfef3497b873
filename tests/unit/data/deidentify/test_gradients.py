"""Gradient tables of diffusion volumes: copied where they hold what belongs there alone."""

import pytest
from planted_bytes import KEY, OPTIONS

from doctorsun.data.deidentify.folder import TABLE, deidentify_folder
from doctorsun.data.deidentify.gradients import deidentify_gradients
from doctorsun.data.deidentify.refusal import Refusal
from doctorsun.data.deidentify.summary import read_report

DIRECTIONS = "0 0.577350 -1\n0 0.57735 0\n0 5.7735e-1 0\n"


@pytest.mark.parametrize(
    ("name", "text", "clean"),
    [
        ("a.bval", "0 1000 02995.5  \n", "0 1000 2996\n"),
        ("a.bval", "0 1000.19550312 20000", "0 1000 20000\n"),
        ("a.bvec", "0.13912345678\n-0.00000019\n-1\n", "0.139123\n0\n-1\n"),
        ("a.bval", "5\n1000\n1000\n", "5\n1000\n1000\n"),
        ("a.BVEC", DIRECTIONS, "0 0.57735 -1\n0 0.57735 0\n0 0.57735 0\n"),
    ],
)
def test_numbers_stay_in_their_usual_spelling(tmp_path, name, text, clean):
    path, out = tmp_path / name, tmp_path / "out"
    path.write_text(text)
    deidentify_gradients(path, out, KEY, OPTIONS)
    assert out.read_text() == clean


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.bval", b"0 1000 Zhang"),
        ("a.bval", b"13812345678"),
        ("a.bval", b"0 13912 34567"),
        ("a.bval", "\ufeff0 1000".encode()),
        ("a.bval", b"0,1000"),
        ("a.bval", b"-1 1000"),
        ("a.bval", b"nan 1000"),
        ("a.bval", b"0 1000\n0 1000\n"),
        ("a.bval", "０ 1000".encode()),
        ("a.bval", b""),
        ("a.bvec", b"0 1\n0 1\n"),
        ("a.bvec", b"0 1\n0 1\n0\n"),
        ("a.bvec", b"0 1\n0 1\n0 19730504\n"),
    ],
)
def test_anything_else_is_refused(tmp_path, name, data):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(Refusal, match="no plain gradient table"):
        deidentify_gradients(path, tmp_path / "out", KEY, OPTIONS)


def test_the_tables_of_a_volume_have_its_new_name_and_the_table_of_participants_is_told(tmp_path):
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    (source / "sub-01_dwi.bval").write_text("0 1000 1000\n")
    (source / "sub-01_dwi.bvec").write_text(DIRECTIONS)
    (source / "participants.tsv").write_text("participant_id\tage\nsub-01\t34\n")
    left = deidentify_folder(source, out, KEY, OPTIONS)
    assert [path.name for path in left.values()] == ["participants.tsv"]
    assert read_report(out)["not_written"] == {TABLE: 1}
    written = [path for path in out.rglob("*") if path.suffix in (".bval", ".bvec")]
    assert len(written) == 2
    assert len({path.stem for path in written}) == 1
