"""The evaluation runner."""

import pytest

from doctorsun.errors import DataError
from doctorsun.eval.predictions import read_predictions
from doctorsun.eval.runner import ModelVersion, Reply, predict
from doctorsun.eval.tasks import task_named
from doctorsun.schema import Answer, Variant

PHANTOM = task_named("phantom")
MODEL = ModelVersion(name="tiny", revision="r1", decoding="greedy")


class Recorder:
    """An answerer that says the same to all, last question first, and records what it was asked."""

    def __init__(self, says="Yes.", *, fails_after=None, silent=(), weighs=()):
        self.says = says
        self.fails_after = fails_after
        self.silent = silent
        self.weighs = weighs
        self.asked = []

    def __call__(self, samples):
        for count, index in enumerate(reversed(range(len(samples)))):
            if count == self.fails_after:
                raise RuntimeError("power cut")
            self.asked.append(samples[index])
            if samples[index].id not in self.silent:
                yield index, Reply(output=self.says, num_tokens=2, option_logprobs=self.weighs)


@pytest.fixture
def samples(make_sample):
    return [make_sample(number) for number in range(6)]


def test_rows_stand_in_the_order_of_the_samples(tmp_path, samples):
    path = predict(samples, Recorder(), out=tmp_path, task=PHANTOM, model=MODEL)

    rows = read_predictions(path)
    assert path == tmp_path / "predictions.parquet"
    assert [row.id for row in rows] == [sample.id for sample in samples]
    assert {(row.status, row.output, row.num_tokens, row.model) for row in rows} == {("ok", "Yes.", 2, "tiny")}
    assert rows[0].cluster == samples[0].images[0].sha256[:16]
    assert (rows[0].question, rows[0].question_type) == ("Is there a nodule?", "presence:nodule")


def test_the_truth_is_not_shown(tmp_path, samples):
    recorder = Recorder()
    predict(samples, recorder, out=tmp_path, task=PHANTOM, model=MODEL)

    assert all(sample.answer is None or not sample.answer.gold for sample in recorder.asked)
    assert all(sample.messages[-1].text == "" for sample in recorder.asked)
    assert all(sample.messages[-2].text == "Is there a nodule?" for sample in recorder.asked)


@pytest.mark.parametrize(
    ("language", "answer", "options"),
    [
        ("en", Answer(kind="closed", gold=("yes",)), ("yes", "no")),
        ("zh", Answer(kind="closed", gold=("没有",)), ("是", "否")),
        ("en", Answer(kind="closed", gold=("left",)), ()),
        ("en", Answer(kind="closed", gold=("left",), options=("left", "right")), ("left", "right")),
        ("en", Answer(kind="mcq", gold=("B",), options=("lung", "liver")), ("lung", "liver")),
        ("en", Answer(kind="mcq_multi", gold=("A", "B"), options=("lung", "liver")), ()),
        ("en", Answer(kind="open", gold=("yes",)), ()),
    ],
)
def test_the_options_to_weigh_come_without_the_truth(tmp_path, make_sample, language, answer, options):
    recorder = Recorder(weighs=(-0.5, -1.5))
    path = predict(
        [make_sample(1, language=language, answer=answer)], recorder, out=tmp_path, task=PHANTOM, model=MODEL
    )

    asked = recorder.asked[0].answer
    assert (asked.options if asked else ()) == options
    assert asked is None or asked.gold == ()
    assert read_predictions(path)[0].option_logprobs == (-0.5, -1.5)


def test_a_failed_reply_is_an_error_row_with_its_reason_and_is_asked_again(tmp_path, samples):
    def fail(asked):
        for index in range(len(asked)):
            yield index, Reply(output="status 500", status="error" if index == 2 else "ok")

    row = read_predictions(predict(samples, fail, out=tmp_path, task=PHANTOM, model=MODEL))[2]
    assert (row.status, row.output) == ("error", "status 500")

    recorder = Recorder()
    predict(samples, recorder, out=tmp_path, task=PHANTOM, model=MODEL)
    assert [sample.id for sample in recorder.asked] == ["sample-2"]


def test_a_cut_run_goes_on_where_it_stopped(tmp_path, samples):
    with pytest.raises(RuntimeError, match="power cut"):
        predict(samples, Recorder(fails_after=4), out=tmp_path, task=PHANTOM, model=MODEL)
    recorder = Recorder()
    path = predict(samples, recorder, out=tmp_path, task=PHANTOM, model=MODEL)

    assert {sample.id for sample in recorder.asked} == {"sample-0", "sample-1"}
    assert len(read_predictions(path)) == 6


def test_a_finished_run_asks_nothing_and_writes_the_same(tmp_path, samples):
    path = predict(samples, Recorder(), out=tmp_path, task=PHANTOM, model=MODEL)
    before = path.read_bytes()
    recorder = Recorder("No.")
    predict(samples, recorder, out=tmp_path, task=PHANTOM, model=MODEL)

    assert recorder.asked == []
    assert path.read_bytes() == before


def test_a_corrected_truth_counts_for_the_answers_that_were_given(tmp_path, samples, make_sample):
    for control in ("real", "blank"):
        predict(samples, Recorder(), out=tmp_path, task=PHANTOM, model=MODEL, control=control)
    corrected = make_sample(0, answer=Answer(kind="closed", gold=("no",)), modality="ct", anatomy="chest")
    recorder = Recorder("No.")
    path = predict([corrected, *samples[1:]], recorder, out=tmp_path, task=PHANTOM, model=MODEL)

    assert recorder.asked == []
    rows = [row for row in read_predictions(path) if row.id == corrected.id]
    assert [(row.gold, row.modality, row.anatomy, row.output, row.num_tokens, row.image_control) for row in rows] == [
        (("no",), "ct", "chest", "Yes.", 2, "real"),
        (("no",), "ct", "chest", "Yes.", 2, "blank"),
    ]


