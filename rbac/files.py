"""Roles as YAML, the format that `exportroles` writes and `syncroles` reads: text, no database."""

import dataclasses
import re
from collections.abc import Collection, Iterable
from typing import Any

import yaml

from rbac.definition import SETS, Definition
from rbac.strict_yaml import Unreadable, compose

FIELDS = tuple(field.name for field in dataclasses.fields(Definition))
TEXT, WHOLE, TRUTH = (f"tag:yaml.org,2002:{name}" for name in ("str", "int", "bool"))
NO_WHOLE = re.compile(r"(?!-?(0|[1-9][0-9]{0,8})\Z)")  # YAML would take 010 for 8 and 1:30 for 90
LONGEST_SLUG = 50
ODD_BREAKS = re.compile(r"[\r\x85\u2028\u2029]")
BaseDumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    """`role` and `field` are empty where it is about neither."""

    text: str
    role: str = ""
    field: str = ""
    line: int | None = None

    def __str__(self) -> str:
        place = f"line {self.line}" if self.line else ""
        parts = (place, slug_shown(self.role), self.field, self.text)
        return ": ".join(part for part in parts if part)


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """What a file says of one role. What it leaves out is not in `fields`."""

    slug: str
    fields: dict[str, Any]
    lines: dict[tuple[str, str], int]

    def line(self, field: str, item: str = "") -> int:
        """Where the field stands, or one item of it; else where the role begins."""
        places = ((field, item), (field, ""), ("", ""))
        return next(self.lines[place] for place in places if place in self.lines)

    def is_unreadable(self, field: str) -> bool:
        return (field, "") in self.lines and field not in self.fields


@dataclasses.dataclass(frozen=True, slots=True)
class RoleFile:
    """`entries`, by slug, are what could be read in spite of `problems`."""

    entries: dict[str, Entry]
    problems: list[Problem]


def parse(data: bytes) -> RoleFile:
    """Every problem that shows without a look at the database is in the answer."""
    parser = _Parser()
    try:
        parser.document(compose(data))
    except Unreadable as error:
        parser.problems.append(Problem(str(error), line=error.line))
    return RoleFile(parser.entries, parser.problems)


def render(roles: Iterable[Definition]) -> str:
    """The highest rank first, all fields of each: what a file leaves out would stay as it is."""
    rows = [_row(role) for role in sorted(roles, key=lambda role: (-role.rank, role.slug))]
    dumped: str = yaml.dump(
        {"roles": rows}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000
    )
    return dumped


def shown(text: str) -> str:
    """What a file says, on one line and not too long."""
    return repr(text if len(text) <= 80 else f"{text[:79]}…")


def slug_shown(text: str) -> str:
    """As it stands there, unless a terminal would obey it."""
    return text if text.isprintable() and len(text) <= LONGEST_SLUG else shown(text)


class _Parser:
    """Walks a document and notes what is wrong with it, so that all of it is told at once."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.problems: list[Problem] = []
        self._role = self._field = ""

    def document(self, node: yaml.Node | None) -> None:
        if node is None:
            self.problems.append(Problem("The file is empty: it needs `roles:` and a list."))
            return
        found = self._mapping(node, ["roles"])
        if "roles" in found:
            self._field = "roles"
            for each in self._sequence(found["roles"]):
                self._entry(each)
        elif not self.problems:
            self._wrong(node, "`roles:` and a list are missing.")

    def _entry(self, node: yaml.Node) -> None:
        self._role, self._field = _slug_of(node), ""
        found = self._mapping(node, FIELDS)
        lines = {("", ""): _line(node)}
        fields: dict[str, Any] = {}
        for name, value in found.items():
            self._field, lines[name, ""] = name, _line(value)
            if name in SETS:
                fields[name] = self._names(value, lines)
            elif (read := self._scalar(value)) is not None:
                fields[name] = read
        self._field = "slug"
        if "slug" in fields:
            entry = Entry(fields["slug"], fields, lines)
            if (same := self.entries.setdefault(entry.slug, entry)) is not entry:
                self._wrong(found["slug"], f"The role on line {same.line('')} has the same.")
        elif isinstance(node, yaml.MappingNode) and "slug" not in found:
            self._wrong(node, "This role has none.")

    def _names(self, node: yaml.Node, lines: dict[tuple[str, str], int]) -> frozenset[str]:
        names: set[str] = set()
        for each in self._sequence(node):
            name = self._text(each)
            if name in names:
                self._wrong(each, f"{shown(name)} stands here twice.")
            elif name is not None:
                names.add(name)
                lines[self._field, name] = _line(each)
        return frozenset(names)

    def _scalar(self, node: yaml.Node) -> str | int | bool | None:
        """None for what was wrong."""
        if self._field == "rank":
            if _is(node, WHOLE) and not NO_WHOLE.match(node.value):
                return int(node.value)
            self._wrong(node, "This must be a whole number, without quotes.")
        elif self._field == "mfa_required":
            if _is(node, TRUTH) and node.value.lower() in {"true", "false"}:
                return str(node.value).lower() == "true"
            self._wrong(node, "This must be true or false, without quotes.")
        else:
            return self._text(node)
        return None

    def _text(self, node: yaml.Node) -> str | None:
        if not isinstance(node, yaml.ScalarNode):
            self._wrong(node, "This must be text.")
        elif node.tag != TEXT:
            self._wrong(node, "This must be text: put it in quotes.")
        elif not _is_storable(node.value):
            self._wrong(node, "No database stores such characters.")
        else:
            return str(node.value)
        return None

    def _sequence(self, node: yaml.Node) -> list[yaml.Node]:
        if isinstance(node, yaml.SequenceNode):
            return list(node.value)
        self._wrong(node, "This must be a list; an empty one is [].")
        return []

    def _mapping(self, node: yaml.Node, known: Collection[str]) -> dict[str, yaml.Node]:
        if not isinstance(node, yaml.MappingNode):
            self._wrong(node, f"This must be a mapping of {', '.join(known)}.")
            return {}
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if not _is(key, TEXT) or key.value not in known:
                name = shown(key.value) if isinstance(key, yaml.ScalarNode) else "that is no text"
                self._wrong(key, f"There is no key {name}, only {', '.join(known)}.")
            elif key.value in found:
                self._wrong(key, f"The key {key.value} stands here twice.")
            else:
                found[key.value] = value
        return found

    def _wrong(self, node: yaml.Node, text: str) -> None:
        self.problems.append(Problem(text, self._role, self._field, _line(node)))


def _slug_of(node: yaml.Node) -> str:
    """For messages about what stands above it, too."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    slugs = (value.value for key, value in pairs if _is(key, TEXT) and key.value == "slug")
    slug = next(slugs, "")
    return slug[:LONGEST_SLUG] if isinstance(slug, str) and slug.isprintable() else ""


def _is(node: yaml.Node, tag: str) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == tag


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _is_storable(text: str) -> bool:
    return not re.search("[\x00\ud800-\udfff]", text)


def _row(role: Definition) -> dict[str, Any]:
    row = {name: getattr(role, name) for name in FIELDS}
    return {name: sorted(value) if name in SETS else value for name, value in row.items()}


class _Dumper(BaseDumper):  # type: ignore[misc]
    """Text of several lines stands there as such, where no line end would change on the way."""


def _represent(dumper: Any, text: str) -> Any:
    style = '"' if ODD_BREAKS.search(text) else "|" if "\n" in text else None
    return dumper.represent_scalar(TEXT, text, style=style)


_Dumper.add_representer(str, _represent)
