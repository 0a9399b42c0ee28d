"""What a role is, apart from who holds it: the shape that the API, the admin and YAML files share,
and what makes one nonsense."""

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import router

from portcullis.errors import FieldErrors
from rbac.codes import codes_of, rows_of
from rbac.graph import Graph
from rbac.models import Role
from rbac.system import SystemRole


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """`parents` are slugs, `permissions` are `app.codename`: the role's own, not inherited ones."""

    slug: str
    name: str
    description: str = ""
    rank: int = 1
    parents: frozenset[str] = frozenset()
    permissions: frozenset[str] = frozenset()
    mfa_required: bool = False

    @classmethod
    def of(cls, role: Role) -> "Definition":
        """As it is in the database."""
        using = router.db_for_write(Role)
        parents = role.parents.using(using).order_by()
        return cls(
            slug=role.slug,
            name=role.name,
            description=role.description,
            rank=role.rank,
            parents=frozenset(parents.values_list("slug", flat=True)),
            permissions=codes_of(role.permissions.using(using)),
            mfa_required=role.mfa_required,
        )

    def replace(self, changes: Mapping[str, Any]) -> "Definition":
        sets = {name: frozenset(changes[name]) for name in changes.keys() & SETS}
        return dataclasses.replace(self, **{**changes, **sets})

    def differing(self, other: "Definition") -> list[str]:
        """The names of the fields in which the two differ."""
        names = [field.name for field in dataclasses.fields(self)]
        return [name for name in names if getattr(self, name) != getattr(other, name)]

    def beyond(self, other: "Definition") -> "Definition":
        """With only what the other does not give."""
        return dataclasses.replace(
            self,
            permissions=self.permissions - other.permissions,
            parents=self.parents - other.parents,
        )

    def gives_more(self, other: "Definition") -> bool:
        """Whether whoever holds it would have something that the other does not give."""
        return bool(
            self.permissions - other.permissions
            or self.parents - other.parents
            or self.rank > other.rank
        )


SETS = frozenset({"parents", "permissions"})


class Problems:
    """What is wrong with a request, by field, raised all at once."""

    def __init__(self) -> None:
        self._found: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)

    def add(self, field: str, code: str, text: str) -> None:
        self._found[field].append((code, text))

    def check(self, column: Any, value: Any) -> None:
        """What the column itself has against the value."""
        self.ask(column.name, lambda: column.clean(value, None))

    def ask(self, field: str, check: Callable[[], object]) -> None:
        """What the check raises of ValidationError is wrong with the field."""
        try:
            check()
        except ValidationError as error:
            self.add(field, error.error_list[0].code or "invalid", " ".join(error.messages))

    @property
    def found(self) -> dict[str, list[tuple[str, str]]]:
        return dict(self._found)

    def raise_any(self) -> None:
        """Raises FieldErrors."""
        if self._found:
            raise FieldErrors(self.found)


def check_definition(wanted: Definition, graph: Graph, row: Role) -> None:
    """Raises FieldErrors: columns, names that nobody has or somebody has already, and cycles."""
    problems = Problems()
    check_columns(wanted, problems)
    pks = {slug: pk for pk, slug in graph.slugs.items()}
    if row.pk is None and wanted.slug in pks:
        problems.add("slug", "unique", "There is a role of that slug.")
    for slug in sorted(wanted.parents - pks.keys())[:20]:
        problems.add("parents", "does_not_exist", f"There is no role {slug[:50]!r}.")
    above = graph.closure(pks[slug] for slug in wanted.parents & pks.keys())
    if wanted.slug in wanted.parents or (row.pk and row.pk in above):
        problems.add("parents", "cycle", "A role cannot inherit from itself, through no others.")
    for code in sorted(wanted.permissions - rows_of(wanted.permissions).keys())[:20]:
        problems.add("permissions", "does_not_exist", f"There is no permission {code[:150]!r}.")
    problems.raise_any()


def check_columns(wanted: Definition, problems: Problems) -> None:
    """What can be said without a look at other roles; and what `user` cannot be."""
    for column in ("slug", "name", "description", "rank"):
        problems.check(Role._meta.get_field(column), getattr(wanted, column))
    if wanted.slug == SystemRole.USER and wanted.rank:
        problems.add("rank", "invalid", "Everybody holds this role: it ranks nobody.")
    if wanted.slug == SystemRole.USER and wanted.parents:
        problems.add("parents", "invalid", "Everybody holds this role: it inherits from none.")
