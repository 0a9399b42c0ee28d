"""What `manage.py check` says where roles would not be asked, or a view does not say whom it is
for."""

import sys
from types import ModuleType

import pytest
from django.contrib.auth.backends import ModelBackend
from django.core.checks import run_checks
from django.core.management import call_command
from django.urls import include, path
from django.views import View
from django.views.decorators.cache import cache_page
from rest_framework.decorators import action, api_view, permission_classes
from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.routers import DefaultRouter, SimpleRouter
from rest_framework.views import APIView
from rest_framework.viewsets import ModelViewSet, ViewSet

from rbac.backend import RoleBackend
from rbac.models import Role

OURS, DJANGOS = "rbac.backend.RoleBackend", "django.contrib.auth.backends.ModelBackend"


class Extended(RoleBackend):
    pass


class Other(ModelBackend):
    pass


@pytest.mark.parametrize(
    ("backends", "expected"),
    [
        ([DJANGOS], {"rbac.E001"}),
        ([f"{__name__}.Other"], {"rbac.E001"}),
        ([OURS], set()),
        ([f"{__name__}.Extended"], set()),
        ([DJANGOS, OURS], {"rbac.W001"}),
        ([f"{__name__}.Other", OURS], set()),
    ],
)
def test_some_backend_asks_for_roles(settings, backends, expected):
    settings.AUTHENTICATION_BACKENDS = backends
    assert {each.id for each in run_checks() if each.id.startswith("rbac")} == expected


class Silent(APIView):
    pass


class SilentList(ListAPIView):
    queryset = Role.objects.all()


class SilentSet(ModelViewSet):
    queryset = Role.objects.all()


class SilentChild(Silent):
    throttle_classes = ()


class SilentAction(ViewSet):
    @action(detail=False, permission_classes=[AllowAny])
    def said(self, request):
        """It says so, and the rest of the set does not."""

    def list(self, request):
        """For whom?"""


class OnlyAction(ViewSet):
    @action(detail=False, permission_classes=[AllowAny])
    def said(self, request):
        """It says so, and nothing else is routed."""


@api_view(["GET"])
def silent_function(request):
    """For whom?"""


class Says(APIView):
    permission_classes = (IsAuthenticated,)


class Inherits(Says):
    pass


class SaysNobody(APIView):
    permission_classes = ()


class TakesItBack(Says):
    permission_classes = ()


class Mixin:
    permission_classes = (AllowAny,)


class Mixed(Mixin, ModelViewSet):
    queryset = Role.objects.all()


class Decides(APIView):
    def get_permissions(self):
        return [IsAuthenticated()]


@api_view(["GET"])
@permission_classes([AllowAny])
def said_by_function(request):
    """For everybody."""


class Plain(View):
    """Django's own: no API view."""


def routed(viewset, name):
    """The view that a router makes for that action."""
    router = SimpleRouter()
    router.register("any", viewset, basename="any")
    found = {next(iter(each.callback.actions.values())): each for each in router.urls}
    return found[name].callback


READING = {"get": "list"}
QUIET = {
    "names nobody": (SaysNobody.as_view(), "SaysNobody"),
    "takes it back": (TakesItBack.as_view(), "TakesItBack"),
    "takes it back when mounted": (Says.as_view(permission_classes=[]), "Says"),
    "view": (Silent.as_view(), "Silent"),
    "generic": (SilentList.as_view(), "SilentList"),
    "viewset": (SilentSet.as_view(READING), "SilentSet"),
    "child": (SilentChild.as_view(), "SilentChild"),
    "function": (silent_function, "silent_function"),
    "rest of a set": (routed(SilentAction, "list"), "SilentAction"),
    "action that no router read": (OnlyAction.as_view({"get": "said"}), "OnlyAction"),
    "wrapped": (cache_page(60)(Silent.as_view()), "Silent"),
    "other arguments": (Silent.as_view(throttle_classes=[]), "Silent"),
}
SAYING = {
    "says": Says.as_view(),
    "inherits": Inherits.as_view(),
    "mixin": Mixed.as_view(READING),
    "decides": Decides.as_view(),
    "function": said_by_function,
    "argument": Silent.as_view(permission_classes=[AllowAny]),
    "action": routed(OnlyAction, "said"),
    "root of a router": DefaultRouter().urls[-2].callback,
    "no api view": Plain.as_view(),
}


@pytest.fixture
def found(settings, monkeypatch):
    """What the check says of views that somebody mounted below `there/`."""

    def check(*views) -> list[str]:
        module = ModuleType("their_urls")
        mounted = [path(f"{number}", view) for number, view in enumerate(views)]
        module.urlpatterns = [path("there/", include(mounted))]
        monkeypatch.setitem(sys.modules, "their_urls", module)
        settings.ROOT_URLCONF = "their_urls"
        errors = [each for each in run_checks(tags=["urls"]) if each.id == "rbac.E002"]
        return [each.msg for each in errors]

    return check


@pytest.mark.parametrize("kind", QUIET)
def test_a_view_that_says_nothing_is_named_with_its_path(found, kind):
    view, name = QUIET[kind]
    [message] = found(SAYING["says"], view)
    assert f"{__name__}.{name} at /there/1 " in message or name == "silent_function"
    assert name in message


@pytest.mark.parametrize("kind", SAYING)
def test_whoever_says_so_is_left_alone(found, kind):
    assert found(SAYING[kind]) == []


def test_each_silent_view_is_named_once(found):
    assert len(found(*(view for view, _ in QUIET.values()))) == len(
        {name for _, name in QUIET.values()}
    )


def test_this_project_says_of_every_view_whom_it_is_for():
    call_command("check", fail_level="WARNING")
