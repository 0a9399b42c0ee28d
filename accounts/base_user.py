"""`AbstractEmailUser`: what a host project's own user model is built on."""

import uuid
from collections.abc import Iterable
from typing import Any, ClassVar, Self

from asgiref.sync import sync_to_async
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.models import Permission, PermissionsMixin, UserManager
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts import addresses
from rbac.effective import forget

MARK = "must_change_password"

SOUND = "argon2$argon2id$v=19$m=19456,t=2,p=1$"
"""What hashes of today's parameters start with."""


def legacy_hashes(name: str) -> models.Index:
    """For `Meta.indexes` of a user model: failing logins ask whether older hashes are left."""
    sound = Q(("password__startswith", SOUND)) | Q(("password__startswith", "!"))
    return models.Index(fields=["id"], condition=~sound, name=name)


class EmailUserQuerySet(models.QuerySet["AbstractEmailUser"]):
    def update(self, **values: Any) -> int:
        """Changing passwords in bulk counts too, unless the epoch is given."""
        if "password" in values and "credential_epoch" not in values:
            values["credential_epoch"] = F("credential_epoch") + 1
            values.setdefault("must_change_password", False)
        return super().update(**values)


class EmailUserManager(BaseUserManager["AbstractEmailUser"]):
    def get_queryset(self) -> EmailUserQuerySet:
        return EmailUserQuerySet(self.model, using=self._db)

    def create_user(
        self, email: str, password: str | None = None, **fields: Any
    ) -> "AbstractEmailUser":
        """Save a user. Without a password the account has none that could be guessed."""
        user = self.model(email=email, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(
        self, email: str, password: str | None = None, **fields: Any
    ) -> "AbstractEmailUser":
        """The first administrator: whoever runs the command vouches for the address."""
        staff = {"is_staff": True, "is_superuser": True, "email_verified_at": timezone.now()}
        return self.create_user(email, password, **{**staff, **fields})

    def with_perm(
        self,
        perm: str | Permission,
        is_active: bool | None = True,
        include_superusers: bool = True,
        backend: str | None = None,
        obj: Any = None,
    ) -> Any:
        """Users who have a permission, as Django's UserManager.with_perm."""
        return UserManager.with_perm(self, perm, is_active, include_superusers, backend, obj)  # type: ignore[arg-type]

    def get_by_natural_key(self, username: str | None) -> "AbstractEmailUser":
        return self.get(email_key=addresses.fold(username or ""))


class AddressField(models.EmailField[str, str]):
    """An address, saved as typed with its domain in lower case."""

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        address = addresses.normalize(getattr(model_instance, self.attname))
        setattr(model_instance, self.attname, address)
        return address


class AddressKeyField(models.CharField[str, str]):
    """The folded form of `email`, computed whenever the row is saved, in bulk too."""

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        key = addresses.fold(model_instance.email)  # type: ignore[attr-defined]
        setattr(model_instance, self.attname, key)
        return key


class AbstractEmailUser(AbstractBaseUser, PermissionsMixin):
    """A user known by an e-mail address.

    `credential_epoch` counts the changes of this account's password. Sessions and one-time links
    carry the epoch they were made in and die with it, so nobody has to be told of a change.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = AddressField(
        max_length=addresses.MAX_LENGTH,
        unique=True,
        error_messages={"unique": "A user with that address already exists."},
    )
    email_key = AddressKeyField(max_length=addresses.MAX_LENGTH, unique=True, editable=False)
    name = models.CharField(max_length=150, blank=True)
    email_verified_at = models.DateTimeField(null=True, blank=True)
    is_pending = models.BooleanField(default=False, editable=False)
    """Made by a registration that nobody has confirmed: another one may still take its place."""
    is_contested = models.BooleanField(default=False, editable=False)
    """More than one registration named this address, and none is confirmed."""
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    date_joined = models.DateTimeField(default=timezone.now, editable=False)
    closed_at = models.DateTimeField(null=True, blank=True)
    credential_epoch = models.PositiveIntegerField(default=0, editable=False)
    must_change_password = models.BooleanField(default=False, editable=False)
    """The password is known to attackers: logins lead to where another is chosen."""
    last_login = None  # the session rows know; an UPDATE at every login would buy nothing

    objects: ClassVar[EmailUserManager] = EmailUserManager()

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    _stored_password: str | None = None
    _stored_mark: bool | None = None

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.email

    def clean(self) -> None:
        self.email = addresses.normalize(self.email)

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name

    def save(
        self,
        *args: Any,
        update_fields: Iterable[str] | None = None,
        **kwargs: Any,
    ) -> None:
        """Keep `email_key` with `email`, and count a changed password in the same statement.

        Where the password was not touched it is not written, nor the mark that it must be changed:
        a copy loaded before would bring the old one back, and the sessions that ended with it.
        """
        fields = set(update_fields) if update_fields is not None else None
        if fields and "email" in fields:
            fields.add("email_key")
        saving = fields is None or "password" in fields
        counting = saving and not self._state.adding and self.password != self._stored_password
        if fields is None and not counting and self._is_update(**kwargs):
            fields = self._all_but_credentials()
        if counting:
            self.credential_epoch = F("credential_epoch") + 1
            self.must_change_password = False
            if fields is not None:
                fields |= {"credential_epoch", "must_change_password"}
        super().save(*args, update_fields=fields, **kwargs)
        if saving:
            self._stored_password = self.password
        if fields is None or MARK in fields:
            self._stored_mark = self.__dict__.get(MARK)
        if counting:
            self.refresh_from_db(fields=["credential_epoch"])

    def _is_update(
        self, *, force_insert: Any = False, using: str | None = None, **kwargs: Any
    ) -> bool:
        """Whether a save can only mean the row that this was loaded from."""
        here = using in (None, self._state.db) and self.pk is not None
        return here and not force_insert and not self._state.adding

    def _all_but_credentials(self) -> set[str]:
        loaded = {
            field.name
            for field in self._meta.concrete_fields
            if not field.primary_key and field.attname in self.__dict__
        }
        marked = self.__dict__.get(MARK) != self._stored_mark
        return loaded - {"password", "credential_epoch", *(() if marked else (MARK,))}

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Self:
        user = super().from_db(*args, **kwargs)
        user._stored_password = user.__dict__.get("password")
        user._stored_mark = user.__dict__.get(MARK)
        return user

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        fields = kwargs.get("fields", args[1] if len(args) > 1 else None)
        super().refresh_from_db(*args, **kwargs)
        if fields is None or "password" in fields:
            self._stored_password = self.__dict__.get("password")
        if fields is None or MARK in fields:
            self._stored_mark = self.__dict__.get(MARK)
        if fields is None:
            forget(self)  # what it may do is read anew too

    def check_password(self, raw_password: str | None) -> bool:
        return check_password(raw_password, self.password, self._upgrade_hash)

    async def acheck_password(self, raw_password: str | None) -> bool:
        """In a thread, for Django's own hashes in the event loop."""
        return await sync_to_async(self.check_password)(raw_password)

    def _upgrade_hash(self, raw_password: str) -> None:
        """Same password, stronger hash: no change of credentials, nobody is logged out.

        Conditional on the hash that was checked: a login that overlaps with a password change
        must not write the old password back.
        """
        upgraded = make_password(raw_password)
        checked = type(self)._default_manager.filter(pk=self.pk, password=self.password)
        if checked.update(password=upgraded, credential_epoch=F("credential_epoch")):
            self.password = self._stored_password = upgraded

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """From the epoch instead of the hash, which an upgrade may replace at any login."""
        salt = "accounts.base_user.AbstractEmailUser.session_auth_hash"
        value = f"{self.pk}:{self.credential_epoch}"
        return salted_hmac(salt, value, secret=secret, algorithm="sha256").hexdigest()
