"""ChestX-ray14 as published (Wang et al., CVPR 2017; README_CHESTXRAY.pdf, https://nihcc.app.box.com/v/ChestXray-NIHCC).

Quirks kept: column names with commas inside brackets (``OriginalImage[Width,Height]``), which split into two columns;
a last column without a name; ``Bbox [x,y,w,h]`` followed by three columns without a name; ``Infiltrate`` in the box
list for ``Infiltration``; ``No Finding``; twelve folders ``images_001/images``; lists that name files with ``.png``;
boxes of images of the test list only.
"""

from pathlib import Path

from carriers.pictures import grey, write_picture

ENTRIES = """\
Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,\
OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y],
00000001_000.png,Cardiomegaly,0,1,58,M,PA,2682,2749,0.143,0.143,
00000001_001.png,Cardiomegaly|Emphysema,1,1,58,M,PA,2894,2729,0.143,0.143,
00000002_000.png,No Finding,0,2,81,M,AP,2500,2048,0.171,0.171,
00000003_000.png,Hernia|Pleural_Thickening,0,3,81,F,PA,2582,2991,0.143,0.143,
00000013_005.png,Infiltration|Mass,5,13,60,M,AP,3056,2544,0.139,0.139,
"""
BOXES = """\
Image Index,Finding Label,Bbox [x,y,w,h],,,
00000013_005.png,Infiltrate,4.5,6.25,10,8.5,,,
00000013_005.png,Mass,20,3,6,7,,,
"""
TRAIN_VAL = ("00000001_000.png", "00000001_001.png", "00000002_000.png")
TEST = ("00000003_000.png", "00000013_005.png")


def write_chestxray14(root: Path, entries: str = ENTRIES) -> None:
    """Write the folder; the pictures lie in two of the twelve folders."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "Data_Entry_2017.csv").write_text(entries)
    (root / "BBox_List_2017.csv").write_text(BOXES)
    (root / "train_val_list.txt").write_text("\n".join(TRAIN_VAL))
    (root / "test_list.txt").write_text("\n".join(TEST) + "\n")
    for seed, name in enumerate((*TRAIN_VAL, *TEST)):
        folder = "images_001" if seed < 3 else "images_012"
        write_picture(root / folder / "images" / name, grey(seed, 40, 40))
