"""BUSI as published (Al-Dhabyani et al., Data in Brief 28:104863, 2020).

Quirks kept: names with spaces and brackets; masks beside the pictures, ``_mask_1`` for a second lesion; the masks of
normal pictures are empty; some masks are grey, some have three channels; pictures are colour files.
"""

from pathlib import Path

import numpy as np

from carriers.pictures import boxes_mask, colour, write_picture

LESIONS = {
    "benign/benign (1)": ((4, 4, 14, 12),),
    "benign/benign (100)": ((2, 3, 8, 9), (18, 10, 28, 20)),
    "malignant/malignant (1)": ((10, 8, 26, 20),),
    "normal/normal (1)": (),
}


def write_busi(root: Path) -> None:
    """Write the three folders."""
    for seed, (name, lesions) in enumerate(LESIONS.items()):
        write_picture(root / f"{name}.png", colour(seed))
        for number, boxes in enumerate([[box] for box in lesions] or [[]]):
            mask = boxes_mask(boxes)
            if seed % 2:
                mask = np.repeat(mask[:, :, None], 3, axis=2)
            write_picture(root / f"{name}_mask{f'_{number}' if number else ''}.png", mask)
