"""Why a token is accepted or not: the checklist of the `diagnosetoken` command and of the admin.

For operators only: it names what answers to the outside keep to themselves. Of a token that nobody
has verified, neither session nor user is looked for, or whoever may diagnose could look up anybody
by a `sid`: the price is that a token whose key has left the ring tells no more of its session.
"""

from tokens.diagnosis import browser, checklist
from tokens.diagnosis.pasted import LONGEST, Pasted, read_pasted
from tokens.diagnosis.steps import Outcome, Step
from tokens.diagnosis.token import Token

__all__ = ["LONGEST", "Outcome", "Pasted", "Step", "diagnose", "failures", "read_pasted"]


def diagnose(raw: str, *, origin: str | None = None, cookie: bool = False) -> list[Step]:
    """Every step that a request with this token goes through; one that fails hides none behind it.

    A refresh token is judged as the refresh endpoint would, without being used. `origin` is that of
    a page that sends the token, `cookie` says that it travels in its cookie.
    """
    token = Token(raw, cookie=cookie)
    return [*checklist.steps(token), *browser.steps(token, origin=origin)]


def failures(steps: list[Step]) -> list[str]:
    """The names of the steps at which the token is refused; none if it is accepted."""
    return [step.name for step in steps if step.outcome is Outcome.FAILED]
