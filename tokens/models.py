"""The rows behind tokens: a session for each login, and the keys that sign."""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from tokens.conf import conf


class Transport(models.TextChoices):
    """How a session's tokens travel. Chosen at login, fixed for the session's life."""

    COOKIE = "cookie", "Cookies"
    HYBRID = "hybrid", "Access token in the body, refresh token in a cookie"
    BEARER = "bearer", "Both tokens in the body"


class Restriction(models.TextChoices):
    """The one step that a restricted session may do before it is whole."""

    ENROL_MFA = "enrol_mfa", "Enrol a second factor"
    CHANGE_PASSWORD = "change_password", "Change the password"
    REOPEN = "reopen", "Reopen the account"


class RevokeReason(models.TextChoices):
    LOGOUT = "logout", "Logged out"
    ENDED = "ended", "Ended from another session"
    REPLACED = "replaced", "Another login in the same browser"
    REUSE = "reuse", "An old refresh token came back"
    PASSWORD = "password", "Password changed or reset"
    VERIFIED = "verified", "Opened before the address was verified"
    STAFF = "staff", "Ended by staff"
    DEACTIVATED = "deactivated", "Account deactivated"


class Death(models.TextChoices):
    """Why a session no longer speaks for its user. For logs and diagnosis only."""

    REVOKED = "revoked"
    IDLE = "idle too long"
    CAPPED = "past its absolute end"
    INACTIVE = "user inactive"
    CREDENTIALS = "credentials changed since login"
    GENERATION = "generation outside of the family's"


class SessionQuerySet(models.QuerySet["Session"]):
    def open(self, now: datetime | None = None) -> "SessionQuerySet":
        """Those that would be accepted now, as far as SQL can tell: `Session.death` in a WHERE."""
        now = now or timezone.now()
        users = Session._meta.get_field("user").related_model._default_manager
        owner = users.filter(
            pk=OuterRef("user_id"), is_active=True, credential_epoch=OuterRef("epoch")
        )
        return self.filter(
            Exists(owner), revoked_at=None, expires_at__gt=now, absolute_expires_at__gt=now
        )


class Session(models.Model):
    """One login on one device: the token family that the `sid` claim names.

    Refreshing never adds a row. A signed token carries the generation it was issued in, so
    `generation` and `min_generation` are the blacklist of every earlier token.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="login_sessions"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)
    absolute_expires_at = models.DateTimeField(db_index=True)
    transport = models.CharField(max_length=8, choices=Transport)
    remember_me = models.BooleanField(default=False)
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=400, blank=True)
    auth_methods = models.JSONField(default=list)
    proved_at = models.DateTimeField(default=timezone.now)
    second_factor_at = models.DateTimeField(null=True)
    restriction = models.CharField(max_length=16, choices=Restriction, blank=True)
    generation = models.PositiveIntegerField(default=0)
    min_generation = models.PositiveIntegerField(default=0)
    rotated_at = models.DateTimeField(null=True)
    epoch = models.PositiveIntegerField()
    revoked_at = models.DateTimeField(null=True)
    revoke_reason = models.CharField(max_length=16, choices=RevokeReason, blank=True)

    objects = SessionQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["user", "-last_used_at"],
                condition=Q(revoked_at=None),
                name="tokens_session_live",
            )
        ]

    def __str__(self) -> str:
        return str(self.id)

    def idles_out(self, now: datetime) -> datetime:
        """When the session ends unless it is used again after `now`."""
        idle = timedelta(seconds=conf().idle_lifetime(remember_me=self.remember_me))
        return min(now + idle, self.absolute_expires_at)

    def death(self, now: datetime, *, generation: int | None = None) -> Death | None:
        """Why this session is over at `now`, or why a token of that generation no longer speaks for
        it; or None. Its user must be loaded."""
        if self.revoked_at is not None:
            return Death.REVOKED
        if self.expires_at <= now:
            return Death.IDLE
        if self.absolute_expires_at <= now:
            return Death.CAPPED
        if not self.user.is_active:
            return Death.INACTIVE
        if self.user.credential_epoch != self.epoch:
            return Death.CREDENTIALS
        outside = generation is not None and not (
            self.min_generation <= generation <= self.generation
        )
        return Death.GENERATION if outside else None


class KeyState(models.TextChoices):
    NEXT = "next", "Published, not signing yet"
    ACTIVE = "active", "Signing"
    VERIFYING = "verifying", "Verifying until its last token is dead"
    RETIRED = "retired", "Refused"


class SigningKey(models.Model):
    """A key of the ring. Its private part rests sealed; one key at most is active."""

    kid = models.CharField(primary_key=True, max_length=32)
    algorithm = models.CharField(max_length=8)
    sealed_private = models.TextField(editable=False)
    public = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=KeyState)
    created_at = models.DateTimeField(default=timezone.now)
    not_after = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=Q(state="active"), name="tokens_one_active_key"
            )
        ]

    def __str__(self) -> str:
        return self.kid
