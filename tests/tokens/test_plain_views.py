"""Views that are not ours: plain Django ones, and those that serve everybody."""

from types import SimpleNamespace

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, JsonResponse
from django.urls import include, path
from django.views import View
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

from portcullis.errors import Refusal
from portcullis.permissions import HasPermission, RecentlyProven
from tests.doors import Api, codes
from tests.tokens.carrying import access_token_of
from tokens.authentication import OptionalTokenAuthentication
from tokens.models import Restriction, Session
from tokens.plain_views import (
    TokenOptionalMixin,
    TokenRequiredMixin,
    token_optional,
    token_required,
)

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


def who(request: HttpRequest) -> JsonResponse:
    sid = str(request.auth.pk) if request.auth else None
    return JsonResponse({"user": str(request.user), "sid": sid})


class Required(TokenRequiredMixin, View):
    get = post = staticmethod(who)


class Optional(TokenOptionalMixin, View):
    get = post = staticmethod(who)


class OptionalEndpoint(APIView):
    authentication_classes = (OptionalTokenAuthentication,)
    permission_classes = (AllowAny,)

    def get(self, request):
        return Response({"user": str(request.user), "sid": request.auth and str(request.auth.pk)})

    post = get


urlpatterns = [
    path("required", token_required(who)),
    path("required-class", Required.as_view()),
    path("optional", token_optional(who)),
    path("optional-class", Optional.as_view()),
    path("optional-endpoint", OptionalEndpoint.as_view()),
    path("", include("config.urls")),
]
REQUIRED = ["//required", "//required-class"]
OPTIONAL = ["//optional", "//optional-class", "//optional-endpoint"]
NOBODY = {"user": "AnonymousUser", "sid": None}

every = pytest.mark.parametrize("where", REQUIRED + OPTIONAL)
required = pytest.mark.parametrize("where", REQUIRED)
optional = pytest.mark.parametrize("where", OPTIONAL)


@every
def test_whoever_holds_a_token_is_known(door, user, where):
    for answer in (door.get(where), door.post(where, {})):
        assert (answer.status_code, answer.json()) == (200, {"user": user.email, "sid": door.sid})


@every
def test_a_session_that_is_over_is_over_here_too(bearer, where):
    bearer.logout()
    answer = bearer.get(where)
    assert (answer.status_code, codes(answer)) == (401, ["token_invalid"])
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api", error="invalid_token"'


@every
def test_an_expired_header_sends_its_client_to_refresh(bearer, later, where):
    later(minutes=16)
    assert codes(bearer.get(where)) == ["token_expired"]


@every
def test_by_cookie_an_unsafe_request_needs_the_csrf_token(browser, where):
    answer = browser.post(where, {}, **{"X-CSRFToken": None})
    assert (answer.status_code, codes(answer)) == (403, ["csrf_failed"])


@required
def test_without_a_token_nobody_gets_in(db, where):
    answer = Api().get(where)
    assert (answer.status_code, codes(answer)) == (401, ["not_authenticated"])
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'
    assert answer.headers["Cache-Control"] == "no-store"


@required
def test_a_dead_cookie_lets_nobody_in(browser, where):
    token = access_token_of(browser)
    browser.logout()
    browser.client.cookies["__Host-access"] = token
    assert codes(browser.get(where)) == ["token_invalid"]


@required
def test_a_page_login_alone_is_no_token(pages, user, where):
    pages.log_in()
    del pages.client.cookies["__Host-access"]
    assert pages.client.get(where[1:], secure=True).status_code == 401


@optional
def test_without_a_token_everybody_is_served(db, where):
    assert Api().get(where).json() == NOBODY


@optional
@pytest.mark.parametrize("moved", [{"minutes": 16}, {"days": 91}])
def test_a_cookie_that_is_dead_or_expired_is_nobodys(browser, later, where, moved):
    later(**moved)
    assert browser.get(where).json() == NOBODY


@optional
def test_garbage_in_the_cookie_breaks_nothing(db, where):
    api = Api()
    api.client.cookies["__Host-access"] = "x.y.z"
    assert api.get(where).json() == NOBODY


@every
def test_a_session_that_may_do_one_step_is_nobody(browser, where):
    Session.objects.filter(pk=browser.sid).update(restriction=Restriction.CHANGE_PASSWORD)
    answer = browser.get(where)
    if where in REQUIRED:
        assert (answer.status_code, codes(answer)) == (403, ["permission_denied"])
    else:
        assert answer.json() == NOBODY


@every
def test_no_cache_keeps_what_was_made_for_somebody(browser, where):
    answer = browser.get(where)
    assert "private" in answer.headers["Cache-Control"]
    assert {"Authorization", "Cookie"} <= set(answer.headers["Vary"].split(", "))


@optional
def test_a_foreign_page_acts_on_no_django_session(pages, user, where):
    """Its access cookie is gone, and with it the CSRF check that comes with being somebody."""
    pages.log_in()
    del pages.client.cookies["__Host-access"]
    answer = pages.client.post(where[1:], secure=True, headers={"Origin": "https://evil.example"})
    assert (answer.status_code, codes(answer)) == (403, ["csrf_failed"])


@optional
def test_a_stranger_needs_no_csrf_token(db, where):
    assert Api().post(where, {}).json() == NOBODY


def test_a_permission_class_without_its_permission_admits_nobody():
    with pytest.raises(TypeError):
        HasPermission()
    asked = SimpleNamespace(auth={"sub": "x"}, user=AnonymousUser())
    with pytest.raises(Refusal):
        RecentlyProven().has_permission(asked, None)


@pytest.mark.parametrize("decorate", [token_required, token_optional])
def test_an_async_view_is_refused_where_it_is_decorated(decorate):
    async def view(request):
        return who(request)

    with pytest.raises(TypeError, match="async"):
        decorate(view)
