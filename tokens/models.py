"""The rows behind tokens: a session for each login, and the keys that sign."""

import uuid
from collections.abc import Iterator
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
    CLOSED = "closed", "Account closed"
    LIMIT = "limit", "Gave way to a newer login"
    DISOWNED = "disowned", "Not recognized by its owner"
    OPERATOR = "operator", "Ended by an operator"


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
    absolute_expires_at = models.DateTimeField()
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
        permissions = [
            ("introspect", "Can introspect tokens"),
            ("diagnose", "Can diagnose tokens"),
        ]
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

    def recently_proven(self, now: datetime | None = None) -> bool:
        """Whether a sensitive action may go on without another proof (step-up)."""
        age = (now or timezone.now()) - self.proved_at
        return age <= timedelta(seconds=conf().RECENT_AUTHENTICATION)

    def death(self, now: datetime, *, generation: int | None = None) -> Death | None:
        """Why this session is over at `now`, or why a token of that generation no longer speaks for
        it; or None. Its user must be loaded."""
        return next(self.deaths(now, generation=generation), None)

    def deaths(self, now: datetime, *, generation: int | None = None) -> Iterator[Death]:
        """All that there are, for the diagnosis."""
        if self.revoked_at is not None:
            yield Death.REVOKED
        if self.expires_at <= now:
            yield Death.IDLE
        if self.absolute_expires_at <= now:
            yield Death.CAPPED
        if not self.user.is_active:
            yield Death.INACTIVE
        if self.user.credential_epoch != self.epoch:
            yield Death.CREDENTIALS
        if generation is not None and not self.min_generation <= generation <= self.generation:
            yield Death.GENERATION


class KeyState(models.TextChoices):
    NEXT = "next", "Known to everybody, not signing yet"
    ACTIVE = "active", "Signing"
    VERIFYING = "verifying", "Verifying until its last token is dead"
    RETIRED = "retired", "Refused"


class SigningKey(models.Model):
    """A key of the ring. Its private part rests sealed, for as long as it may sign.

    One key is active. The next one is published and known to every process before it signs.
    `not_after` is when the last token of a key is dead.
    """

    kid = models.CharField(primary_key=True, max_length=32)
    algorithm = models.CharField(max_length=8)
    sealed_private = models.TextField(blank=True, editable=False)
    public = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=KeyState)
    created_at = models.DateTimeField(default=timezone.now)
    activated_at = models.DateTimeField(null=True)
    not_after = models.DateTimeField(null=True, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=Q(state="active"), name="tokens_one_active_key"
            ),
            models.UniqueConstraint(
                fields=["state"], condition=Q(state="next"), name="tokens_one_next_key"
            ),
        ]

    def __str__(self) -> str:
        return self.kid

    def signs_for(self, now: datetime) -> timedelta:
        """How long the active key has been signing at `now`."""
        return now - (self.activated_at or self.created_at)
