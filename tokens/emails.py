"""Notices about sessions to their owner."""

from django.contrib.auth import get_user_model

from portcullis import mail
from portcullis.tasks import retried
from tokens.models import Session


@retried
def mail_reuse_notice(session_id: str, user_id: str) -> None:
    """Tell the owner that a stolen or copied refresh token ended one of their sessions, also where
    the row of that session is purged by now."""
    user = get_user_model()._base_manager.filter(pk=user_id).first()
    if user is None:
        return
    mail.send(
        "tokens/mail/session_reuse",
        to=getattr(user, user.get_email_field_name()),
        context={"session": Session.objects.filter(pk=session_id).first()},
    )
