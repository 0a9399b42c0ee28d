"""Django, and whatever is built on it, asks `user.has_perm`: roles answer beside groups."""

from datetime import timedelta
from itertools import product

import pytest
from asgiref.sync import async_to_sync
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.contrib.auth.models import AnonymousUser, Group, Permission
from django.http import HttpResponse
from django.shortcuts import render
from django.test import RequestFactory
from django.urls import include, path
from django.utils import timezone
from django.views import View
from rest_framework.generics import RetrieveUpdateDestroyAPIView
from rest_framework.permissions import DjangoModelPermissions
from rest_framework.serializers import ModelSerializer

from rbac.backend import RoleBackend
from rbac.models import Role
from tests.doors import Api, Pages
from tests.rbac.making import ADD, CHANGE, VIEW, hold, make_role, now, permission
from tokens.authentication import TokenAuthentication

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

OURS = "rbac.backend.RoleBackend"


def awaited(method, *args):
    return async_to_sync(method)(*args)


def test_every_question_that_django_asks_has_one_answer(someone):
    make_role("editor", CHANGE, parents=("moderator",))
    ada = now(someone("editor", may=(ADD,)))
    everything = ada.get_all_permissions()
    assert {VIEW, CHANGE, ADD} < everything
    assert awaited(now(ada).aget_all_permissions) == everything
    for code in (VIEW, CHANGE, ADD, "accounts.delete_user", "accounts", "", "accounts.view_user."):
        assert ada.has_perm(code) is awaited(ada.ahas_perm, code) is (code in everything)
    for codes in ([VIEW, ADD], [VIEW, "rbac.add_role"], []):
        expected = everything.issuperset(codes)
        assert ada.has_perms(codes) is awaited(ada.ahas_perms, codes) is expected
    for app_label in ("accounts", "tokens", "rbac", "account", ""):
        expected = app_label in {"accounts", "tokens"}
        assert bool(ada.has_module_perms(app_label)) is expected
        assert bool(awaited(ada.ahas_module_perms, app_label)) is expected


def test_what_is_theirs_alone_and_what_is_their_groups_is_told_apart_as_ever(someone):
    ada = someone("moderator", may=(CHANGE,))
    group = Group.objects.create(name="makers")
    group.permissions.add(permission(ADD))
    ada.groups.add(group)
    ada = now(ada)
    assert ada.get_user_permissions() == {CHANGE} == awaited(now(ada).aget_user_permissions)
    assert ada.get_group_permissions() == {ADD} == awaited(now(ada).aget_group_permissions)
    assert ada.get_all_permissions() > {VIEW, CHANGE, ADD}
    group.permissions.clear()
    assert not now(ada).has_perm(ADD)


def test_whoever_is_inactive_or_nobody_may_nothing(someone):
    for user in (someone("admin", may=(VIEW,), is_active=False), AnonymousUser()):
        assert not user.has_perm(VIEW)
        assert not awaited(user.ahas_perm, VIEW)
        assert not user.has_module_perms("accounts")
        assert user.get_all_permissions() == set()
    root = someone(is_superuser=True, is_active=False)
    assert (root.has_perm(VIEW), root.has_module_perms("accounts")) == (False, False)


def test_of_a_single_object_roles_say_as_little_as_django_s_own_backend(someone):
    ada, root = someone("admin", may=(VIEW,)), someone(is_superuser=True)
    backend = RoleBackend()
    assert ada.has_perm(VIEW)
    assert not ada.has_perm(VIEW, ada)
    assert not awaited(ada.ahas_perm, VIEW, ada)
    assert backend.get_all_permissions(root, ada) == backend.get_user_permissions(ada, ada) == set()
    assert (root.has_perm(VIEW, ada), backend.has_perm(root, VIEW, ada)) == (True, False)


@pytest.fixture
def population(someone):
    """Everybody who could have a permission, and who almost could."""
    make_role("viewer", VIEW)
    make_role("heir", parents=("viewer",))
    make_role("grandchild", parents=("heir",))
    group = Group.objects.create(name="viewers")
    group.permissions.add(permission(VIEW))
    moment = timezone.now()
    hour = timedelta(hours=1)
    for is_active in (True, False):
        for slugs in ((), ("viewer",), ("grandchild",), ("viewer", "heir"), ("admin",)):
            someone(*slugs, is_active=is_active)
        someone(is_superuser=True, is_active=is_active)
        someone(may=(VIEW, CHANGE), is_active=is_active)
        someone("heir", may=(VIEW,), is_active=is_active).groups.add(group)
        someone(is_active=is_active).groups.add(group)
        hold(someone(is_active=is_active), "heir", starts_at=moment + hour)
        hold(someone(is_active=is_active), "viewer", starts_at=moment - hour, expires_at=moment)
        hold(someone(is_active=is_active), "viewer", expires_at=moment + hour)


def brute_force(code: str, is_active: bool | None, include_superusers: bool) -> list[str]:
    found = []
    for user in get_user_model().objects.order_by("email"):
        wanted = is_active in (None, user.is_active)
        user.is_active, user.is_superuser = True, user.is_superuser and include_superusers
        if wanted and user.has_perm(code):
            found.append(user.email)
    return found


