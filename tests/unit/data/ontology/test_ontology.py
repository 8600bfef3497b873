"""The shipped ontology is whole, and a damaged one is refused with its place."""

from collections import Counter

import pytest

from doctorsun.data.ontology.ontology import load_ontology, parse_ontology
from doctorsun.data.ontology.siblings import siblings_of
from doctorsun.data.ontology.tables import KINDS
from doctorsun.errors import DataError

PLACES = """
modalities: {xray: {zh: [X线片], en: [X-ray], planes: [frontal]}}
planes: {frontal: {zh: [正位], en: [frontal]}}
organs: {lung: {zh: [肺], en: [lung]}}
departments: {}
sides: {left: {zh: [左], en: [left]}}
eyes: {}
zones: {}
sizes: {}
places: {}
"""
FINDING = """
finding: {zh: [征象], en: [finding]}
nodule: {zh: [结节], en: [nodule], parent: finding, modality: xray, organ: lung}
mass: {zh: [肿块], en: [mass], parent: finding}
"""
ONTOLOGY = load_ontology()


def parsed(places=PLACES, findings=FINDING):
    return parse_ontology(places, {"own.yaml": findings})


def test_it_is_wide():
    tables = (ONTOLOGY.findings, ONTOLOGY.organs, ONTOLOGY.modalities, ONTOLOGY.departments)
    assert [len(table) >= least for table, least in zip(tables, (400, 50, 20, 18), strict=True)] == [True] * 4
    assert Counter(ONTOLOGY.kind(name) for name in ONTOLOGY.findings).keys() == set(KINDS)


def test_rich_findings_have_their_sentences_in_both_languages():
    rich = [finding for finding in ONTOLOGY.findings.values() if finding.modality]
    assert len(rich) == 20
    for finding in rich:
        for text in (finding.appearance, finding.present, finding.absent):
            assert text is not None
            assert text.in_language("zh")
            assert text.in_language("en").endswith(".")


def test_what_a_rich_finding_asks_is_backed_by_its_fields():
    for finding in ONTOLOGY.findings.values():
        assert {ONTOLOGY.findings[name].modality for name in finding.siblings} <= {finding.modality}
        assert ("side" in finding.asks) <= bool(finding.regions)
        assert ("zone" in finding.asks) == bool(finding.zones)
        assert ("size" in finding.asks) == (finding.size is not None)


def test_a_label_of_one_side_says_so_in_its_name():
    for name, finding in ONTOLOGY.findings.items():
        if name.startswith(("left_", "right_")) and not name.endswith(("atrium", "ventricle")):
            assert finding.side == name.partition("_")[0]
            assert {"left": "左", "right": "右"}[finding.side] in finding.zh[0]


def test_term_names_and_phrases():
    term = ONTOLOGY.finding("nodule").term
    assert (term.name("zh"), term.name("en"), term.phrase("en"), term.phrase("zh")) == (
        "肺结节", "pulmonary nodule", "a pulmonary nodule", "肺结节",
    )  # fmt: skip
    assert ONTOLOGY.sides["left"].phrase("en") == "left"


PLURALS = [
    ("nodule", "pulmonary nodules"),
    ("mass", "pulmonary masses"),
    ("biopsy", "biopsies"),
    ("vertebra", "vertebrae"),
]


@pytest.mark.parametrize(("name", "plural"), PLURALS)
def test_plurals_are_regular_unless_the_row_says_otherwise(name, plural):
    rows = FINDING + "biopsy: {zh: [活检], en: [biopsy], parent: finding}\n"
    ontology = parsed(findings=rows) if name == "biopsy" else ONTOLOGY
    assert ontology.finding(name).term.plural("en") == plural


def test_lineage_kind_and_rivals():
    assert [term.id for term in ONTOLOGY.lineage("polyp")] == ["polyp", "digestive_lesion", "lesion", "finding"]
    assert (ONTOLOGY.kind("left_kidney"), ONTOLOGY.kind("platelet")) == ("structure", "cell")
    assert [term.grade for term in ONTOLOGY.rivals("moderate_npdr")] == [0, 1, 3, 4]
    assert ONTOLOGY.rivals("polyp") == ()
    assert ONTOLOGY.rivals("finding") == ()


def test_siblings_are_those_of_the_row_else_of_the_parent_else_other_roots():
    names = {name: {term.id for term in siblings_of(name, ONTOLOGY.modalities)} for name in ("fundus", "mammography")}
    assert names["fundus"] == {
        "chest_xray", "abdominal_ct", "brain_mr", "ultrasound", "histology", "dermoscopy", "blood_smear",
    }  # fmt: skip
    assert names["mammography"] == {"chest_xray", "bone_xray", "dental_xray"}
    only_child = {term.id for term in siblings_of("hippocampus", ONTOLOGY.organs)}
    assert {"chest", "abdomen"} <= only_child
    assert not {"hippocampus", "head"} & only_child


