"""YAML from anywhere, as nodes that know their lines: no objects, no aliases, bounded in size."""

from typing import Any

import yaml

LARGEST = 16 * 1024 * 1024
MOST_VALUES = 500_000
DEEPEST = 8

# libyaml is ten times as fast; where PyYAML was built without it, its own loader reads the same.
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Unreadable(Exception):
    """What it says is for whoever wrote the file."""

    def __init__(self, said: str, line: int | None = None) -> None:
        super().__init__(said)
        self.line = line


def compose(data: bytes) -> yaml.Node | None:
    """The one document in it; None if it is empty. Raises Unreadable."""
    text = _decoded(data)
    try:
        _check_events(text)
        return yaml.compose(text, Loader=Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line if mark else 0
        tabs = any("\t" in each for each in text.splitlines()[line : line + 1])
        hint = "; indent by spaces, not by tabs" * tabs
        said = f"This is no YAML: {error.problem or error.context}{hint}."
        raise Unreadable(said, line + 1) from error
    except yaml.YAMLError as error:
        raise Unreadable("This is no YAML.") from error


def _decoded(data: bytes) -> str:
    if len(data) > LARGEST:
        raise Unreadable(f"The file is larger than {LARGEST // 1024**2} MiB.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Unreadable("This is not UTF-8.", line) from error
    if odd := yaml.reader.Reader.NON_PRINTABLE.search(text):
        line = text.count("\n", 0, odd.start()) + 1
        raise Unreadable(f"YAML does not allow the character {odd.group()!r}.", line)
    return text


def _check_events(text: str) -> None:
    """Aliases would multiply what stands there, and nesting overflow the stack of libyaml."""
    depth = 0
    events: Any = yaml.parse(text, Loader=Loader)
    for count, event in enumerate(events):
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise Unreadable("Anchors and aliases are not read here.", line)
        if getattr(event, "tag", None):
            raise Unreadable("Tags are not read here.", line)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise Unreadable("This is nested too deeply.", line)
        if count > MOST_VALUES:
            raise Unreadable(f"The file holds more than {MOST_VALUES:,} values.", line)
