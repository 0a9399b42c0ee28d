"""The rows of accounts: users, one-time links, invitations, and logins that wait for a proof."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.addresses import MAX_LENGTH
from accounts.base_user import AbstractEmailUser, legacy_hashes
from tokens.models import Restriction, Transport


class User(AbstractEmailUser):
    """The project's own user; a host project may swap it for another AbstractEmailUser."""

    class Meta:
        swappable = "AUTH_USER_MODEL"
        indexes = [legacy_hashes("accounts_user_legacy")]


class Purpose(models.TextChoices):
    VERIFY_EMAIL = "verify_email", "Verify an address"
    RESET_PASSWORD = "reset_password", "Reset a password"
    INVITATION = "invitation", "Accept an invitation"
    CHANGE_EMAIL = "change_email", "Confirm a new address"
    UNDO_EMAIL = "undo_email", "Undo a change of address"
    NOT_ME = "not_me", "Disown what happened"


class OneTimeToken(models.Model):
    """A mailed link. Its secret never rests in clear.

    The request inserts the row without a digest; the worker makes the secret, stores its digest
    if the row is still alive, and mails the secret to `recipient`. A row without a user is a
    decoy: the same work for an address that nobody has, dead from the start. While it lives it
    `reserves` an address (folded), which nobody else may take meanwhile.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    purpose = models.CharField(max_length=24, choices=Purpose)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.CASCADE,
        related_name="one_time_tokens",
    )
    recipient = models.CharField(max_length=MAX_LENGTH)
    state = models.CharField(max_length=64, blank=True, editable=False)
    payload = models.JSONField(default=dict, editable=False)
    reserves = models.CharField(max_length=MAX_LENGTH, blank=True, editable=False)
    digest = models.CharField(max_length=64, null=True, unique=True, editable=False)  # noqa: DJ001  (unique)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)
    spent_at = models.DateTimeField(null=True)
    killed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "one-time link"
        indexes = [
            models.Index(
                fields=["user", "purpose"],
                condition=Q(spent_at=None, killed_at=None),
                name="accounts_link_live",
            ),
            models.Index(
                fields=["reserves"], condition=~Q(reserves=""), name="accounts_link_reserves"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.id}"

    @classmethod
    def alive(cls, now: datetime | None = None) -> "models.QuerySet[OneTimeToken]":
        return cls.objects.filter(
            spent_at=None, killed_at=None, expires_at__gt=now or timezone.now()
        )

    def spend(self) -> bool:
        """Use the link up; False if somebody was faster. One conditional UPDATE."""
        return bool(
            self.alive()
            .filter(pk=self.pk, digest=self.digest)
            .update(spent_at=timezone.now(), payload={})
        )


class Invitation(models.Model):
    """What comes with an invitation beside its link: who sent it, and roles that they give."""

    link = models.OneToOneField(
        OneTimeToken, primary_key=True, on_delete=models.CASCADE, related_name="invitation"
    )
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="invitations_sent",
    )
    roles = models.ManyToManyField("rbac.Role", blank=True, related_name="+")

    class Meta:
        default_permissions = ("view",)
        permissions = [("invite_user", "Can invite people")]

    def __str__(self) -> str:
        return str(self.pk)


class PendingLogin(models.Model):
    """A login that has proved a first factor and waits for the next: the row behind a ticket."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="pending_logins"
    )
    epoch = models.PositiveIntegerField()
    stage = models.CharField(max_length=100)
    auth_methods = models.JSONField(default=list)
    transport = models.CharField(max_length=8, choices=Transport)
    remember_me = models.BooleanField(default=False)
    restriction = models.CharField(max_length=16, choices=Restriction, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)
    spent_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.id)

    def reserve_attempt(self, limit: int) -> bool:
        """Count an attempt before its proof is looked at, so that parallel guesses count too."""
        return bool(self._open().filter(attempts__lt=limit).update(attempts=F("attempts") + 1))

    def spend(self) -> bool:
        """Use the ticket up; False if somebody was faster. One conditional UPDATE."""
        return bool(self._open().update(spent_at=timezone.now()))

    def _open(self) -> "models.QuerySet[PendingLogin]":
        return PendingLogin.objects.filter(pk=self.pk, spent_at=None, expires_at__gt=timezone.now())
