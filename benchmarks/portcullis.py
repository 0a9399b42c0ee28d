"""This project's side: its URLs, and what its tables say."""

from typing import Any

from django.db.models import Sum
from django.utils import timezone

from benchmarks import views
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
    store[SID_KEY] = str(
        open_session(
            user=user, transport=Transport.COOKIE, client=Client(), auth_methods=["pwd"]
        ).pk
    )


def rotations() -> int:
    return Session.objects.aggregate(done=Sum("generation", default=0))["done"]
