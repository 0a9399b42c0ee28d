"""Views that say who may call them: by role, by permission, by owner, all of it composable."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import AnonymousUser
from django.urls import include, path
from django.utils import timezone
from rest_framework.exceptions import PermissionDenied
from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.response import Response
from rest_framework.serializers import ModelSerializer
from rest_framework.views import APIView
from rest_framework.viewsets import ModelViewSet

from portcullis.permissions import HasAnyPermission, HasPermission, IsSelf, OwnedQuerysetMixin
from rbac.models import Role, RoleAssignment
from rbac.permissions import HasAnyRole, HasRole, roles_of
from tests.doors import Api, codes
from tests.rbac.making import ADD, CHANGE, VIEW, hold, make_role
from tokens.authentication import TokenAuthentication
from tokens.stateless import StatelessTokenAuthentication, StatelessUser

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

MAY = {
    "role": HasRole("moderator"),
    "roles": HasRole("moderator", "auditor"),
    "any-role": HasAnyRole("moderator", "auditor"),
    "permission": HasPermission(VIEW),
    "permissions": HasPermission(VIEW, CHANGE),
    "any-permission": HasAnyPermission(CHANGE, ADD),
    "and": HasRole("moderator") & HasPermission(CHANGE),
    "or": HasRole("auditor") | HasPermission(CHANGE),
    "not": IsAuthenticated & ~HasRole("moderator"),
    "deep": (HasRole("auditor") & ~HasPermission(VIEW)) | (IsAuthenticated & HasRole("heir")),
    "nobody": HasRole("there-is-none"),
    "default": HasRole("user"),
}
ADMITTED = {
    "plain": {"not", "default"},
    "moderator": {"role", "any-role", "permission", "default"},
    "heir": {*MAY} - {"roles", "not", "nobody"},
    "auditor": {"any-role", "or", "not", "deep", "default"},
    "both": {"role", "roles", "any-role", "permission", "or", "default"},
    "lapsed": {"not", "default"},
    "nobody": set(),
}


class View(APIView):
    authentication_classes = (TokenAuthentication,)
    permission_classes = (AllowAny,)

    def get(self, request, **kwargs):
        if "one" in request.query_params:
            self.check_object_permissions(request, self)
        return Response([request.user.has_perm(VIEW) for _ in range(100)])


class AssignmentSerializer(ModelSerializer):
    class Meta:
        model = RoleAssignment
        fields = ["id", "reason"]


class Assignments(OwnedQuerysetMixin, ModelViewSet):
    authentication_classes = (TokenAuthentication,)
    permission_classes = (AllowAny,)
    queryset = RoleAssignment.objects.order_by("pk")
    serializer_class = AssignmentSerializer


class OfTheirOwn(Assignments):
    """As people write them, who forget what a mixin does there."""

    def get_queryset(self):
        return RoleAssignment.objects.order_by("pk")


class RoleSerializer(ModelSerializer):
    class Meta:
        model = Role
        fields = ["slug"]


class MyRoles(OwnedQuerysetMixin, ListAPIView):
    authentication_classes = (TokenAuthentication,)
    permission_classes = (AllowAny,)
    owner_field = "assignments__user"
    queryset = Role.objects.order_by("slug")
    serializer_class = RoleSerializer


ELSEWHERE = {"authentication_classes": (StatelessTokenAuthentication,)}
ROW = {"get": "retrieve", "patch": "partial_update", "put": "update", "delete": "destroy"}
SELF = {"self": IsSelf, "self-or": IsSelf | HasPermission(VIEW)}
urlpatterns = [
    *(path(f"api/may/{name}", View.as_view(permission_classes=[MAY[name]])) for name in MAY),
    *(
        path(f"api/else/{name}", View.as_view(permission_classes=[MAY[name]], **ELSEWHERE))
        for name in MAY
    ),
    *(
        path(f"api/{name}/<uuid:user_id>", View.as_view(permission_classes=[SELF[name]]))
        for name in SELF
    ),
    path("api/else-self/<uuid:user_id>", View.as_view(permission_classes=[IsSelf], **ELSEWHERE)),
    path("api/self-unnamed", View.as_view(permission_classes=[IsSelf])),
    path("api/assignments", Assignments.as_view({"get": "list"})),
    path("api/assignments/<int:pk>", Assignments.as_view(ROW)),
    path("api/of-their-own", OfTheirOwn.as_view({"get": "list"})),
    path("api/of-their-own/<int:pk>", OfTheirOwn.as_view(ROW)),
    path("api/else-assignments", Assignments.as_view({"get": "list"}, **ELSEWHERE)),
    path("api/my-roles", MyRoles.as_view()),
    path("", include("config.urls")),
]


@pytest.fixture
def people(make_user) -> dict[str, Api]:
    """Each of ADMITTED, logged in."""
    make_role("auditor")
    make_role("heir", CHANGE, parents=("moderator",))
    holding = {"plain": (), "both": ("moderator", "auditor"), "lapsed": ()}
    holding |= {slug: (slug,) for slug in ("moderator", "heir", "auditor")}
    doors = {"nobody": Api()}
    for name, slugs in holding.items():
        user = make_user(f"{name}@example.com")
        hold(user, *slugs)
        if name == "lapsed":
            over = timezone.now() - timedelta(minutes=1)
            hold(user, "moderator", starts_at=over - timedelta(hours=1), expires_at=over)
        doors[name] = Api().login(user.email, transport="bearer")
    return doors


def admitted(api: Api, below: str, query: str = "") -> set[str]:
    answers = {name: api.get(f"{below}/{name}{query}") for name in MAY}
    for answer in answers.values():
        assert answer.status_code == 200 or codes(answer) == [
            "permission_denied" if api.access else "not_authenticated"
        ]
    return {name for name, answer in answers.items() if answer.status_code == 200}


def test_whom_each_demand_admits(people):
    found = {name: admitted(api, "/may") for name, api in people.items()}
    assert found == ADMITTED


def test_a_view_of_one_object_admits_the_same(people):
    """DRF asks there again, with the object."""
    found = {name: admitted(api, "/may", "?one=1") for name, api in people.items()}
    assert found == ADMITTED


def test_a_service_that_holds_only_keys_admits_the_same_by_claims(es256, people):
    found = {name: admitted(api, "/else") for name, api in people.items()}
    assert found == ADMITTED


def test_a_role_that_is_withdrawn_is_gone_from_the_next_request(people, user):
    api = Api().login(transport="bearer")
    hold(user, "moderator")
    assert api.get("/may/role").status_code == 200
    user.role_assignments.all().delete()
    assert codes(api.get("/may/role")) == codes(api.get("/may/permission")) == ["permission_denied"]


def test_a_hundred_questions_cost_one_statement(user, bearer, django_assert_num_queries):
    hold(user, "moderator")
    bearer.get("/may/role")
    for name in ("role", "permission", "and", "deep"):
        with django_assert_num_queries(2):  # whose session it is, and what they may do
            bearer.get(f"/may/{name}")


def test_a_path_that_names_a_user_is_for_that_user(es256, user, someone):
    other, ada = someone().pk, Api().login(transport="bearer")
    for name in ("self", "self-or", "else-self"):
        assert ada.get(f"/{name}/{user.pk}").status_code == 200
        assert ada.get(f"/{name}/{other}").status_code == 403
        assert Api().get(f"/{name}/{user.pk}").status_code == 401
    assert ada.get("/self-unnamed").status_code == 403
    hold(user, "moderator")
    assert [ada.get(f"/{name}/{other}").status_code for name in SELF] == [403, 200]


@pytest.mark.parametrize("where", ["/assignments", "/of-their-own"])
def test_what_somebody_does_not_own_is_not_there(user, someone, bearer, where):
    hold(user, "moderator", "admin")
    mine, foreign = user.role_assignments.first(), someone("moderator").role_assignments.get()
    listed = bearer.get(where).json()
    assert [row["id"] for row in listed] == [row.pk for row in user.role_assignments.order_by("pk")]
    for api, row in ((bearer, foreign), (Api(), mine), (Api(), foreign)):
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            answer = api.request(method, f"{where}/{row.pk}", {"reason": "x"})
            assert (answer.status_code, codes(answer)) == (404, ["not_found"]), method
            unknown = api.request(method, f"{where}/0", {"reason": "x"})
            assert unknown.content == answer.content
        row.refresh_from_db()
        assert row.reason == "test"
    assert Api().get(where).json() == []
    assert bearer.patch(f"{where}/{mine.pk}", {"reason": "x"}).json()["reason"] == "x"
    assert bearer.delete(f"{where}/{mine.pk}").status_code == 204


def test_the_owner_may_be_found_through_relations_and_by_claims_alone(es256, user, someone):
    hold(user, "moderator", "admin")
    hold(someone("moderator"), make_role("foreign").slug)
    ada = Api().login(transport="bearer")
    assert ada.get("/my-roles").json() == [{"slug": "admin"}, {"slug": "moderator"}]
    assert len(ada.get("/else-assignments").json()) == 2
    assert Api().get("/my-roles").json() == Api().get("/else-assignments").json() == []


def test_who_holds_no_role(someone):
    """Nobody, who is inactive, and whose roles are a text: `in` would find parts of it."""
    strange = SimpleNamespace(is_active=True, roles="moderator")
    for user in (None, AnonymousUser(), someone("moderator", is_active=False), strange):
        assert roles_of(user) == set()


@pytest.mark.parametrize("demand", [HasRole, HasAnyRole, HasPermission, HasAnyPermission])
def test_a_demand_for_nothing_cannot_be_written(demand):
    with pytest.raises(TypeError):
        demand()


@pytest.mark.parametrize("demand", [HasRole("suspended"), HasAnyRole("suspended", "barred")])
def test_what_a_cut_token_does_not_tell_is_refused_both_ways(demand):
    claims = {"sub": "1", "sid": "s", "role": "chief", "roles": ["chief"], "roles_omitted": True}
    request = SimpleNamespace(user=StatelessUser.from_claims(claims))
    assert HasRole("chief").has_permission(request, None)
    for each in (demand, ~demand, AllowAny & ~demand):
        with pytest.raises(PermissionDenied):
            each().has_permission(request, None)
