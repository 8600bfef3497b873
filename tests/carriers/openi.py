"""OpenI, the chest radiographs of Indiana University, as published (Demner-Fushman et al., JAMIA 23(2), 2016;
https://openi.nlm.nih.gov/faq): ``NLMCXR_reports.tgz`` (ecgen-radiology/1.xml) and ``NLMCXR_png.tgz``.

Quirks kept: a report names its pictures (``parentImage``), one, two or none; sections without words; ``XXXX`` for what
was removed; pictures whose names do not begin with the number of their report; blanks and tabs behind MeSH terms.
"""

from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from carriers.pictures import grey, write_picture

REPORTS = {
    "1": (
        ("CXR1_1_IM-0001-3001", "CXR1_1_IM-0001-4001"),
        "The cardiac silhouette and mediastinum size are within normal limits. There is no pulmonary edema.",
        "Normal chest x-XXXX.",
        ("normal",),
    ),
    "2": (
        ("CXR2_IM-0652-1001",),
        "Borderline cardiomegaly. Sternotomy & clips.",
        "No acute process.",
        ("Cardiomegaly/borderline \t",),
    ),
    "3": (("CXR3_IM-1384-1001",), "", "", ("No Indexing",)),
    "4": ((), "The lungs are clear.", "Normal chest.", ("normal",)),
}


def write_openi(root: Path) -> None:
    """Write the two folders as the archives unpack."""
    (root / "ecgen-radiology").mkdir(parents=True, exist_ok=True)
    for number, (images, findings, impression, majors) in REPORTS.items():
        text = _xml(number, images, (findings, impression), majors)
        (root / "ecgen-radiology" / f"{number}.xml").write_text(text, encoding="utf-8")
        for seed, name in enumerate(images):
            write_picture(root / "NLMCXR_png" / f"{name}.png", grey(seed + int(number)))


def _xml(number: str, images: Sequence[str], sections: tuple[str, str], majors: Sequence[str]) -> str:
    findings, impression = (escape(section) for section in sections)
    figures = "".join(
        f'<parentImage id="{name}"><figureId>F{place}</figureId><caption>Xray Chest PA and Lateral</caption>'
        f"<panel type='single'><url>/hadoop/storage/radiology/extract/{name}.jpg</url></panel></parentImage>\n"
        for place, name in enumerate(images, start=1)
    )
    return f"""<?xml version="1.0" encoding="utf-8"?>
<eCitation>
<meta type="rr"/><uId id="CXR{number}"/><pmcId id="{number}"/><docSource>CXR</docSource>
<IUXRId id="{number}"/><licenseType>open-access</licenseType>
<MedlineCitation Owner="Indiana University" Status="supplied by publisher"><Article PubModel="Electronic"><Abstract>
<AbstractText Label="COMPARISON">None.</AbstractText>
<AbstractText Label="INDICATION">Positive TB test</AbstractText>
<AbstractText Label="FINDINGS">{findings}</AbstractText>
<AbstractText Label="IMPRESSION">{impression}</AbstractText>
</Abstract></Article></MedlineCitation>
<MeSH>{"".join(f"<major>{escape(major)}</major>" for major in majors)}<automatic>chest</automatic></MeSH>
{figures}</eCitation>
"""
