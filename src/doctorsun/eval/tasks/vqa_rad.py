"""The task vqa_rad: clinicians' questions about radiographs, CT and MR images (English)."""

from doctorsun.eval.tasks.task import Task

VQA_RAD = Task(
    name="vqa_rad",
    licence="CC0-1.0",
    citation="Lau et al. A dataset of clinically generated visual questions and answers about radiology images. "
    "Scientific Data 5:180251 (2018).",
    url="https://osf.io/89kps/",
    expected_rows=451,
    notes=(
        "All 203 test images also occur in the published training set: scores tell nothing about unseen images.",
        "86 of the 451 test questions occur word for word in training, 14 with the same image and answer.",
        "272 closed (251 yes or no, 21 others) and 179 open questions.",
    ),
)
