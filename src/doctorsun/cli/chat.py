"""The command that talks with a model in the terminal: chat."""

import io
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Annotated, Protocol

import typer

from doctorsun.cli.printing import print_json
from doctorsun.cli.session import AsJson, Language, Session
from doctorsun.cli.words import say, say_error
from doctorsun.errors import DoctorSunError

Read = Callable[[str], str]
Write = Callable[[str], None]


class Conversation(Protocol):
    """A model with the memory of what was said."""

    def ask(self, text: str, image: Path | None = None) -> Iterator[str]:
        """Yield the answer piece by piece; an image stays part of the conversation."""
        ...

    def reset(self) -> None:
        """Forget what was said and shown."""
        ...


def chat(
    context: typer.Context,
    model: Annotated[str, typer.Argument(metavar="RUN|WEIGHTS|URL", help="A run, a folder of weights, or a server.")],
    image: Annotated[Path | None, typer.Option(metavar="FILE", help="An image to ask about.")] = None,
    prompt: Annotated[str | None, typer.Option(metavar="TEXT", help="Ask this alone and leave.")] = None,
    max_tokens: Annotated[int, typer.Option(min=1, metavar="N", help="Longest answer in tokens.")] = 256,
    *,
    as_json: AsJson = False,
) -> None:
    """Talk with a model about images.

    Research use only.
    """
    if as_json and prompt is None:
        raise typer.BadParameter("--json needs --prompt")
    from doctorsun.recipes.chat import open_chat

    session: Session = context.obj
    with open_chat(model, max_tokens=max_tokens) as conversation:
        if prompt is None:
            Dialogue(conversation, session.language, write=_write, image=image).run(_reader())
        elif as_json:
            print_json({"prompt": prompt, "answer": "".join(conversation.ask(prompt, image))})
        else:
            for piece in conversation.ask(prompt, image):
                _write(piece)
            _write("\n")


class Dialogue:
    """A conversation in the terminal: questions, commands and streamed answers.

    Args:
        conversation: the model.
        language: of the messages around the conversation.
        write: prints a piece of text at once.
        image: shown with the first question.
    """

    def __init__(
        self, conversation: Conversation, language: Language, *, write: Write, image: Path | None = None
    ) -> None:
        self.conversation = conversation
        self.language: Language = language
        self.write = write
        self.image = image

    def run(self, read: Read) -> None:
        """Talk until ``/quit``, ``/exit`` or the end of input."""
        self.say("chat_hint")
        while True:
            try:
                line = read(say("chat_you", self.language)).strip()
            except EOFError:
                self.write("\n")
                return
            except KeyboardInterrupt:
                self.write("\n")
                self.say("chat_hint")
                continue
            if line in ("/quit", "/exit"):
                return
            if line.startswith("/"):
                self.obey(line)
            elif line:
                self.answer(line)

    def obey(self, line: str) -> None:
        """Carry out a command."""
        command, _, argument = line.partition(" ")
        name = argument.strip().strip("'\"")
        if command == "/new":
            self.conversation.reset()
            self.image = None
            self.say("chat_new")
        elif command == "/image":
            path = Path(name).expanduser()
            found = path.is_file()
            self.image = path if found else self.image
            self.say("chat_image" if found else "chat_no_image", name=name)
        elif command == "/help":
            self.say("chat_hint")
        else:
            self.say("chat_unknown", name=command)

    def answer(self, question: str) -> None:
        """Print the answer as it comes; Ctrl-C ends it, an error is printed and the conversation goes on."""
        image, self.image = self.image, None
        self.write(say("chat_model", self.language))
        try:
            for piece in self.conversation.ask(question, image):
                self.write(piece)
        except KeyboardInterrupt:
            self.write(f" {say('chat_stopped', self.language)}")
        except DoctorSunError as error:
            self.write(say_error(error, self.language))
        self.write("\n")

    def say(self, key: str, **values: str) -> None:
        """Print a message of ours on its own line."""
        self.write(f"{say(key, self.language, **values)}\n")


def printable(text: Iterable[str]) -> str:
    """Leave out control characters, which must not steer the terminal, and half characters, which it cannot show."""
    return "".join(char for char in text if char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cf", "Cs"})


def _write(text: str) -> None:
    typer.echo(printable(text), nl=False)


def _reader() -> Read:
    """Return a line reader, with history and editing where the system has them; it reads any bytes."""
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="surrogateescape")
    with suppress(ImportError):
        import_module("readline")  # input() uses it once it is loaded
    return input
