"""Why roles refuse: 403 for whoever reaches too high, 409 for what must stay."""

from portcullis.errors import AuthError


class PermissionDenied(AuthError):
    """Somebody reaches for their own account, or for one that may do as much, or more."""

    code = "permission_denied"
    message = "You may not do that to your own account, or to one that may do as much as you."
    status = 403


class OutOfReach(PermissionDenied):
    """A role, or what it holds, is not theirs to give, to change or to take."""

    message = "You may only touch roles that rank below yours and hold nothing that you lack."


class SomebodyLoses(PermissionDenied):
    message = "Somebody who ranks as high as you, or may do more, would lose something by it."


class SystemRoleStays(PermissionDenied):
    message = "This role is part of every installation. It can be changed, not deleted."


class LastAdmin(AuthError):
    code = "last_admin"
    message = "This is the last administrator. Make somebody else one first."
    status = 409
