"""The engine behind the page, told in words what to answer."""

from doctorsun.processor.processor import Processor
from serve_fakes import ScriptedEngine


class Speaker:
    """A scripted engine that is told texts."""

    def __init__(self, engine: ScriptedEngine, processor: Processor) -> None:
        self.engine = engine
        self._processor = processor
        self.reset()

    def reset(self) -> None:
        """Behave as at the start again."""
        self.engine.reset()
        self.engine.max_length = 10**6
        self.engine.asked.clear()
        self.say("The left lung shows a nodule.")

    def say(self, text: str, *, for_ever: bool = False) -> None:
        """Give this answer from now on."""
        self.engine.answer = tuple(self._processor.tokenizer.encode(text, add_special_tokens=False).ids)
        self.engine.end_id = None if for_ever else self._processor.stop_ids[0]

    def heard(self) -> str:
        """Return the last prompt."""
        return self._processor.decode(list(self.engine.asked[-1].prompt_ids))

    def num_images(self) -> int:
        """Return how many images came with the last question."""
        return len(self.engine.asked[-1].pixels)
