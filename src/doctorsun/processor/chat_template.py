"""Conversations to text, by the Jinja template that the tokenizer's folder carries."""

from collections.abc import Sequence
from functools import cached_property
from importlib.resources import files
from typing import Any

from doctorsun.errors import WeightsError
from doctorsun.schema import Message

TEMPLATES = files("doctorsun.processor") / "chat_templates"
DEFAULT_TEMPLATE = (TEMPLATES / "llama3.jinja").read_text(encoding="utf-8")


def as_openai(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Return messages in the shape that chat templates read."""
    return [
        {
            "role": message.role,
            "content": [
                {"type": "text", "text": part.text} if part.type == "text" else {"type": "image"}
                for part in message.content
            ],
        }
        for message in messages
    ]


class ChatTemplate:
    """A compiled chat template; rendering a longer conversation only ever appends to a shorter one's text."""

    def __init__(self, source: str = DEFAULT_TEMPLATE, *, bos_token: str = "", eos_token: str = "") -> None:
        self.source = source
        self.bos_token = bos_token
        self.eos_token = eos_token

    @cached_property
    def _compiled(self) -> Any:
        from jinja2.exceptions import TemplateError
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        def fail(message: str) -> None:
            raise TemplateError(message)

        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
        # The name under which transformers lets a template refuse a conversation.
        return environment.from_string(self.source, globals={"raise_exception": fail})

    def render(self, messages: Sequence[Message], *, add_generation_prompt: bool = False) -> str:
        """Return the text of a conversation; images stand as ``<image>``.

        Raises:
            WeightsError: the template refuses the conversation.
        """
        from jinja2.exceptions import TemplateError

        try:
            return self._compiled.render(
                messages=as_openai(messages),
                add_generation_prompt=add_generation_prompt,
                bos_token=self.bos_token,
                eos_token=self.eos_token,
            )
        except TemplateError as error:
            roles = ", ".join(message.role for message in messages)
            raise WeightsError(
                "the chat template refuses the conversation",
                got=f"{error} for the roles {roles}",
                expected="turns that alternate between user and assistant",
                do="mend the sample, or the chat_template.jinja beside the weights",
            ) from error
