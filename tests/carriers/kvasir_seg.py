"""Kvasir-SEG as published (Jha et al., MMM 2020; https://datasets.simula.no/kvasir-seg).

Quirks kept: masks are JPEG files of three channels whose values lie near 0 and 255, not on them; pictures of different
sizes; one picture with two polyps; ``kavsir_bboxes.json`` (the publisher's spelling) with the boxes of every polyp.
"""

import json
from pathlib import Path

import numpy as np

from carriers.pictures import boxes_mask, colour, write_picture

POLYPS = {  # height, width and boxes (x0, y0, x1, y1), edges inside the blocks of JPEG, where it blurs them
    "cju0qkwl35piu0993l0dewei2": (48, 64, ((11, 18, 42, 37),)),
    "cju0qoxqj9q6s0835b43399p4": (64, 80, ((0, 0, 13, 21), (43, 30, 74, 58))),
}


def write_kvasir_seg(root: Path) -> None:
    """Write the folder."""
    boxes: dict[str, object] = {}
    for seed, (name, (height, width, polyps)) in enumerate(POLYPS.items()):
        write_picture(root / "images" / f"{name}.jpg", colour(seed, height, width))
        mask = np.repeat(boxes_mask(polyps, height, width)[:, :, None], 3, axis=2)
        write_picture(root / "masks" / f"{name}.jpg", mask, quality=75)
        boxes[name] = {
            "height": height,
            "width": width,
            "bbox": [
                {"label": "polyp", "xmin": x0, "ymin": y0, "xmax": x1 - 1, "ymax": y1 - 1} for x0, y0, x1, y1 in polyps
            ],
        }
    (root / "kavsir_bboxes.json").write_text(json.dumps(boxes))
