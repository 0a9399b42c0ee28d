"""Why somebody may do something, or may not: every ground, in words too."""

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.utils import timezone

from portcullis.errors import FieldErrors
from rbac.explain import explain
from rbac.models import Role
from tests.rbac.making import CHANGE, HOUR, VIEW, hold, make_role, now, permission
from tests.rbac.test_backend import OURS

pytestmark = pytest.mark.django_db


def grounds(user, code: str = VIEW, **asked) -> list[tuple[str, tuple[str, ...], bool]]:
    """And that the answer is has_perm's."""
    found = explain(now(user), code, **asked)
    assert found.allowed is now(user).has_perm(code, *asked.values())
    assert str(found).startswith("Allowed: " if found.allowed else "Refused: ")
    return [(each.via, each.path, each.in_force) for each in found.grounds]


def test_nothing_gives_it(someone):
    ada = someone()
    assert grounds(ada) == []
    assert str(explain(ada, VIEW)) == "Refused: nothing gives it to this account."


def test_every_way_is_told(someone):
    make_role("top", VIEW)
    make_role("middle", parents=("top",))
    make_role("low", VIEW, parents=("middle",))
    group = Group.objects.create(name="viewers")
    group.permissions.add(permission(VIEW))
    Role.objects.get(slug="user").permissions.add(permission(VIEW))
    ada = someone("low", may=(VIEW,))
    ada.groups.add(group)
    hold(ada, "middle", expires_at=timezone.now() + HOUR)
    assert grounds(ada) == [
        ("user", (), True),
        ("group", (), True),
        ("role", ("user",), True),
        ("role", ("low",), True),
        ("role", ("low", "middle", "top"), True),
        ("role", ("middle", "top"), True),
    ]
    text = str(explain(ada, VIEW))
    assert "by the group viewers" in text
    assert "by the role low, which inherits it from middle and that from top" in text
    assert "which inherits it from top, until " in text


def test_the_nearest_way_through_a_diamond_is_told(someone):
    make_role("top", VIEW)
    make_role("left", parents=("top",))
    make_role("right", parents=("left",))
    make_role("low", parents=("right", "left"))
    assert grounds(someone("low")) == [("role", ("low", "left", "top"), True)]


def test_what_was_and_what_will_be(someone):
    make_role("past", VIEW)
    make_role("future", VIEW)
    ada, moment = someone(), timezone.now()
    hold(ada, "past", starts_at=moment - 2 * HOUR, expires_at=moment - HOUR)
    hold(ada, "future", starts_at=moment + HOUR, expires_at=moment + 2 * HOUR)
    assert grounds(ada) == [("role", ("future",), False), ("role", ("past",), False)]
    found = explain(ada, VIEW)
    assert f"by the role past, which expired {moment - HOUR:%Y-%m-%d %H:%M} UTC" in str(found)
    assert f"by the role future, which begins {moment + HOUR:%Y-%m-%d %H:%M} UTC" in str(found)
    assert [each.expires_at for each in found.grounds] == [moment + 2 * HOUR, moment - HOUR]
    assert {each.reason for each in found.grounds} == {"test"}


def test_a_superuser_may_everything_and_is_admin_too(someone):
    root = someone(is_superuser=True)
    assert grounds(root) == [
        ("superuser", (), True),
        ("role", ("admin",), True),
    ]
    assert grounds(root, "auth.view_group") == [("superuser", (), True)]
    assert "a superuser may do everything" in str(explain(root, VIEW))


def test_somebody_inactive_may_nothing_whatever_they_hold(someone):
    ada = someone("moderator", is_active=False)
    assert grounds(ada) == [("role", ("moderator",), True)]
    assert "inactive" in str(explain(ada, VIEW))
    assert "by the role moderator" in str(explain(ada, VIEW))
    assert grounds(ada, CHANGE) == []
    root = someone(is_superuser=True, is_active=False)
    assert grounds(root)[0] == ("superuser", (), True)


def test_of_one_object_other_backends_decide(someone, settings):
    ada = someone("moderator")
    assert grounds(ada, about=ada) == []
    assert "roles are not about objects" in str(explain(ada, VIEW, about=ada))
    assert grounds(someone(is_superuser=True), about=ada) == [("superuser", (), True)]
    settings.AUTHENTICATION_BACKENDS = [OURS, "tests.rbac.test_backend.PerObject"]
    assert grounds(ada, about=ada) == [("backend", (), True)]
    assert grounds(ada, about=someone()) == []


@pytest.mark.parametrize("code", ["", "accounts", "accounts.gone", "gone.view_user", "view_user"])
def test_a_permission_that_does_not_exist(someone, code):
    with pytest.raises(FieldErrors) as raised:
        explain(someone(), code)
    assert raised.value.errors["permission"][0][0] == "does_not_exist"


def test_a_parent_that_is_made_while_roles_are_read_is_not_there_yet(someone):
    ada, made = someone("moderator"), []

    def meanwhile(execute, sql, *rest):
        if sql.startswith("SELECT") and "rbac_role_parents" in sql and not made:
            made.append("late")
            Role.objects.get(slug="moderator").parents.add(make_role(*made, VIEW))
        return execute(sql, *rest)

    with connection.execute_wrapper(meanwhile):
        explain(ada, CHANGE)
    assert made
    assert ("role", ("moderator", "late"), True) in grounds(ada)
