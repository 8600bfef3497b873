"""Answers in parts."""

import pytest

from doctorsun.eval.parts import Parts


def test_rows_come_back_under_their_keys(tmp_path, make_prediction):
    with Parts(tmp_path, rows_per_part=2) as parts:
        for number in range(5):
            parts.add(f"key-{number}", make_prediction(id=str(number)))

    again = Parts(tmp_path)

    assert len(list(tmp_path.iterdir())) == 3
    assert {key: row.id for key, row in again.rows.items()} == {f"key-{number}": str(number) for number in range(5)}


def test_answers_that_come_slowly_are_written_every_half_minute(tmp_path, make_prediction):
    now = [100.0]
    with Parts(tmp_path, clock=lambda: now[0]) as parts:
        written = []
        for number in range(7):
            parts.add(str(number), make_prediction(id=str(number)))
            written.append(len(list(tmp_path.iterdir())))
            now[0] += 10.0

    assert written == [0, 0, 0, 1, 1, 1, 1]
    assert len(Parts(tmp_path).rows) == 7


def test_an_error_in_the_block_loses_nothing(tmp_path, make_prediction):
    def stopped():
        with Parts(tmp_path) as parts:
            parts.add("key", make_prediction())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()

    assert Parts(tmp_path).is_answered("key")


def test_later_runs_add_parts(tmp_path, make_prediction):
    for number in range(3):
        with Parts(tmp_path) as parts:
            parts.add(str(number), make_prediction(id=str(number)))

    assert sorted(path.name for path in tmp_path.iterdir()) == [f"part-00000{number}.parquet" for number in range(3)]


def test_a_failed_answer_is_open_and_never_replaces_a_good_one(tmp_path, make_prediction):
    with Parts(tmp_path) as parts:
        parts.add("key", make_prediction(status="error"))
        assert not parts.is_answered("key")
        parts.add("key", make_prediction(output="good"))
        parts.flush()
        parts.add("key", make_prediction(status="error", output="bad"))

    assert Parts(tmp_path).rows["key"].output == "good"


def test_a_part_that_cannot_be_read_is_set_aside_and_its_questions_are_open(tmp_path, make_prediction, caplog):
    for number in range(2):
        with Parts(tmp_path) as parts:
            parts.add(str(number), make_prediction(id=str(number)))
    (tmp_path / "part-000000.parquet").write_bytes(b"PAR1 cut")

    again = Parts(tmp_path)

    assert [again.is_answered(str(number)) for number in range(2)] == [False, True]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["part-000000.damaged", "part-000001.parquet"]
    assert "part-000000.parquet" in caplog.text
    assert "its questions are asked again" in caplog.text
