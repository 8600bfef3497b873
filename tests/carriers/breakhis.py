"""BreakHis as published (Spanhol et al., IEEE TBME 63(7), 2016; https://web.inf.ufpr.br/vri/databases).

Names say it all: biopsy procedure, class (B, M), type (A, F, PT, TA, DC, LC, MC, PC), year, slide, magnification and
number: ``SOB_M_DC-14-2523-40-001.png``. Quirks kept: letters behind the slide (22549AB, 22549CD), one folder per
magnification.
"""

from pathlib import Path

from carriers.pictures import colour, write_picture

SLIDES = (
    ("benign", "adenosis", "B_A", "14-22549AB"),
    ("benign", "adenosis", "B_A", "14-22549CD"),
    ("benign", "phyllodes_tumor", "B_PT", "14-21998AB"),
    ("malignant", "ductal_carcinoma", "M_DC", "14-2523"),
    ("malignant", "papillary_carcinoma", "M_PC", "14-9146"),
)
MAGNIFICATIONS = (40, 400)


def write_breakhis(root: Path) -> None:
    """Write ``histology_slides`` with an image of every slide at two magnifications."""
    for seed, (group, label, code, slide) in enumerate(SLIDES):
        for magnification in MAGNIFICATIONS:
            folder = root / "histology_slides" / "breast" / group / "SOB" / label / f"SOB_{code}_{slide}"
            name = f"SOB_{code}-{slide}-{magnification}-001.png"
            write_picture(folder / f"{magnification}X" / name, colour(seed + magnification, 23, 35))
