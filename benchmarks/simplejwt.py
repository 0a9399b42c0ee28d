"""SimpleJWT's side: its views under our paths, and what its tables say."""

from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.urls import include, path
from django.utils import timezone
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken
from rest_framework_simplejwt.views import (
    TokenBlacklistView,
    TokenObtainPairView,
    TokenRefreshView,
)

from benchmarks import rows, views
from benchmarks.holders import HOLDERS, closure

api = [
    path("auth/login", TokenObtainPairView.as_view()),
    path("auth/refresh", TokenRefreshView.as_view()),
    path("auth/logout", TokenBlacklistView.as_view()),
]
urlpatterns = [*views.urls(JWTAuthentication), path("api/", include(api))]

USER_FIELDS: dict[str, object] = {}
Membership: Any = get_user_model().groups.through
TOKEN_TABLES = (OutstandingToken, BlacklistedToken)
REFRESHES = 9
"""Of a session that expired: its tokens but the last are blacklisted."""
KEY = "-n"
"""Of a filled row: sequences do not get there."""


def tie(store: object, user: object) -> None:
    """Django's session is all that a page of theirs needs."""


def rotations() -> int:
    return BlacklistedToken.objects.count()


def fill(numbers: range) -> None:
    """As many users, each with a live token: sessions that were never refreshed."""
    token = _issue(fill_users(numbers))
    rows.copy(token, numbers, jti="MD5('live-' || n)", user_id=KEY)


def fill_users(numbers: range) -> Any:
    """As many users like the one that is returned."""
    user = get_user_model().objects.create_user(f"model-{numbers[0]}")
    rows.copy(user, numbers, id=KEY, username="'user-' || n")
    return user


def make_holders(own: list[list[Permission]]) -> None:
    """Groups, which inherit nothing: each is given what the role would inherit."""
    Group.objects.bulk_create(Group(name=f"group-{holder}") for holder in range(HOLDERS))
    for holder in range(HOLDERS):
        _group(holder).permissions.set([it for number in closure(holder) for it in own[number]])


def give(user: Any, holder: int) -> Any:
    return Membership.objects.create(user=user, group=_group(holder))


def give_alike(given: Any, numbers: range, holder: str) -> None:
    """To each of the filled users `n`, the holder that SQL makes from `n`."""
    rows.copy(given, numbers, user_id=KEY, group_id=f"{_group(0).pk} + {holder}")


def _group(holder: int) -> Group:
    return Group.objects.get(name=f"group-{holder}")


def fill_with_expired(count: int) -> None:
    """So many rows in both tables together."""
    token = _issue(get_user_model().objects.create_user("left"))
    token.expires_at -= timedelta(days=30)
    token.save()
    blacklisted = BlacklistedToken.objects.create(token=token)
    tokens = count * (REFRESHES + 1) // (2 * REFRESHES + 1)
    columns = {
        "id": KEY,
        "jti": "MD5('expired-' || n)",
        "expires_at": rows.earlier("expires_at"),
    }
    for numbers in rows.chunks(tokens - 1):
        rows.copy(token, numbers, **columns)
    for numbers in rows.chunks(count - tokens - 1):
        rows.copy(blacklisted, numbers, token_id=KEY)


def expired() -> int:
    now = timezone.now()
    blacklisted = BlacklistedToken.objects.filter(token__expires_at__lte=now)
    return OutstandingToken.objects.filter(expires_at__lte=now).count() + blacklisted.count()


def _issue(user: Any) -> OutstandingToken:
    return OutstandingToken.objects.get(jti=RefreshToken.for_user(user)["jti"])
