"""The key ring for staff: which key signs since when, and the two buttons that change it."""

from typing import Any

from django.contrib import admin
from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.admin.step_up import StepUpAdmin
from accounts.base_user import AbstractEmailUser
from portcullis.client import Client
from tokens.admin import ReadOnlyAdmin, moment
from tokens.flows import prepare_next_key, replace_compromised_keys, rotate_key
from tokens.models import KeyState, SigningKey

ORDER = Case(
    *(When(state=state, then=Value(rank)) for rank, state in enumerate(KeyState)),
    output_field=IntegerField(),
)


def rotate(*, by: AbstractEmailUser, key: SigningKey, client: Client) -> bool:
    """Only the key that signs can be followed by another. Raises KeyTooYoung."""
    return key.state == KeyState.ACTIVE and rotate_key(following=prepare_next_key())


def replace_compromised(*, by: AbstractEmailUser, key: SigningKey, client: Client) -> bool:
    return key.state == KeyState.ACTIVE and bool(replace_compromised_keys())


class SigningKeyAdmin(StepUpAdmin, ReadOnlyAdmin):
    """No private part, sealed or not, is even read from the database."""

    row = "key"
    actions = sensitive_actions = ("rotate", "replace_compromised")
    list_display = ("kid", "algorithm", "state", "age", moment("not_after", "last token dies"))
    fields = readonly_fields = (
        "kid",
        "algorithm",
        "state",
        "age",
        "created_at",
        "activated_at",
        "not_after",
        "public",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[SigningKey]:
        return super().get_queryset(request).defer("sealed_private").order_by(ORDER, "-created_at")

    def has_rotate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("tokens.change_signingkey")

    def buttons(self, request: HttpRequest, row: SigningKey) -> list[str]:
        return ["rotate", "replace_compromised"] if row.state == KeyState.ACTIVE else []

    def describe(self, row: SigningKey) -> str:
        return f"{row.kid}, {row.algorithm}: {row.get_state_display()}"

    @admin.display(description="signing for")
    def age(self, key: SigningKey) -> str:
        if key.state != KeyState.ACTIVE:
            return "-"
        return f"{key.signs_for(timezone.now()).days} days"

    @admin.action(permissions=["rotate"], description="Rotate: the next key signs from now on")
    def rotate(self, request: HttpRequest, keys: QuerySet[Any]) -> HttpResponse | None:
        if "confirmed" in request.POST:
            prepare_next_key()  # it stays published also where it is too young to sign yet
        return self.run(request, keys, rotate, done="Another key signs now.", ask=True)

    @admin.action(
        permissions=["rotate"], description="Compromised: refuse it at once, people log in again"
    )
    def replace_compromised(self, request: HttpRequest, keys: QuerySet[Any]) -> HttpResponse | None:
        done = "Refused. A new key signs now."
        return self.run(request, keys, replace_compromised, done=done, ask=True)
