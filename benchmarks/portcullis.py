"""This project's side: its URLs, and what its tables say."""

from django.db.models import Sum
from django.utils import timezone

from benchmarks import views
from config import urls
from tokens.authentication import TokenAuthentication
from tokens.models import Session

urlpatterns = [*views.urls(TokenAuthentication), *urls.urlpatterns]

USER_FIELDS = {"email_verified_at": timezone.now()}
TOKEN_TABLES = (Session,)


def rotations() -> int:
    return Session.objects.aggregate(done=Sum("generation", default=0))["done"]
