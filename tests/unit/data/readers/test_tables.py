"""Tables of every kind give the same rows; damaged ones say where."""

import csv
import gzip
import io
import json
import os
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from doctorsun.data.readers.tables import as_text, records, rows
from doctorsun.errors import DataError

ROWS = [{"id": "1", "label": "肺炎, 双侧", "note": "two\nlines"}, {"id": "2", "label": "正常", "note": ""}]


def delimited(delimiter):
    text = io.StringIO()
    writer = csv.DictWriter(text, list(ROWS[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(ROWS)
    return text.getvalue()


def write_xlsx(path, *lines):
    book = openpyxl.Workbook()
    for line in lines:
        book.active.append(line)
    book.create_sheet("notes").append(["another sheet"])
    book.save(path)


@pytest.fixture(params=["csv", "tsv", "xlsx", "json", "jsonl", "ndjson", "parquet", "csv.gz", "CSV"])
def table(request, tmp_path):
    path = tmp_path / f"table.{request.param}"
    match request.param:
        case "csv" | "CSV":
            path.write_text(delimited(","), encoding="utf-8", newline="")
        case "tsv":
            path.write_text(delimited("\t"), encoding="utf-8", newline="")
        case "csv.gz":
            path.write_bytes(gzip.compress(delimited(",").encode()))
        case "xlsx":
            write_xlsx(path, list(ROWS[0]), *[[int(row["id"]), row["label"], row["note"] or None] for row in ROWS])
        case "json":
            path.write_text(json.dumps(ROWS))
        case "parquet":
            pq.write_table(pa.Table.from_pylist(ROWS), path)
        case _:
            path.write_text("\n\n".join(json.dumps(row) for row in ROWS))
    return path


def test_every_kind_gives_the_same_rows(table):
    assert list(rows(table)) == ROWS


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_every_encoding_gives_the_same_rows(tmp_path, encoding):
    path = tmp_path / "table.csv"
    path.write_bytes(delimited(",").encode(encoding))

    assert list(rows(path)) == ROWS


def test_nested_values_have_dotted_names_and_lists_stay_json(tmp_path):
    path = tmp_path / "side.json"
    path.write_text('[{"a": {"b": {"c": 1.0}, "d": true}, "l": ["左", 2], "n": null, "x": NaN}]', encoding="utf-8")

    assert list(rows(path)) == [{"a.b.c": "1", "a.d": "true", "l": '["左", 2]', "n": "", "x": ""}]


def test_records_keep_values_and_tell_their_place(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('\n{"history": [["q", "a"]]}\n')

    assert list(records(path)) == [(f"{path}, line 2", {"history": [["q", "a"]]})]


def test_the_place_of_a_row_is_its_first_line(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('id,text\n1,"two\nlines"\n\n2,one\n')

    assert [place for place, _ in records(path)] == [f"{path}, line 2", f"{path}, line 5"]


def test_columns_without_a_name_are_left_out(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(",Question,Answer,\n0,q,A,\n1,p,B,,,\n")

    assert list(rows(path)) == [{"Question": "q", "Answer": "A"}, {"Question": "p", "Answer": "B"}]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"a,b\n1\n", r"a.csv, line 2: got 1 values, expected 2, one for each column; put values"),
        ("a.csv", b"a,b\n1,2\n1,2,3\n", r"a.csv, line 3: got 3 values, expected 2"),
        ("a.csv", b'a,b\n1,"open\n2,3\n', r"a.csv, line 3: got unexpected end of data, expected values between ','"),
        ("a.csv", b"a,b,a\n1,2,3\n", r"a.csv: got twice the column a, expected a first line"),
        ("a.csv", b"", r"a.csv: got no names of columns, expected a first line"),
        ("a.csv", b"a,b\n\n", r"a.csv: got no records, expected at least one"),
        ("a.csv", b"a,b\n1,\x002\n", r"a.csv, line 2: got a NUL byte, expected text; get the file anew"),
        ("a.csv", b"a,b\n1,2\n\xff\xff,2\n", r"a.csv, line 3: got bytes that are neither UTF-8 nor GB18030"),
        ("a.csv.gz", b"no gzip", r"a.csv.gz: got Not a gzipped file .*, expected a text file"),
        ("a.csv.gz", gzip.compress(b"a,b\n1,2\n", mtime=0)[:-9], r"a.csv.gz: got Compressed file ended .*, expected a"),
        ("a.xlsx", b"no zip", r"a.xlsx: got File is not a zip file, expected an XLSX workbook"),
        ("a.json", b'[{"a": 1}', r"a.json: got Expecting .*, expected a JSON list of records"),
        ("a.json", b'"a"', r"a.json: got str, expected a JSON list of records, or one record"),
        ("a.json", b"[{}, 3]", r"a.json, record 2: got int, expected a JSON object"),
        ("a.jsonl", b'{"a": 1}\n{"a"', r"a.jsonl, line 2: got Expecting .*, expected a JSON object per line"),
        ("a.jsonl", b'{"a": 1}\n[]', r"a.jsonl, line 2: got list, expected a JSON object"),
        ("a.parquet", b"PAR1", r"a.parquet: got .*, expected a Parquet file"),
        ("a.docx", b"", r"a.docx: got a file of kind '.docx', expected a table: .csv, .tsv, .xlsx"),
    ],
)
def test_damaged_tables_say_where(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)

    with pytest.raises(DataError, match=message):
        list(rows(tmp_path / name))


def test_an_empty_workbook_is_named(tmp_path):
    write_xlsx(tmp_path / "a.xlsx")

    with pytest.raises(DataError, match=r"a.xlsx: got no names of columns"):
        list(rows(tmp_path / "a.xlsx"))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"gone.csv: got no such file, expected a table"):
        list(rows(tmp_path / "gone.csv"))


def test_a_damaged_character_does_not_change_the_encoding(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("a\ncafé\ncafé\nnaïve\n".encode() + b"caf\xc4\xe3\n")

    with pytest.raises(DataError, match=r"a.csv, line 5: got bytes that are neither"):
        list(rows(path))


def test_a_character_cut_at_the_end_is_told(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("a\n肺炎\n正常\n肺".encode()[:-1])

    with pytest.raises(DataError, match=r"a.csv, line 4: got bytes that are neither"):
        list(rows(path))


def test_a_long_field_is_read(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a\n" + "x" * 3_000_000 + "\n")

    assert len(next(rows(path))["a"]) == 3_000_000


@pytest.mark.parametrize(("value", "text"), [(7.0, "7"), (0.5, "0.5"), (False, "false"), ((1, 2), "[1, 2]"), ("", "")])
def test_values_as_text(value, text):
    assert as_text(value) == text


@pytest.mark.skipif("DOCTORSUN_TEST_DATA" not in os.environ, reason="DOCTORSUN_TEST_DATA names no folder of real data")
@pytest.mark.parametrize(
    ("pattern", "num_rows"),
    [("toyhom_zh_dialogue/*.csv", 7644), ("cmexam_val/val.xlsx", 6811), ("cmmlu_medical/data/test/*.csv", 1941)],
)
def test_real_tables(pattern, num_rows):
    files = sorted(Path(os.environ["DOCTORSUN_TEST_DATA"]).glob(pattern))

    assert sum(1 for file in files for _ in rows(file)) == num_rows


def test_a_json_file_may_hold_one_record(tmp_path: Path):
    path = tmp_path / "ISIC_1.json"
    path.write_text('{"name": "ISIC_1",\n "meta": {"age": 60}}')
    assert list(rows(path)) == [{"name": "ISIC_1", "meta.age": "60"}]
