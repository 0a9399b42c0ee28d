"""What tokens say about roles, and what gives way where that is too much for a cookie."""

import base64
import json

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType

from rbac.models import Role
from tests.doors import Api
from tests.rbac.making import hold, make_role, permission
from tokens.conf import conf

pytestmark = pytest.mark.django_db


def claims_of(access: str) -> dict:
    payload = access.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


@pytest.fixture
def many_permissions():
    kind = ContentType.objects.get_for_model(Role)
    rows = [Permission(content_type=kind, codename=f"do_{n:04}", name=str(n)) for n in range(300)]
    return Permission.objects.bulk_create(rows)


def test_a_token_says_what_the_user_holds(user):
    make_role("editor", "rbac.view_role", rank=20)
    hold(user, "editor")
    answer = Api().login(transport="bearer").answer
    facts = claims_of(answer["access"])
    for told in (facts, answer["user"]):
        assert told["role"] == "editor"
        assert told["roles"] == ["editor", "user"]
        assert told["permissions"] == ["rbac.view_role"]
    assert "permissions_omitted" not in facts


@pytest.mark.parametrize("count", [170, 300], ids=["encoded first", "too long at a glance"])
def test_permissions_give_way(user, many_permissions, count):
    make_role("clerk", rank=20).permissions.set(many_permissions[:count])
    hold(user, "clerk")
    api = Api().login(transport="bearer")
    facts = claims_of(api.access)
    assert facts["permissions_omitted"] is True
    assert "permissions" not in facts
    assert facts["roles"] == ["clerk", "user"]
    assert len(api.access) <= conf().MAX_TOKEN_BYTES
    assert len(api.answer["user"]["permissions"]) == count  # an answer has room for them
    api.take(api.refresh())
    assert claims_of(api.access)["permissions_omitted"] is True


def test_so_many_roles_that_only_the_highest_fits(user):
    for number in range(80):
        hold(user, make_role(f"{'x' * 46}-{number:03}", rank=number + 1).slug)
    api = Api().login(transport="bearer")
    facts = claims_of(api.access)
    assert facts["roles"] == [facts["role"]] == [f"{'x' * 46}-079"]
    assert facts["roles_omitted"] is True
    assert len(api.access) <= conf().MAX_TOKEN_BYTES
    assert len(api.get("/users/profile").json()["roles"]) == 81
    user.user_permissions.add(permission("tokens.introspect"))
    answer = api.post("/auth/token/introspect", {"token": api.access}).json()
    assert len(answer["roles"]) == 81
    assert "roles_omitted" not in answer
