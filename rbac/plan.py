"""What a file of roles would change here, in an order in which it can be done."""

import dataclasses
from collections.abc import Collection, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from django.db.models import Count

from rbac.codes import codes_of, permissions
from rbac.definition import Definition, Problems, check_columns
from rbac.files import Entry, Problem, RoleFile, shown, slug_shown
from rbac.models import Role, RoleAssignment
from rbac.system import AS_MADE

Roles = Mapping[str, Definition]
Entries = Mapping[str, Entry]


class BadFile(Exception):
    """The file asks for what cannot be: all that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(*problems)
        self.problems = sorted(problems, key=lambda each: each.line or 0)


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """Without `before` a role is created, without `after` deleted."""

    slug: str
    before: Definition | None
    after: Definition | None


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """`holders`: how many people hold a role that would be deleted, now or from a later day on."""

    changes: list[Change]
    unchanged: int
    holders: Mapping[str, int]


def plan(file: RoleFile, *, prune: bool = False) -> Plan:
    """With `prune`, roles that the file does not name are deleted, but for system roles.

    Raises BadFile.
    """
    before = definitions()
    named = {slug: _wanted(entry, before) for slug, entry in file.entries.items()}
    kept = {slug: role for slug, role in before.items() if not prune or slug in AS_MADE} | named
    problems = [*file.problems, *_problems(file.entries, kept, before)]
    order: list[str] = []
    try:
        order = _parents_first(kept)
    except CycleError as error:
        problems.append(_cycle(error.args[1], file.entries))
    if problems:
        raise BadFile(problems)
    changes = [Change(slug, before.get(slug), kept[slug]) for slug in order]
    changes = [each for each in changes if each.before != each.after]
    deleted = sorted(before.keys() - kept.keys())
    return Plan(
        changes=[*changes, *(Change(slug, before[slug], None) for slug in deleted)],
        unchanged=len(kept) - len(changes),
        holders=_holders(deleted),
    )


def definitions() -> dict[str, Definition]:
    """Every role by slug, as it is."""
    return {role.slug: Definition.of(role) for role in Role.objects.all()}


def _wanted(entry: Entry, before: Roles) -> Definition:
    role = before.get(entry.slug) or Definition(slug=entry.slug, name="")
    return role.replace(entry.fields)


def _parents_first(roles: Roles) -> list[str]:
    """Once a role's turn comes, all that it will inherit from is as it will be: so no cycle can
    arise on the way, though the hierarchy be turned around."""
    graph = {slug: sorted(role.parents & roles.keys()) for slug, role in sorted(roles.items())}
    return list(TopologicalSorter(graph).static_order())


def _cycle(slugs: list[str], entries: Entries) -> Problem:
    """`slugs` are a circle, each the parent of the next."""
    circle = slugs[:0:-1]
    saying = (slug for slug, each in entries.items() if slug in circle and "parents" in each.fields)
    child = next(saying, circle[0])
    at = circle.index(child)
    circle = [*circle[at:], *circle[:at], child]
    line = entries[child].line("parents", circle[1]) if child in entries else None
    way = " inherits from ".join(map(slug_shown, circle))
    return Problem(f"This is a cycle: {way}.", child, "parents", line)


def _problems(entries: Entries, kept: Roles, before: Roles) -> Iterator[Problem]:
    known = codes_of(permissions())
    for each in entries.values():
        yield from _of_columns(each, kept[each.slug])
        for code in sorted(each.fields.get("permissions", frozenset()) - known):
            line = each.line("permissions", code)
            yield Problem(f"There is no permission {shown(code)}.", each.slug, "permissions", line)
    for slug, role in kept.items():
        for parent in sorted(role.parents - kept.keys()):
            entry = entries.get(slug)
            at = entry.line("parents", parent) if entry else None
            said = "--prune would delete" if parent in before else "There is no role"
            yield Problem(f"{said} {shown(parent)}.", slug, "parents", at)


def _of_columns(entry: Entry, role: Definition) -> Iterator[Problem]:
    problems = Problems()
    check_columns(role, problems)
    for field, found in problems.found.items():
        if not entry.is_unreadable(field):
            yield from (Problem(text, entry.slug, field, entry.line(field)) for _, text in found)


def _holders(slugs: Collection[str]) -> dict[str, int]:
    lasting = RoleAssignment.objects.unexpired().filter(role__slug__in=slugs)
    held = lasting.order_by().values_list("role__slug")
    return dict(held.annotate(Count("pk")))
