"""Roles, permissions, who holds what, and why: parse, flow, deliver."""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import DataError
from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from portcullis.client import Client
from portcullis.errors import FieldErrors
from portcullis.paging import TextPages
from portcullis.parsing import parse, parse_query
from portcullis.permissions import HasPermission, IsSelf, RecentlyProven
from rbac.answers import (
    ExplainAnswer,
    HeldAnswer,
    PermissionAnswer,
    RoleAnswer,
    explain_answer,
    held_answer,
    held_answers,
    permission_answer,
    role_answers,
)
from rbac.api.serializers import (
    ChangeRoleBody,
    ExplainQuery,
    GrantBody,
    ReasonBody,
    ReplaceRoleBody,
    RoleBody,
)
from rbac.codes import coded
from rbac.definition import Definition
from rbac.explain import explain
from rbac.flows import change_role, create_role, delete_role, grant, withdraw
from rbac.models import Role
from tokens.endpoints import SignedInEndpoint

ASSIGN = HasPermission("rbac.assign_role")
SEE_ASSIGNMENTS = "rbac.view_roleassignment"


class RolePages(TextPages):
    ordering = ("slug",)


class PermissionPages(TextPages):
    ordering = ("code",)


class RolesEndpoint(SignedInEndpoint):
    """`needs`: the permission for each method that writes, which needs step-up too."""

    needs: Mapping[str, str] = {}

    def get_permissions(self) -> list[Any]:
        found = super().get_permissions()
        if self.request.method in {"GET", "HEAD", "OPTIONS"}:
            return [*found, HasPermission("rbac.view_role")]
        return [*found, HasPermission(self.needs[str(self.request.method)]), RecentlyProven()]


class RolesView(RolesEndpoint):
    needs = {"POST": "rbac.add_role"}

    @extend_schema(responses=RoleAnswer(many=True))
    def get(self, request: Request) -> Response:
        """Every role, by slug."""
        pages = RolePages()
        roles = Role.objects.prefetch_related("parents")
        found = pages.paginate_queryset(roles, request, view=self) or []
        return pages.get_paginated_response(role_answers(found))

    @extend_schema(request=RoleBody, responses={201: RoleAnswer})
    def post(self, request: Request) -> Response:
        """Make a role that ranks below the caller's and holds nothing that the caller lacks."""
        body = parse(RoleBody, request)
        asking = _asking(request, body)
        role = create_role(_definition(body), **asking)
        return Response(_answer(role.slug), status=201)


class RoleView(RolesEndpoint):
    needs = {
        "PUT": "rbac.change_role",
        "PATCH": "rbac.change_role",
        "DELETE": "rbac.delete_role",
    }

    @extend_schema(responses=RoleAnswer)
    def get(self, request: Request, slug: str) -> Response:
        """One role."""
        return Response(_answer(slug))

    @extend_schema(request=ReplaceRoleBody, responses=RoleAnswer)
    def put(self, request: Request, slug: str) -> Response:
        """Replace everything but its slug: what is not named becomes what a new role has."""
        return self._change(request, slug, parse(ReplaceRoleBody, request))

    @extend_schema(request=ChangeRoleBody, responses=RoleAnswer)
    def patch(self, request: Request, slug: str) -> Response:
        """Change what is named."""
        return self._change(request, slug, parse(ChangeRoleBody, request))

    @extend_schema(request=ReasonBody, responses={204: None})
    def delete(self, request: Request, slug: str) -> Response:
        """Delete a role, and take it from everybody. System roles stay."""
        asking = _asking(request, parse(ReasonBody, request))
        with _or_404():
            delete_role(slug, **asking)
        return Response(status=204)

    def _change(self, request: Request, slug: str, body: dict[str, Any]) -> Response:
        asking = _asking(request, body)
        with _or_404():
            change_role(slug, changes=body, **asking)
        return Response(_answer(slug))


