"""Fields that not everybody may read, or write."""

from types import SimpleNamespace

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.urls import include, path
from rest_framework import serializers
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

from portcullis.parsing import StrictJSONParser
from rbac.field_rules import FieldRulesMixin
from rbac.models import Role
from tests.doors import ORIGIN, Api, codes, fields
from tests.rbac.making import CHANGE, VIEW, hold, make_role
from tokens.authentication import TokenAuthentication

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


class RoleSerializer(FieldRulesMixin, serializers.ModelSerializer):
    """`description` is for who holds VIEW, and to be written with CHANGE, as is `rank`."""

    rank = serializers.IntegerField(default=1)
    readable_with = {"description": VIEW}
    writable_with = {"description": CHANGE, "rank": CHANGE, "mfa_required": CHANGE}

    class Meta:
        model = Role
        fields = ["name", "description", "rank", "mfa_required"]


class Part(FieldRulesMixin, serializers.Serializer):
    writable_with = {"secret": CHANGE}
    readable_with = {"secret": VIEW}
    secret = serializers.CharField(required=False)
    name = serializers.CharField()


class Whole(FieldRulesMixin, serializers.Serializer):
    writable_with = {"labels": CHANGE, "sealed": CHANGE}
    labels = serializers.ListField(child=serializers.CharField(), required=False)
    sealed = Part(required=False)
    part = Part(required=False)
    parts = Part(many=True, required=False)


class Endpoint(APIView):
    authentication_classes = (TokenAuthentication,)
    permission_classes = (AllowAny,)
    parser_classes = (StrictJSONParser, FormParser, MultiPartParser)


class RoleView(Endpoint):
    def get(self, request):
        found = RoleSerializer(Role.objects.get(slug="it"), context={"request": request})
        return Response(found.data)

    def put(self, request):
        role, context = Role.objects.get(slug="it"), {"request": request}
        partial = request.method == "PATCH"
        found = RoleSerializer(role, data=request.data, partial=partial, context=context)
        found.is_valid(raise_exception=True)
        found.save()
        return Response(found.data)

    patch = put


class WholeView(Endpoint):
    def post(self, request):
        found = Whole(data=request.data, context={"request": request})
        found.is_valid(raise_exception=True)
        return Response(found.validated_data)


class ListView(Endpoint):
    def get(self, request):
        rows = Role.objects.filter(slug__in=["it", "other"])
        found = RoleSerializer(rows, many=True, context={"request": request})
        part = {"name": "n", "secret": "s"}
        whole = Whole({"labels": [], "sealed": part, "part": part, "parts": [part] * 2})
        whole._context = {"request": request}
        return Response({"rows": found.data, "whole": whole.data})


urlpatterns = [
    path("api/it", RoleView.as_view()),
    path("api/list", ListView.as_view()),
    path("api/whole", WholeView.as_view()),
    path("", include("config.urls")),
]
STORED = {"name": "It", "description": "secret", "rank": 7, "mfa_required": True}


@pytest.fixture
def it() -> Role:
    make_role("other", description="secret")
    return make_role("it", **{name: value for name, value in STORED.items() if name != "name"})


@pytest.fixture
def may(user, bearer):
    """`may(code, ...)`: Ada's door, and exactly these permissions."""

    def door(*held: str) -> Api:
        user.user_permissions.clear()
        user.role_assignments.all().delete()
        Role.objects.filter(slug="given").delete()
        hold(user, make_role("given", *held).slug)
        return bearer

    return door


def stored() -> dict[str, object]:
    return Role.objects.values(*STORED).get(slug="it")


def test_what_somebody_may_not_read_is_not_there(it, may):
    hidden = {"name": "It", "rank": 7, "mfa_required": True}
    assert may().get("/it").json() == hidden == may(CHANGE).get("/it").json()
    assert may(VIEW).get("/it").json() == STORED == may(VIEW, CHANGE).get("/it").json()
    assert Api().get("/it").json() == hidden


