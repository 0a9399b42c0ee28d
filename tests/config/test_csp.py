"""Content-Security-Policy: what config.csp remembers, held against what django-csp builds anew."""

import pytest
from csp import decorators
from csp.constants import HEADER, HEADER_REPORT_ONLY, NONCE, SELF
from csp.exceptions import CSPNonceError
from django.http import HttpResponse
from django.test import Client
from django.urls import path

ELSEWHERE = "https://cdn.example.com"
NONCED = {"DIRECTIVES": {"default-src": [SELF], "script-src": [SELF, NONCE]}}


def plain(request):
    return HttpResponse()


def with_its_own(request):
    return HttpResponse(headers={HEADER: "sandbox"})


def with_a_nonce(request):
    return HttpResponse(str(request.csp_nonce))


VIEWS = {
    "plain": plain,
    "own": with_its_own,
    "nonce": with_a_nonce,
    "csp": decorators.csp({"img-src": [ELSEWHERE]})(plain),
    "update": decorators.csp_update({"img-src": [ELSEWHERE]})(plain),
    "replace": decorators.csp_replace({"img-src": [ELSEWHERE]})(plain),
    "exempt": decorators.csp_exempt()(plain),
    "report": decorators.csp({"img-src": [ELSEWHERE]}, REPORT_ONLY=True)(plain),
    "report/update": decorators.csp_update({"img-src": [ELSEWHERE]}, REPORT_ONLY=True)(plain),
    "report/exempt": decorators.csp_exempt(REPORT_ONLY=True)(plain),
}
urlpatterns = [path(name, view) for name, view in VIEWS.items()]

SETTINGS = {
    "shipped": {},
    "none": {"CONTENT_SECURITY_POLICY": None},
    "report": {"CONTENT_SECURITY_POLICY_REPORT_ONLY": {"DIRECTIVES": {"img-src": [SELF]}}},
    "nonce": {"CONTENT_SECURITY_POLICY": NONCED},
    "excluded": {"CONTENT_SECURITY_POLICY": {**NONCED, "EXCLUDE_URL_PREFIXES": ["/pl"]}},
    "debug": {"DEBUG": True},
}
CHANGES = {"own", "nonce", "csp", "update", "replace", "exempt"}


@pytest.fixture(autouse=True)
def views(settings):
    settings.ROOT_URLCONF = __name__


def headers(place: str) -> list[set[str] | None]:
    """Both policies as sets of directives, whose order says nothing."""
    answer = Client().get(f"/{place}", secure=True)
    nonce = answer.content.decode() or "no nonce"
    found = [answer.headers.get(name) for name in (HEADER, HEADER_REPORT_ONLY)]
    return [policy and set(policy.replace(nonce, "NONCE").split("; ")) for policy in found]


def by_django_csp(settings, place: str) -> list[set[str] | None]:
    ours, theirs = "config.csp.CSPMiddleware", "csp.middleware.CSPMiddleware"
    shipped = settings.MIDDLEWARE
    settings.MIDDLEWARE = [theirs if name == ours else name for name in shipped]
    assert theirs in settings.MIDDLEWARE
    found = headers(place)
    settings.MIDDLEWARE = shipped
    return found


@pytest.mark.parametrize("name", SETTINGS)
def test_every_answer_has_the_policy_that_django_csp_builds(settings, name):
    for place in (*VIEWS, "no-such-place"):
        headers(place)  # what is remembered under other settings or for another view is not used
    for setting, value in SETTINGS[name].items():
        setattr(settings, setting, value)
    for place in (*VIEWS, "plain", "no-such-place"):
        assert headers(place) == by_django_csp(settings, place), place


def test_a_view_changes_the_policy_of_its_own_answer_only(settings):
    settings.CONTENT_SECURITY_POLICY = NONCED
    before = headers("plain")
    changed = {place: headers(place) for place in VIEWS}
    assert {place for place in VIEWS if changed[place][0] != before[0]} == CHANGES
    assert f"img-src {ELSEWHERE}" in changed["update"][0]
    assert changed["exempt"] == [None, None]
    assert "script-src 'self' 'nonce-NONCE'" in changed["nonce"][0]
    assert headers("plain") == before


def test_a_nonce_that_no_header_names_is_refused():
    answer = Client().get("/plain", secure=True)
    with pytest.raises(CSPNonceError):
        str(answer.wsgi_request.csp_nonce)