class PermissionsView(RolesEndpoint):
    @extend_schema(responses=PermissionAnswer(many=True))
    def get(self, request: Request) -> Response:
        """Every permission there is, by its code."""
        pages = PermissionPages()
        found = pages.paginate_queryset(coded(), request, view=self) or []
        return pages.get_paginated_response([permission_answer(row) for row in found])


class ExplainView(RolesEndpoint):
    @extend_schema(parameters=[ExplainQuery], responses=ExplainAnswer)
    def get(self, request: Request) -> Response:
        """Why a user may do something, or may not."""
        query = parse_query(ExplainQuery, request)
        user = get_user_model()._default_manager.filter(pk=query["user"]).first()
        if user is None:
            raise FieldErrors({"user": [("does_not_exist", "There is no such account.")]})
        about = _object(query["object"], request.user) if "object" in query else None
        return Response(explain_answer(user, explain(user, query["permission"], about=about)))


class UserRolesView(SignedInEndpoint):
    """GET is for the user and for who may see assignments, POST for who may make them."""

    def get_permissions(self) -> list[Any]:
        if self.request.method == "POST":
            return [IsAuthenticated(), ASSIGN, RecentlyProven()]
        return [IsAuthenticated(), (IsSelf | HasPermission(SEE_ASSIGNMENTS))()]

    @extend_schema(responses=HeldAnswer(many=True))
    def get(self, request: Request, user_id: uuid.UUID) -> Response:
        """The roles of a user, the highest rank first."""
        whole = request.user.has_perm(SEE_ASSIGNMENTS)
        found = held_answers(_user(user_id), whole=whole)
        return Response({"next": None, "previous": None, "results": found})

    @extend_schema(request=GrantBody, responses={201: HeldAnswer})
    def post(self, request: Request, user_id: uuid.UUID) -> Response:
        """Give a user a role, or other terms for one. Nobody gives what they do not hold."""
        body = parse(GrantBody, request)
        assignment = grant(user=_user(user_id), **_asking(request, body), **body)
        return Response(held_answer(assignment, whole=True), status=201)


class UserRoleView(SignedInEndpoint):
    permission_classes = (IsAuthenticated, ASSIGN, RecentlyProven)

    @extend_schema(request=ReasonBody, responses={204: None})
    def delete(self, request: Request, user_id: uuid.UUID, slug: str) -> Response:
        """Take a role from a user; it is gone from their next request."""
        asking = _asking(request, parse(ReasonBody, request))
        if not withdraw(user=_user(user_id), role=slug, **asking):
            raise Http404
        return Response(status=204)


def _asking(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Who asks, and the reason, which is taken out of the body."""
    client = Client.of(request._request)
    return {"by": request.user, "reason": body.pop("reason", ""), "client": client}


def _definition(body: dict[str, Any]) -> Definition:
    return Definition(slug=body["slug"], name=body["name"]).replace(body)


def _answer(slug: str) -> dict[str, Any]:
    (answer,) = role_answers([get_object_or_404(Role, slug=slug)])
    return answer


def _user(user_id: uuid.UUID) -> Any:
    return get_object_or_404(get_user_model()._default_manager.all(), pk=user_id)


@contextmanager
def _or_404() -> Iterator[None]:
    try:
        yield
    except Role.DoesNotExist as error:
        raise Http404 from error


def _object(named: str, asking: Any) -> Any:
    """Raises FieldErrors (`object`), also for models whose objects the asking user may not see."""
    label, _, pk = named.partition(":")
    try:
        kind = apps.get_model(label)._meta
        if kind.swapped or not asking.has_perm(f"{kind.app_label}.view_{kind.model_name}"):
            raise LookupError(label)
        return kind.default_manager.get(pk=pk)
    except ObjectDoesNotExist as error:
        raise FieldErrors({"object": [("does_not_exist", "There is none.")]}) from error
    except (LookupError, ValueError, ValidationError, DataError, OverflowError) as error:
        raise FieldErrors({"object": [("invalid", "Write app.model:pk.")]}) from error