def test_what_somebody_may_not_write_is_named_and_nothing_is_stored(it, may):
    for held in ((), (VIEW,)):
        sent = {"name": "New", "description": "new", "rank": 8}
        for method in ("PATCH", "PUT"):
            answer = may(*held).request(method, "/it", sent)
            assert (answer.status_code, fields(answer)) == (400, {"description", "rank"})
            assert codes(answer) == ["permission_denied"] * 2
    assert fields(Api().patch("/it", {"rank": None, "name": "New"})) == {"rank"}
    assert stored() == STORED


def test_what_somebody_may_write_and_not_read_is_taken_and_not_shown(it, may):
    answer = may(CHANGE).patch("/it", {"description": "new", "rank": 8})
    assert answer.json() == {"name": "It", "rank": 8, "mfa_required": True}
    assert stored() == {**STORED, "description": "new", "rank": 8}
    answer = may(CHANGE, VIEW).patch("/it", {"description": "newer"})
    assert answer.json()["description"] == "newer" == stored()["description"]


def test_what_somebody_may_not_write_stays_when_all_the_rest_is_replaced(it, may):
    """Neither a default nor a box that a form left empty writes it."""
    assert may().request("PUT", "/it", {"name": "New"}).status_code == 200
    assert stored() == {**STORED, "name": "New"}
    assert as_form(may(), "PUT", "/it", "name=Newer").status_code == 200
    assert stored() == {**STORED, "name": "Newer"}


def test_lists_and_parts_hide_as_much_as_a_row(it, may):
    part, hidden = {"secret": "s", "name": "n"}, {"name": "n"}
    for held, shown, rows in (((), hidden, [False] * 2), ((VIEW,), part, [True] * 2)):
        answer = may(*held).get("/list").json()
        assert ["description" in row for row in answer["rows"]] == rows
        assert answer["whole"]["part"] == answer["whole"]["sealed"] == shown
        assert answer["whole"]["parts"] == [shown, shown]


def test_parts_are_written_by_their_own_rules(may):
    part = {"name": "n", "secret": "s"}
    for sent, named in (
        ({"part": part}, {"part.secret"}),
        ({"parts": [{"name": "n"}, part]}, {"parts.1.secret"}),
        ({"sealed": {"name": "n"}}, {"sealed"}),
        ({"labels": []}, {"labels"}),
    ):
        answer = may(VIEW).post("/whole", sent)
        assert (answer.status_code, fields(answer)) == (400, named)
        assert may(CHANGE).post("/whole", sent).status_code == 200


def as_form(api: Api, method: str, path: str, body: str):
    return api.client.generic(
        method,
        f"/api{path}",
        body,
        content_type="application/x-www-form-urlencoded",
        secure=True,
        headers={"Origin": ORIGIN, "Authorization": f"Bearer {api.access}"},
    )


@pytest.mark.parametrize("sent", ["labels=a", "labels[0]=a", "sealed.name=n"])
def test_a_form_writes_no_more_than_json(may, sent):
    """Forms name what is inside of a field, as `field[0]` and `field.inner`."""
    assert as_form(may(CHANGE), "POST", "/whole", sent).json()
    answer = as_form(may(), "POST", "/whole", sent)
    assert answer.status_code == 400, answer.json()
    assert codes(answer) == ["permission_denied"]


def test_a_rule_for_no_field_is_a_mistake_that_shows(it):
    class Misspelt(RoleSerializer):
        readable_with = {"descripton": VIEW}

    with pytest.raises(ImproperlyConfigured, match="descripton"):
        Misspelt(it).data  # noqa: B018


@pytest.mark.parametrize("context", [{}, {"request": None}, {"request": SimpleNamespace()}])
def test_where_nobody_asks_nothing_is_allowed(it, context):
    assert RoleSerializer(it, context=context).data.keys() == {"name", "rank", "mfa_required"}
    refused = RoleSerializer(it, data={"rank": 3}, partial=True, context=context)
    assert not refused.is_valid()
    assert refused.errors.keys() == {"rank"}
    inactive = SimpleNamespace(user=None)
    assert "description" not in RoleSerializer(it, context={"request": inactive}).data