def test_a_sibling_with_the_same_name_is_no_wrong_choice():
    organs = (
        "organs: {lung: {zh: [肺], en: [lung]}, chest: {zh: [胸部, 肺], en: [chest]}, skin: {zh: [皮肤], en: [skin]}}"
    )
    ontology = parsed(PLACES.replace("organs: {lung: {zh: [肺], en: [lung]}}", organs))
    assert [term.id for term in siblings_of("lung", ontology.organs)] == ["skin"]


def test_unknown_finding_names_a_near_one_or_the_line_to_add():
    with pytest.raises(
        DataError, match=r"finding: got 'nodul', expected one of the \d+ ids of the ontology; did you mea"
    ):
        ONTOLOGY.finding("nodul")
    with pytest.raises(DataError, match=r"add the line 'qqqq_zz: \{zh: \[...\], en: \[qqqq zz\], parent: finding"):
        ONTOLOGY.finding("qqqq_zz")


def test_broken_yaml_is_refused():
    with pytest.raises(DataError, match=r"ontology: places.yaml: got while parsing"):
        parsed(PLACES + "\n  {")


def test_unknown_key_names_its_entry():
    with pytest.raises(DataError, match=r"ontology: findings.nodule.colour: got 'red'"):
        parsed(findings=FINDING.replace("organ: lung", "colour: red"))


def test_a_row_that_is_no_mapping_names_its_entry():
    with pytest.raises(DataError, match=r"ontology: findings.mass: got '肿块'"):
        parsed(findings=FINDING.replace("{zh: [肿块], en: [mass], parent: finding}", "肿块"))


def test_an_id_stands_once():
    with pytest.raises(DataError, match=r"ontology: own.yaml:5: got 'nodule' a second time"):
        parsed(findings=FINDING + FINDING.splitlines()[2])
    with pytest.raises(DataError, match=r"ontology: b.yaml: mass: got an id that another file has"):
        parse_ontology(PLACES, {"a.yaml": FINDING, "b.yaml": FINDING.splitlines()[3]})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("modality: xray", "modality: ct", "findings.nodule.modality: got 'ct', expected one of xray"),
        ("organ: lung", "organ: lunge", "findings.nodule.organ: got 'lunge', expected one of lung"),
        ("organ: lung", "department: x", "findings.nodule.department: got 'x'"),
        ("organ: lung", "side: top", "findings.nodule.side: got 'top', expected one of left"),
        (
            "organ: lung",
            "siblings: [cyst]",
            "findings.nodule.siblings: got 'cyst', expected one of finding, mass, nodule",
        ),
        ("organ: lung", "regions: [lung]", "findings.nodule.regions: got 'lung'"),
        ("organ: lung", "zones: [top]", "findings.nodule.zones: got 'top'"),
        ("parent: finding, mod", "parent: lesion, mod", "findings.nodule.parent: got 'lesion'"),
        ("parent: finding, mod", "parent: nodule, mod", "nodule.parent: got nodule > nodule, expected a tree"),
        (
            "parent: finding, mod",
            "mod",
            "findings.nodule.parent: got none, expected a row, or one of finding, diagnosis",
        ),
        (
            "en: [mass]",
            "en: [Nodule]",
            "findings.mass.en: got 'Nodule', expected a name that its sibling 'nodule' has not",
        ),
        ("en: [mass]", "en: []", "findings.mass.en: got "),
        ("zh: [肿块], ", "", "findings.mass.zh: got "),
        ("zh: [肿块]", "zh: [mass]", "findings.mass.zh: got .'mass'., expected a Chinese term"),
        ("en: [mass]", "en: [肿块]", "findings.mass.en: got .'肿块'., expected English terms"),
        ("mass:", "Mass:", "findings.Mass: got the id 'Mass', expected lower case letters"),
        ("organ: lung", "grade: 1", r"findings.finding: got grades \[1\], expected 0, 1, 2"),
        ("organ: lung", "grade: 0", "findings.finding: got a scale, expected exclusive: true"),
    ],
)
def test_what_does_not_hold_is_refused(old, new, message):
    with pytest.raises(DataError, match=message):
        parsed(findings=FINDING.replace(old, new))


def test_a_plane_or_a_sibling_of_a_modality_that_does_not_exist_is_refused():
    for old, new, message in (
        ("planes: [frontal]", "planes: [axial]", "modalities.xray.planes: got 'axial'"),
        ("planes: [frontal]", "siblings: [ct]", "modalities.xray.siblings: got 'ct'"),
    ):
        with pytest.raises(DataError, match=message):
            parsed(PLACES.replace(old, new))
