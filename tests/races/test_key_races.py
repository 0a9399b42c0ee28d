"""Several processes that migrate at the same moment."""

import pytest

from tests.races.crowd import all_at_once
from tokens.keyring import ensure_active_key, ring
from tokens.models import KeyState, SigningKey
from tokens.signals import signing_key_created

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]


ROUNDS = 10


def test_processes_that_make_the_first_key_at_once_end_up_with_one(listen):
    for _ in range(ROUNDS):
        heard = listen(signing_key_created)
        SigningKey.objects.all().delete()

        all_at_once(*[ensure_active_key] * 6)

        key = SigningKey.objects.get()
        assert key.state == KeyState.ACTIVE
        assert ring.active().kid == key.kid
        assert [fact["kid"] for fact in heard] == [key.kid]
