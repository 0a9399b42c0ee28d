"""SimpleJWT's side: its views under our paths, and what its tables say."""

from django.urls import include, path
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.views import (
    TokenBlacklistView,
    TokenObtainPairView,
    TokenRefreshView,
)

from benchmarks import views

api = [
    path("auth/login", TokenObtainPairView.as_view()),
    path("auth/refresh", TokenRefreshView.as_view()),
    path("auth/logout", TokenBlacklistView.as_view()),
]
urlpatterns = [*views.urls(JWTAuthentication), path("api/", include(api))]

USER_FIELDS: dict[str, object] = {}
TOKEN_TABLES = (OutstandingToken, BlacklistedToken)


def tie(store: object, user: object) -> None:
    """Django's session is all that a page of theirs needs."""


def rotations() -> int:
    return BlacklistedToken.objects.count()
