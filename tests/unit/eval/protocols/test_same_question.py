"""The same question and answer, judged by four other kits and by the house: what makes published numbers differ."""

import pytest

from doctorsun.eval.protocols import PROTOCOLS, protocols_for

OPTIONS = ("pneumonia", "edema", "effusion", "normal heart")
HOUSE = ""
LETTERED = ("mcq_strict@1", "mmmu_official@1", "cmb_official@1", "cmexam_official@1", "medevalkit@1")
KITS = ("llava_med@1", "multimedeval@1", "medevalkit@1", "lmms_slake@1", HOUSE)
# kind, gold, answer, then the headline of each kit and of the house; None where a kit has no rule for the kind.
TABLE = [
    ("closed", "no", "Normal study.", 1, 0, 1, 0, 0),
    ("closed", "yes", "Yes, the heart is abnormal.", 1, 1, 0, 0, 1),
    ("closed", "no", "yes and no", 1, 1, 0, 0, 0),
    ("closed", "mri", "MRI", 0, 1, 1, 1, 1),
    ("open", "left lung", "lung lung lung", 0.75, 0, 0, 0, 0.4),
    ("mcq", "C", "**C**", None, 0, 0, None, 1),
    ("mcq", "A", "", None, 0, 1, None, 0),
]


@pytest.mark.parametrize("row", TABLE)
def test_verdicts_differ_as_they_do(make_prediction, row):
    kind, gold, output, *expected = row
    prediction = make_prediction(
        kind=kind, gold=(gold,), output=output, options=OPTIONS if kind == "mcq" else (), id=f"{gold}: {output}"
    )

    found = [headline(prediction, name) for name in KITS]

    assert found == [None if value is None else pytest.approx(value) for value in expected]


@pytest.mark.parametrize(
    ("name", "metric", "value"),
    [
        ("llava_med@1", "recall", 3 / 4),
        ("multimedeval@1", "recall", 1 / 2),
        ("medevalkit@1", "precision", 2 / 3),
        ("open_tokens@1", "recall", 1 / 2),
    ],
)
def test_repetition_pays_with_some(make_prediction, name, metric, value):
    prediction = make_prediction(kind="open", gold=("left lung",), output="lung lung lung")
    (protocol,) = protocols_for("open", [name])

    assert protocol.judge(prediction).values[metric] == pytest.approx(value)


@pytest.mark.parametrize(("kind", "gold", "output"), [("closed", "no", "yes and no"), ("mcq", "A", "")])
def test_the_house_calls_no_answer_invalid(make_prediction, kind, gold, output):
    prediction = make_prediction(kind=kind, gold=(gold,), output=output, options=OPTIONS if kind == "mcq" else ())

    assert protocols_for(kind, [])[0].judge(prediction).invalid


def headline(prediction, name):
    parts = [part for part in PROTOCOLS if part.name == name and prediction.kind in part.kinds]
    if name and not parts:
        return None
    (protocol,) = parts or protocols_for(prediction.kind, [])
    return protocol.judge(prediction).values[protocol.metrics[0]]


@pytest.mark.parametrize(
    ("name", "kind", "golds", "metric"),
    [
        ("llava_med@1", "open", ["left lung", "3", "x-ray"], "recall"),
        ("multimedeval@1", "closed", ["yes", "no", "left"], "accuracy"),
        ("multimedeval@1", "open", ["left lung", "3"], "recall"),
        ("medevalkit@1", "closed", ["yes", "no", "left"], "accuracy"),
        ("medevalkit@1", "mcq", ["A", "B", "C", "D"], "accuracy"),
        ("lmms_slake@1", "closed", ["yes", "no", "MRI", "否", "正常"], "accuracy"),
        ("lmms_slake@1", "open", ["left lung", "左肺"], "accuracy"),
        ("mmmu_official@1", "open", ["12", "left lung"], "accuracy"),
        ("mmmu_official@1", "mcq", ["A", "B", "C", "D"], "accuracy"),
        ("cmb_official@1", "mcq", ["A", "D"], "accuracy"),
        ("cmexam_official@1", "mcq", ["A", "D"], "accuracy"),
        ("pubmedqa_official@1", "closed", ["yes", "no", "maybe"], "accuracy"),
    ],
)
def test_the_gold_itself_is_right(make_prediction, name, kind, golds, metric):
    for gold in golds:
        prediction = make_prediction(kind=kind, gold=(gold,), output=gold, options=OPTIONS if kind == "mcq" else ())
        (protocol,) = protocols_for(kind, [name])
        assert protocol.judge(prediction).values[metric] == 1


# What these kits give to those who say nothing, or to a gold said back: faults that the protocols keep.
FAULTS = [
    ("medevalkit@1", "mcq", "A", "", 1),
    ("multimedeval@1", "mcq", "A", "A", 0),
    ("llava_med@1", "closed", "mri", "mri", 0),
    ("lmms_slake@1", "open", "(see report)", "", 1),
    ("cmb_official@1", "mcq", "C", "The CT shows it", 1),
    ("cmexam_official@1", "mcq", "A", "NOT C, SEE A", 0),
]


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_kept(make_prediction, fault):
    name, kind, gold, output, value = fault
    options = OPTIONS if kind == "mcq" else ()

    assert headline(make_prediction(kind=kind, gold=(gold,), output=output, options=options), name) == value


@pytest.mark.parametrize("letter", "ABCD")
@pytest.mark.parametrize("name", LETTERED)
def test_a_constant_letter_earns_its_share(make_prediction, name, letter):
    golds = "ABBCDDDA"
    rows = [make_prediction(kind="mcq", gold=(gold,), output=letter, options=OPTIONS) for gold in golds]
    (protocol,) = protocols_for("mcq", [name])

    earned = sum(protocol.judge(row).values["accuracy"] for row in rows)

    assert earned == golds.count(letter)