@pytest.mark.parametrize(
    "model",
    [
        ModelVersion(name="tiny", revision="r2", decoding="greedy"),
        ModelVersion(name="tiny", revision="r1", decoding="temperature=1"),
    ],
)
def test_other_weights_or_decoding_are_asked_anew(tmp_path, samples, model):
    predict(samples, Recorder(), out=tmp_path, task=PHANTOM, model=MODEL)
    recorder = Recorder("No.")
    path = predict(samples, recorder, out=tmp_path, task=PHANTOM, model=model)

    assert len(recorder.asked) == 6
    assert {row.output for row in read_predictions(path)} == {"No."}


def test_another_image_or_question_or_instruction_is_asked_anew(tmp_path, samples, make_sample, make_image):
    predict(samples, Recorder(), out=tmp_path, task=PHANTOM, model=MODEL)
    changed = [
        make_sample(0, image=make_image(200)),
        make_sample(1, question="Any nodule?"),
        *samples[2:],
    ]
    recorder = Recorder()
    predict(changed, recorder, out=tmp_path, task=PHANTOM, model=MODEL)
    assert sorted(sample.id for sample in recorder.asked) == ["sample-0", "sample-1"]

    recorder = Recorder()
    brief = PHANTOM.model_copy(update={"instructions": {"en": {"closed": "Answer yes or no."}}})
    path = predict(changed, recorder, out=tmp_path, task=brief, model=MODEL)
    assert len(recorder.asked) == 6
    row = read_predictions(path)[-1]
    assert (row.question, row.prompt) == ("Is there a nodule?", "Is there a nodule?\nAnswer yes or no.")
    assert recorder.asked[-1].messages[0].text == "Is there a nodule?\nAnswer yes or no."


def test_controls_stand_in_one_file(tmp_path, samples):
    recorder = Recorder()
    for control in ("real", "blank", "shuffled"):
        path = predict(samples, recorder, out=tmp_path, task=PHANTOM, model=MODEL, control=control)

    rows = read_predictions(path)
    real = {sample.images[0].sha256 for sample in recorder.asked[:6]}
    assert [row.image_control for row in rows] == ["real"] * 6 + ["blank"] * 6 + ["shuffled"] * 6
    assert real.isdisjoint(sample.images[0].sha256 for sample in recorder.asked[6:12])
    assert real == {sample.images[0].sha256 for sample in recorder.asked[12:]}


def test_a_question_that_cannot_be_shuffled_is_an_error_row_with_its_reason(tmp_path, samples, make_sample):
    lone = make_sample(9, modality="ct")
    recorder = Recorder()
    path = predict([*samples, lone], recorder, out=tmp_path, task=PHANTOM, model=MODEL, control="shuffled")

    row = read_predictions(path)[-1]
    assert lone.id not in {sample.id for sample in recorder.asked}
    assert row.status == "error"
    assert "no other patient" in row.output

    parts = sorted((tmp_path / "parts").iterdir())
    predict([*samples, lone], recorder, out=tmp_path, task=PHANTOM, model=MODEL, control="shuffled")
    assert sorted((tmp_path / "parts").iterdir()) == parts


def test_an_answer_that_never_comes_is_an_error_row_and_is_asked_again(tmp_path, samples):
    path = predict(samples, Recorder(silent=("sample-3",)), out=tmp_path, task=PHANTOM, model=MODEL)
    assert [row.id for row in read_predictions(path) if row.status == "error"] == ["sample-3"]

    recorder = Recorder()
    predict(samples, recorder, out=tmp_path, task=PHANTOM, model=MODEL)
    assert [sample.id for sample in recorder.asked] == ["sample-3"]
    assert all(row.status == "ok" for row in read_predictions(path))


def test_progress_counts_up_to_all(tmp_path, samples):
    seen = []

    def on_progress(done, total):
        seen.append((done, total))

    predict(samples, Recorder(), out=tmp_path, task=PHANTOM, model=MODEL, on_progress=on_progress)

    assert seen == [(done, 6) for done in range(1, 7)]


@pytest.mark.parametrize("index", [0, 6, -1])
def test_an_answer_to_no_open_question_is_refused(tmp_path, samples, index):
    def answer(_samples):
        yield 0, Reply(output="Yes.")
        yield index, Reply(output="Yes.")

    with pytest.raises(DataError, match=f"answer number {index}: got no open question of this number"):
        predict(samples, answer, out=tmp_path, task=PHANTOM, model=MODEL)


def test_samples_without_gold_are_refused(tmp_path, samples, make_sample):
    for answer in (None, Answer(kind="open", gold=())):
        with pytest.raises(DataError, match="sample sample-7: got no gold answer, expected samples that can be scored"):
            predict([*samples, make_sample(7, answer=answer)], Recorder(), out=tmp_path, task=PHANTOM, model=MODEL)


def test_two_samples_of_one_id_are_refused(tmp_path, samples):
    with pytest.raises(DataError, match="sample sample-0: got two samples of this id, expected one"):
        predict([*samples, samples[0]], Recorder(), out=tmp_path, task=PHANTOM, model=MODEL)


def test_a_variant_about_another_file_of_the_picture_depends_on_its_original(tmp_path, make_sample):
    original = make_sample(1)
    attacked = make_sample(2, variant=Variant(of=original.id, kind="injection"))
    rows = read_predictions(predict([original, attacked], Recorder(), out=tmp_path, task=PHANTOM, model=MODEL))
    assert rows[0].cluster == rows[1].cluster == original.images[0].sha256[:16]
