"""Reading a mail as it arrived: its text, and what its HTML holds."""

import re
from html.parser import HTMLParser

VOID = {"meta", "br", "link", "img", "input", "hr"}


class Page(HTMLParser):
    """What an HTML part holds. Raises AssertionError on a tag that closes none or stays open."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text: dict[str, str] = {}
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in self._open:
            self.text[tag] = self.text.get(tag, "") + data

    def values(self, wanted: str) -> list[str]:
        return [attributes[wanted] for _, attributes in self.elements if wanted in attributes]

    def style_of(self, name: str) -> str:
        """The inline style of the first element of that class."""
        return next(got["style"] for _, got in self.elements if got.get("class") == name)


class Arrived:
    """A mail in its parts."""

    def __init__(self, message) -> None:
        self.message = message
        self.subject = message["Subject"].strip()
        self.text, self.html = (
            message.get_body((kind,)).get_content().replace("\r\n", "\n")
            for kind in ("plain", "html")
        )
        self.page = Page(self.html)

    def dark_rules(self) -> dict[str, str]:
        """Selector and declarations of what holds in the dark."""
        block = self.html.partition("@media (prefers-color-scheme: dark) {")[2].partition(
            "</style>"
        )[0]
        rules = re.findall(r"([^{}]+)\{([^{}]+)\}", block)
        return {each.strip(): body for selectors, body in rules for each in selectors.split(",")}


def selectors_of(tag: str, attributes: dict[str, str]) -> set[str]:
    return {tag, *(f".{name}" for name in attributes.get("class", "").split())}
