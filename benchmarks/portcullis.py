"""This project's side: its URLs, and what its tables say."""

from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db.models import Sum
from django.utils import timezone

from benchmarks import rows, views
from benchmarks.holders import HOLDERS, parents
from config import urls
from portcullis.client import Client
from rbac.models import Role, RoleAssignment
from tokens.authentication import TokenAuthentication
from tokens.django_session import SID_KEY
from tokens.flows import open_session
from tokens.models import Session, Transport

urlpatterns = [*views.urls(TokenAuthentication), *urls.urlpatterns]

USER_FIELDS = {"email_verified_at": timezone.now()}
TOKEN_TABLES = (Session,)
FILLED = "'user-' || n"


def tie(store: Any, user: Any) -> None:
    """Give the browser's Django session its row."""
    store[SID_KEY] = str(_open(user).pk)


def rotations() -> int:
    return Session.objects.aggregate(done=Sum("generation", default=0))["done"]


def fill(numbers: range) -> None:
    """As many users, each with a live session."""
    session = _open(fill_users(numbers))
    rows.copy(
        session, numbers, id=rows.uuid_from("'session-' || n"), user_id=rows.uuid_from(FILLED)
    )


def fill_users(numbers: range) -> Any:
    """As many users like the one that is returned."""
    user = get_user_model().objects.create_user(f"model-{numbers[0]}@example.com", **USER_FIELDS)
    address = f"{FILLED} || '@example.com'"
    rows.copy(user, numbers, id=rows.uuid_from(FILLED), email=address, email_key=address)
    return user


def make_holders(own: list[list[Permission]]) -> None:
    """Roles that inherit. They are written past the flows, whose guards are not measured."""
    Role.objects.bulk_create(
        Role(slug=f"role-{holder}", name=f"Role {holder}") for holder in range(HOLDERS)
    )
    for holder, permissions in enumerate(own):
        _role(holder).permissions.set(permissions)
        _role(holder).parents.set(map(_role, parents(holder)))


def give(user: Any, holder: int) -> Any:
    return RoleAssignment.objects.create(user=user, role=_role(holder), reason="measured")


def give_alike(given: Any, numbers: range, holder: str) -> None:
    """To each of the filled users `n`, the holder that SQL makes from `n`."""
    role = f"{_role(0).pk} + {holder}"
    rows.copy(given, numbers, user_id=rows.uuid_from(FILLED), role_id=role)


def _role(holder: int) -> Role:
    return Role.objects.get(slug=f"role-{holder}")


def fill_with_expired(count: int) -> None:
    session = _open(get_user_model().objects.create_user("left@example.com", **USER_FIELDS))
    session.expires_at -= timedelta(days=30)
    session.save()
    for numbers in rows.chunks(count - 1):
        columns = {
            "id": rows.uuid_from("'expired-' || n"),
            "expires_at": rows.earlier("expires_at"),
        }
        rows.copy(session, numbers, **columns)


def expired() -> int:
    return Session.objects.filter(expires_at__lte=timezone.now()).count()


def _open(user: Any) -> Session:
    return open_session(
        user=user, transport=Transport.BEARER, client=Client(), auth_methods=["pwd"]
    )
