"""The task own: questions that the user holds out of a store of their own."""

from doctorsun.eval.tasks.task import Task

OWN = Task(
    name="own",
    licence="",
    citation="Questions that were held out of the user's own data.",
    notes=("Scores tell as much as the split does: no patient of the test may be in training.",),
)
