"""Notices about sessions to their owner."""

from portcullis import mail
from portcullis.tasks import retried
from tokens.models import Session


@retried
def mail_reuse_notice(session_id: str) -> None:
    """Tell the owner that a stolen or copied refresh token ended one of their sessions."""
    session = Session.objects.select_related("user").filter(pk=session_id).first()
    if session is None:
        return
    mail.send(
        "tokens/mail/session_reuse",
        to=getattr(session.user, session.user.get_email_field_name()),
        context={"session": session},
    )
