"""What is done to many sessions, in the background."""

from django.utils.dateparse import parse_datetime

from portcullis.tasks import retried
from tokens.flows.revoke import revoke_in_batches
from tokens.models import RevokeReason, Session


@retried
def end_sessions_opened_before(moment: str) -> None:
    """End everybody's sessions that are older than `moment` (ISO 8601)."""
    old = Session.objects.filter(created_at__lt=parse_datetime(moment))
    for _ in revoke_in_batches(old, reason=RevokeReason.OPERATOR):
        pass
