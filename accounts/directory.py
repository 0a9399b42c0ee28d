"""Looking people up, whatever the project's user model is."""

import uuid

from django.contrib.auth import get_user_model

from accounts.addresses import fold
from accounts.base_user import AbstractEmailUser


def find(email: str) -> AbstractEmailUser | None:
    """The user whose address folds like `email`."""
    return get_user_model()._default_manager.filter(email_key=fold(email)).first()


def lock(user_id: uuid.UUID) -> AbstractEmailUser:
    """The user, locked until the transaction ends: whoever changes credentials waits in line.

    Its key is not locked: inserting a row that refers to the user waits for nobody, or a link that
    is ordered while another is spent would be a deadlock.
    """
    return get_user_model()._default_manager.select_for_update(no_key=True).get(pk=user_id)
