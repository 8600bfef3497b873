"""The task phantom: held-out patients of the embedded source."""

from doctorsun.eval.tasks.task import Task

PHANTOM = Task(
    name="phantom",
    licence="Apache-2.0",
    citation="Drawn by doctorsun.data.phantom; docs/phantoms.md says what and why.",
    notes=("Drawn images: scores tell whether the system learns, not whether it helps a patient.",),
)
