"""Roles at plain Django views, functions and classes, async ones too."""

from inspect import isawaitable

import pytest
from asgiref.sync import async_to_sync
from django.http import HttpResponse
from django.test import AsyncClient, Client
from django.urls import include, path
from django.views import View

from rbac.plain_views import RoleRequiredMixin, role_required
from tests.doors import Api, Pages
from tests.rbac.making import hold, make_role

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

REACHED: list[str] = []


def answer(request) -> HttpResponse:
    REACHED.append(request.path)
    return HttpResponse("in")


@role_required("moderator")
def one(request):
    return answer(request)


@role_required("moderator", "auditor")
def each(request):
    return answer(request)


@role_required("moderator")
async def awaited(request):
    return answer(request)


class Plain(RoleRequiredMixin, View):
    required_roles = ("moderator",)

    def get(self, request):
        return answer(request)

    post = get


class Each(Plain):
    required_roles = ("moderator", "auditor")


class Awaited(RoleRequiredMixin, View):
    required_roles = ("moderator",)

    async def get(self, request):
        return answer(request)


class Undecided(RoleRequiredMixin, View):
    def get(self, request):
        return answer(request)


urlpatterns = [
    path("one", one),
    path("awaited", awaited),
    path("plain", Plain.as_view()),
    path("async-class", Awaited.as_view()),
    path("each", each),
    path("each-class", Each.as_view()),
    path("undecided", Undecided.as_view()),
    path("", include("config.urls")),
]
ONE, EACH = ["/one", "/awaited", "/plain", "/async-class"], ["/each", "/each-class"]


@pytest.fixture(autouse=True)
def reached():
    REACHED.clear()
    return REACHED


def answered(response):
    """An AsyncClient's is still to be awaited."""
    return async_to_sync(awaiting)(response) if isawaitable(response) else response


async def awaiting(response):
    return await response


@pytest.fixture(params=[Client, AsyncClient])
def visit(request, user):
    """Ada's browser, or with `signed_in=False` a stranger's, at either kind of server."""
    session = Api().login().client.cookies

    def get(where: str, *, signed_in: bool = True):
        client = request.param(raise_request_exception=False)
        if signed_in:
            client.cookies = session
        return answered(client.get(where, secure=True))

    return get


@pytest.mark.parametrize("where", ONE + EACH)
def test_visitors_log_in_first_and_come_back(where, visit, reached):
    response = visit(f"{where}?page=2", signed_in=False)
    target = f"/accounts/login/?next={where}%3Fpage%3D2"
    assert (response.status_code, response.headers.get("Location")) == (302, target)
    assert not reached


@pytest.mark.parametrize("where", ONE + EACH)
def test_only_who_holds_each_role_gets_in(where, visit, user, reached):
    make_role("auditor")
    make_role("heir", parents=("moderator",))
    assert (visit(where).status_code, reached) == (403, [])
    hold(user, "heir")
    assert visit(where).status_code == (200 if where in ONE else 403)
    hold(user, "auditor")
    assert (visit(where).status_code, visit(where).content) == (200, b"in")
    user.role_assignments.all().delete()
    reached.clear()
    assert (visit(where).status_code, reached) == (403, [])


def test_a_class_that_names_no_role_lets_nobody_in(user, reached):
    hold(user, "moderator")
    browser = Pages(Api().login().client)
    assert browser.visit("/plain").status_code == 200
    reached.clear()
    assert browser.visit("/undecided").status_code == 500
    assert not reached


def test_a_decorator_needs_a_role():
    with pytest.raises(TypeError):
        role_required()
