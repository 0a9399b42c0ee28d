"""The permissions of a role, own and inherited apart: found by search, a page at a time."""

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.admin.widgets import AdminTextInputWidget
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from accounts.admin.actions import FlowFormAdmin, signed_in
from accounts.admin.forms import ReasonForm
from accounts.admin.reach import Reach
from accounts.admin.step_up import SensitiveAdmin, demand_proof, proof_url, proven
from portcullis.client import Client
from portcullis.errors import AuthError, FieldErrors
from rbac.authority import nobody_else_changes_roles
from rbac.codes import coded
from rbac.definition import Definition
from rbac.flows import change_role
from rbac.models import Role
from rbac.registry import danger_of

A_PAGE = 200
"""Each row sends two fields at most, and Django takes 1,000."""


def by_model() -> QuerySet[Any]:
    """All of them, in the order that people look for them."""
    return coded().order_by("content_type__app_label", "content_type__model", "codename", "pk")


def matching(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    return rows.filter(Q(code__icontains=text) | Q(name__icontains=text)) if text else rows


class FilterForm(forms.Form):
    q = forms.CharField(
        required=False,
        max_length=100,
        label="Search",
        widget=AdminTextInputWidget(attrs={"type": "search"}),
    )
    app = forms.ChoiceField(required=False, label="App")

    def __init__(self, data: Any, counts: "list[AppCount]") -> None:
        super().__init__(data, label_suffix="")
        app: Any = self.fields["app"]
        app.choices = [("", "All apps"), *((each.app, str(each)) for each in counts)]

    def rows(self) -> QuerySet[Any]:
        """What is wrong in a filter filters nothing."""
        self.is_valid()
        found = matching(by_model(), self.cleaned_data.get("q", ""))
        app = self.cleaned_data.get("app")
        return found.filter(content_type__app_label=app) if app else found


class MatrixForm(ReasonForm):
    """`was` is what the page showed as the role's own, `own` what is wanted of it: whatever is in
    neither of them, on another page or changed by somebody else, stays as it is."""

    was = forms.ModelMultipleChoiceField(Permission.objects.none(), required=False)
    own = forms.ModelMultipleChoiceField(Permission.objects.none(), required=False)

    def __init__(self, data: Any) -> None:
        super().__init__(data, label_suffix="")
        for name in ("was", "own"):
            field: Any = self.fields[name]
            field.queryset = by_model()

    def difference(self) -> tuple[set[str], set[str]]:
        """The codes that were checked, and those that were unchecked."""
        was, own = ({row.code for row in self.cleaned_data[name]} for name in ("was", "own"))
        # Two models of an app may share a code: it goes where one of its rows is unchecked.
        before, after = set(self.cleaned_data["was"]), set(self.cleaned_data["own"])
        return own - was, {row.code for row in before - after}


@dataclasses.dataclass(frozen=True, slots=True)
class AppCount:
    app: str
    own: int
    inherited: int
    all: int

    def __str__(self) -> str:
        return f"{self.app}: {self.own} own, {self.inherited} inherited, {self.all} in all"


@dataclasses.dataclass(frozen=True, slots=True)
class Cell:
    """A row of the matrix."""

    permission: Any
    was: bool
    """Whether the page showed it as the role's own when it was loaded, and open to them."""
    checked: bool
    inherited_from: list[str]
    may: bool
    """Whether the member of staff has it themselves, and so may give it."""

    @property
    def danger(self) -> str:
        return str(danger_of(self.permission.code) or "not declared")


class MatrixMixin(SensitiveAdmin, FlowFormAdmin):
    """For the admin of roles: `<id>/permissions/`."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.permissions_view)
        name = "rbac_role_permissions"
        return [path("<int:pk>/permissions/", view, name=name), *super().get_urls()]

    def permissions_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        role = self.get_object(request, str(pk))
        if not self.has_view_or_change_permission(request, role):
            raise PermissionDenied("rbac.view_role")
        if role is None:
            raise Http404
        if request.method != "POST":
            return self._show(request, role, None)
        if not self.may_change(request, role):
            raise PermissionDenied("rbac.change_role, or out of reach")
        if not proven(request):
            return demand_proof(request)
        return self._save(request, role)

    def _save(self, request: HttpRequest, role: Any) -> HttpResponse:
        form = MatrixForm(request.POST)
        if not form.is_valid():
            return self._show(request, role, form)
        try:
            given, taken = self._write(request, role, form)
        except AuthError as error:
            text = self.refused(request, error)
            form.add_error("reason" if _about_reason(error) else None, text)
            return self._show(request, role, form)
        except Role.DoesNotExist as error:
            raise Http404 from error
        if given or taken:
            done = f"{role}: {len(given)} given, {len(taken)} taken."
            self.message_user(request, done, messages.SUCCESS)
        else:
            self.message_user(request, "There was nothing to do.", messages.WARNING)
        return redirect(request.get_full_path())

    def _write(self, request: HttpRequest, role: Any, form: Any) -> tuple[set[str], set[str]]:
        """What of the difference was still to do: somebody else may have done the same."""
        checked, unchecked = form.difference()
        reason = form.cleaned_data["reason"]
        with nobody_else_changes_roles():
            before = Definition.of(Role.objects.get(pk=role.pk)).permissions
            given, taken = checked - before, unchecked & before
            if given or taken:
                change_role(
                    role.slug,
                    changes={"permissions": (before - taken) | given},
                    by=signed_in(request),
                    reason=reason,
                    client=Client.of(request),
                )
                self.log_change(request, role, _told(given, taken, reason))
        return given, taken

    def _show(self, request: HttpRequest, role: Any, form: Any) -> HttpResponse:
        reach = Reach.of(request)
        above = reach.above(role.pk)
        filters = FilterForm(request.GET, _counts(role.pk, above))
        page = Paginator(filters.rows(), A_PAGE).get_page(request.GET.get("page"))
        cells = list(_cells(role.pk, above, page.object_list, reach, form))
        editable = self.has_change_permission(request, role)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Permissions of {role}",
            "subtitle": None,
            "opts": self.opts,
            "original": role,
            "filters": filters,
            "query": _query(filters),
            "page": page,
            "pages": page.paginator.get_elided_page_range(page.number),
            "groups": _grouped(cells),
            "was": [cell.permission.pk for cell in cells if cell.was],
            "editable": editable,
            "form": form or MatrixForm(None),
            "proof": proof_url(request) if self.may_change(request, role) and not editable else "",
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "accounts/admin/permissions.html", context)


def _told(added: set[str], removed: set[str], reason: str) -> str:
    given = f"Given: {', '.join(sorted(added))}. " if added else ""
    taken = f"Taken: {', '.join(sorted(removed))}. " if removed else ""
    return f"{given}{taken}{reason}"


def _about_reason(error: AuthError) -> bool:
    return isinstance(error, FieldErrors) and set(error.errors) == {"reason"}


def _query(filters: FilterForm) -> str:
    """What the links to other pages carry on."""
    return urlencode({name: value for name, value in filters.cleaned_data.items() if value})


def _held(roles: Iterable[int]) -> Any:
    """Which of these roles holds which permission."""
    return Role.permissions.through._default_manager.filter(role_id__in=set(roles))


def _counts(role: int, above: set[int]) -> list[AppCount]:
    """By app. One statement for each kind."""
    label = "permission__content_type__app_label"
    own, inherited = (_by_app(_held(roles), label, "permission") for roles in ({role}, above))
    every = _by_app(Permission.objects.all(), "content_type__app_label", "pk")
    return [AppCount(app, own[app], inherited[app], every[app]) for app in sorted(every)]


def _by_app(rows: Any, label: str, counted: str) -> Counter[str]:
    pairs = rows.order_by().values_list(label).annotate(count=Count(counted, distinct=True))
    return Counter(dict(pairs))


def _cells(role: int, above: set[int], rows: Any, reach: Reach, form: Any) -> Iterable[Cell]:
    rows = list(rows)
    holders: defaultdict[int, set[int]] = defaultdict(set)
    held = _held({role} | above).filter(permission_id__in=[row.pk for row in rows])
    for holder, permission in held.values_list("role_id", "permission_id"):
        holders[permission].add(holder)
    for row in rows:
        own, may = role in holders[row.pk], reach.standing.may(row.code)
        yield Cell(
            permission=row,
            was=may and (str(row.pk) in form.data.getlist("was") if form else own),
            checked=str(row.pk) in form.data.getlist("own") if form and may else own,
            inherited_from=sorted(reach.graph.slugs[each] for each in holders[row.pk] - {role}),
            may=may,
        )


def _grouped(cells: list[Cell]) -> dict[str, list[Cell]]:
    found: defaultdict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        kind = cell.permission.content_type
        found[f"{kind.app_label}: {kind.model}"].append(cell)
    return dict(found)
