"""A browser page under watch: what it breaks of its policy, asks of other places or throws is kept."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Page, expect

expect.set_options(timeout=15_000)  # a busy machine is no fault of the page

_POLICY = re.compile(r"Content Security Policy|TrustedHTML|TrustedScript|Refused to", re.IGNORECASE)


@dataclass(slots=True)
class Watched:
    """A page of one server, in a browser context of its own.

    Attributes:
        violations: what the page's policy forbade.
        outside: addresses of other servers that were asked.
        faults: errors that nothing caught.
    """

    page: Page
    url: str
    violations: list[str] = field(default_factory=list[str])
    outside: list[str] = field(default_factory=list[str])
    faults: list[str] = field(default_factory=list[str])

    def open(self) -> Page:
        """Go to the page and wait until it knows its model."""
        self.page.goto(self.url)
        expect(self.page.locator("#model b")).not_to_be_empty()
        return self.page

    def watch(self) -> None:
        """Begin to watch."""
        self.page.on("console", lambda message: self._hear(message.text))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", lambda request: self._see(request.url))

    def _hear(self, text: str) -> None:
        if _POLICY.search(text):
            self.violations.append(text)

    def _see(self, url: str) -> None:
        if not url.startswith((self.url, "blob:", "data:")):
            self.outside.append(url)


@contextmanager
def watched_page(browser: Browser, url: str, **options: Any) -> Iterator[Watched]:
    """Open a context with Playwright's options and require at its end that nothing was broken."""
    with browser.new_context(**{"locale": "en-US", "viewport": {"width": 1280, "height": 800}, **options}) as context:
        context.set_default_timeout(15_000)
        watched = Watched(context.new_page(), url)
        watched.watch()
        yield watched
    assert (watched.violations, watched.outside, watched.faults) == ([], [], [])


def open_files(page: Page, *files: dict[str, Any]) -> None:
    """Choose files and wait until their picture and what the model sees of it are shown."""
    page.locator("#files").set_input_files(files)
    expect(page.locator("#picture")).to_be_visible()
    expect(page.locator("#upload")).to_be_hidden()
    expect(page.locator("#model-size")).not_to_be_empty()


def ask(page: Page, text: str) -> None:
    """Write a question and send it."""
    page.get_by_label("Your question").fill(text)
    page.keyboard.press("Control+Enter")


def last_answer(page: Page) -> str:
    """Wait for the last answer to end and return its text."""
    expect(page.locator(".answer").last).to_have_attribute("aria-busy", "false")
    return page.locator(".answer .said").last.text_content() or ""
