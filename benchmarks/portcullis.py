"""This project's side: its URLs, and what its tables say."""

from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Sum
from django.utils import timezone

from benchmarks import rows, views
from config import urls
from portcullis.client import Client
from tokens.authentication import TokenAuthentication
from tokens.django_session import SID_KEY
from tokens.flows import open_session
from tokens.models import Session, Transport

urlpatterns = [*views.urls(TokenAuthentication), *urls.urlpatterns]

USER_FIELDS = {"email_verified_at": timezone.now()}
TOKEN_TABLES = (Session,)


def tie(store: Any, user: Any) -> None:
    """Give the browser's Django session its row."""
    store[SID_KEY] = str(_open(user).pk)


def rotations() -> int:
    return Session.objects.aggregate(done=Sum("generation", default=0))["done"]


def fill(numbers: range) -> None:
    """As many users, each with a live session."""
    user = get_user_model().objects.create_user(f"model-{numbers[0]}@example.com", **USER_FIELDS)
    session = _open(user)
    address, user_id = "'user-' || n || '@example.com'", rows.uuid_from("'user-' || n")
    rows.copy(user, numbers, id=user_id, email=address, email_key=address)
    rows.copy(session, numbers, id=rows.uuid_from("'session-' || n"), user_id=user_id)


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
