"""Mailed links in the admin, read only."""

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from tokens.admin import ReadOnlyAdmin, moment


class OneTimeTokenAdmin(ReadOnlyAdmin):
    """Mailed links. Decoys, which belong to nobody, are left out: they are traffic, not accounts'.

    What could open or forge one (digest, state, payload) is not even read from the database.
    """

    list_display = (
        "purpose",
        "user",
        "recipient",
        moment("created_at", "created"),
        moment("expires_at", "expires"),
        "how_it_is",
    )
    list_filter = ("purpose",)
    list_select_related = ("user",)
    ordering = ("-created_at", "pk")
    search_fields = ("recipient", "user__email")
    fields = readonly_fields = (
        "purpose",
        "user",
        "recipient",
        "how_it_is",
        "created_at",
        "expires_at",
        "spent_at",
        "killed_at",
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        links = super().get_queryset(request).filter(user__isnull=False)
        return links.defer("digest", "state", "payload").annotate(mailed=Q(digest__isnull=False))

    @admin.display(description="state")
    def how_it_is(self, link: Any) -> str:
        if link.spent_at:
            return "Spent"
        if link.killed_at:
            return "Replaced or withdrawn"
        if link.expires_at <= timezone.now():
            return "Expired"
        return "Mailed" if link.mailed else "Waiting for the worker"