def test_with_perm_finds_who_has_it_and_nobody_else(population):
    users, seen = get_user_model().objects, set()
    gone = "accounts.nobody_has_it"
    of_everybody = "auth.view_group"
    Role.objects.get(slug="user").permissions.add(permission(of_everybody))
    for code, is_active, superusers in product(
        (VIEW, CHANGE, "rbac.add_role", of_everybody), (True, False, None), (True, False)
    ):
        expected = brute_force(code, is_active, superusers)
        for perm in (code, permission(code)):
            found = users.with_perm(perm, is_active, superusers)
            assert sorted(found.values_list("email", flat=True)) == expected, (code, is_active)
        seen.add(len(expected))
    assert len(seen) > 6
    assert not users.with_perm(gone, include_superusers=False).exists()
    assert not users.with_perm(VIEW, obj=users.first()).exists()
    assert users.with_perm(VIEW, backend=OURS).filter(is_superuser=True).count() == 1
    for nonsense, error in (("accounts", ValueError), ("a.b.c", ValueError), (7, TypeError)):
        with pytest.raises(error):
            users.with_perm(nonsense)


class PerObject(BaseBackend):
    """As third-party ones are: it knows about objects, and adds a permission of its own."""

    def has_perm(self, user_obj, perm, obj=None):
        return obj == user_obj if obj else perm == "theirs.own"

    def with_perm(self, perm, is_active=True, include_superusers=True, obj=None):
        return get_user_model().objects.none()


def test_another_backend_beside_ours(someone, settings):
    settings.AUTHENTICATION_BACKENDS = [OURS, f"{__name__}.PerObject"]
    ada = someone("moderator")
    assert [ada.has_perm(code) for code in (VIEW, CHANGE, "theirs.own")] == [True, False, True]
    assert [ada.has_perm(CHANGE, about) for about in (ada, someone())] == [True, False]
    assert awaited(ada.ahas_perm, VIEW)
    assert ada in get_user_model().objects.with_perm(VIEW, backend=OURS)


class UserSerializer(ModelSerializer):
    class Meta:
        model = get_user_model()
        fields = ["name"]


class ModelView(RetrieveUpdateDestroyAPIView):
    authentication_classes = (TokenAuthentication,)
    permission_classes = (DjangoModelPermissions,)
    queryset = get_user_model().objects.all()
    serializer_class = UserSerializer


class Mixed(PermissionRequiredMixin, View):
    permission_required = (VIEW, CHANGE)
    raise_exception = True

    def get(self, request):
        return HttpResponse("in")


@permission_required(VIEW, raise_exception=True)
def decorated(request):
    return HttpResponse("in")


def templated(request):
    return render(request, "perms.txt")


TEMPLATE = (
    "{{ perms.accounts.view_user }} {{ perms.accounts.change_user }} {{ perms.tokens|yesno }} "
    "{% if 'accounts.view_user' in perms %}in{% endif %}{% if 'rbac' in perms %}never{% endif %}"
)

urlpatterns = [
    path("api/model/<uuid:pk>", ModelView.as_view()),
    path("mixed", Mixed.as_view()),
    path("decorated", decorated),
    path("templated", templated),
    path("", include("config.urls")),
]


def test_drf_s_own_model_permissions_follow_roles(user, bearer):
    make_role("namer", CHANGE)
    where = f"/model/{user.pk}"
    assert bearer.get(where).status_code == 200
    assert bearer.patch(where, {"name": "Countess"}).status_code == 403
    hold(user, "namer")
    assert bearer.patch(where, {"name": "Countess"}).json() == {"name": "Countess"}
    assert bearer.delete(where).status_code == 403
    user.role_assignments.all().delete()
    assert bearer.patch(where, {"name": "Nobody"}).status_code == 403
    assert now(user).name == "Countess"


def test_pages_and_templates_follow_roles_from_the_next_request_on(user, settings):
    [engine] = settings.TEMPLATES
    loaders = [("django.template.loaders.locmem.Loader", {"perms.txt": TEMPLATE})]
    options = {**engine["OPTIONS"], "loaders": loaders}
    settings.TEMPLATES = [{**engine, "APP_DIRS": False, "OPTIONS": options}]
    browser = Pages(Api().login().client)

    def seen() -> tuple[int, int, str]:
        texts = [browser.visit(path) for path in ("/mixed", "/decorated", "/templated")]
        return texts[0].status_code, texts[1].status_code, texts[2].content.decode()

    assert seen() == (403, 403, "False False no ")
    hold(user, "moderator")
    assert seen() == (403, 200, "True False yes in")
    hold(user, make_role("namer", CHANGE).slug)
    assert seen() == (200, 200, "True True yes in")
    user.role_assignments.all().delete()
    assert seen() == (403, 403, "False False no ")


def test_the_admin_shows_what_roles_allow(someone):
    request = RequestFactory().get("/")
    registered = {model._meta.label: found for model, found in admin.site._registry.items()}
    expected = {"moderator": (True, False, False), "admin": (True, True, True)}
    for slug, allowed in expected.items():
        request.user = now(someone(slug, is_staff=True))
        users = registered["accounts.User"]
        asked = (users.has_view_permission, users.has_change_permission, users.has_add_permission)
        assert tuple(bool(ask(request)) for ask in asked) == allowed
        assert admin.site.has_permission(request)


def test_permissions_of_two_models_that_share_a_code_are_one(someone):
    """`app.codename` is all that has_perm is asked for."""
    twin = Permission.objects.create(
        codename="view_user",
        name="Twin",
        content_type=permission("accounts.view_onetimetoken").content_type,
    )
    make_role("twins").permissions.add(twin)
    ada = someone("twins")
    assert now(ada).has_perm(VIEW)
    assert ada in get_user_model().objects.with_perm(VIEW)
    assert ada not in get_user_model().objects.with_perm(
        Permission.objects.exclude(pk=twin.pk).get(codename="view_user")
    )
