"""The steps that are about the token, in the order in which the server takes them.

Each asks the server's own rule and adds what it found. The last asks the server as a whole, so that
a rule made later is not missed here.
"""

import dataclasses
import time
from collections.abc import Iterator
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import router

from tokens import jwt
from tokens.authentication import authenticate_token
from tokens.conf import conf
from tokens.diagnosis.steps import (
    Step,
    away,
    brief,
    failed,
    judged,
    passed,
    shown,
    skipped,
    until,
)
from tokens.diagnosis.token import Token, broken
from tokens.errors import TokenExpired, TokenInvalid
from tokens.flows.rotate import check_refresh, within_grace
from tokens.jwt import Claims, Kind
from tokens.keyring import ring
from tokens.models import Death, KeyState, Session, SigningKey, Transport


def steps(token: Token) -> Iterator[Step]:
    if not token.raw:
        yield failed("present", "nothing was given")
        return
    yield passed("present", f"{len(token.raw)} characters")
    yield _format(token)
    yield _key(token)
    yield _signature(token)
    for name, judge in (OF_THE_CLAIMS | OF_THE_ROWS).items():
        if not token.payload:
            yield skipped(name, "there are no claims to read")
        elif token.verified:
            yield judge(token)
        elif name in OF_THE_ROWS:
            yield skipped(name, "not looked for: nobody has verified this token")
        else:
            step = judge(token)
            yield dataclasses.replace(step, reason=f"unverified: {step.reason}")
    yield _server(token)


def _format(token: Token) -> Step:
    problems = list(_malformed(token))
    advice = "Compare with what was issued: was it cut off, wrapped, quoted or escaped?"
    return judged("format", problems, fine=f"{token.kind} token", advice=advice)


def _malformed(token: Token) -> Iterator[str]:
    raw = token.raw
    if len(raw) > jwt.MAX_BYTES:
        yield f"{len(raw)} characters, of {jwt.MAX_BYTES} at most"
    if not jwt.COMPACT.fullmatch(raw):
        yield f"not three parts of base64url, joined by dots ({raw.count('.')} dots)"
        return
    if flaw := broken(jwt.read_part, raw, 0):
        yield f"header: {flaw}"
    elif flaw := broken(jwt.kind_of, token.header):
        yield f"{flaw}: {shown(token.header)}"
    if flaw := broken(jwt.read_part, raw, 1):
        yield f"claims: {flaw}"


def _key(token: Token) -> Step:
    kid, alg = token.header.get("kid"), token.header.get("alg")
    keys = SigningKey.objects.using(router.db_for_write(SigningKey)).defer("sealed_private")
    row = next((row for row in keys if row.kid == kid), None)
    if kid is None:
        return failed("key", "the header names none")
    if row is None:
        advice = "Another deployment issued the token, or the key is deleted since."
        return failed("key", f"kid {shown(kid)} is not in this ring", advice)
    problems = []
    if row.state == KeyState.RETIRED:
        problems.append("retired: what it signed is refused")
    elif row.not_after and row.not_after <= token.now:
        problems.append(f"its last token expired {until(row.not_after, token.now)}")
    elif ring.get(row.kid) is None:
        problems.append("it does not open: see the log of tokens.keyring")
    if alg != row.algorithm:
        problems.append(f"it is for {row.algorithm}, the header says {shown(alg)}")
    found = f"kid {row.kid} {row.state}, {row.algorithm}"
    return judged("key", [f"{found}: {problem}" for problem in problems], fine=found)


def _signature(token: Token) -> Step:
    if token.flaw is None:
        return skipped("signature", "no key to check it with")
    return judged("signature", [token.flaw] if token.flaw else [], fine="made with that key")


def _times(token: Token) -> Step:
    iat, exp, nbf = (token.payload.get(name) for name in ("iat", "exp", "nbf"))
    if type(iat) is not int or type(exp) is not int or type(nbf or 0) is not int:
        return skipped("times", "not all are integers")
    now = int(time.time())
    ends = "expired" if exp <= now else "expires"
    facts = [f"issued {away(iat - now)}", f"{ends} {away(exp - now)}"]
    facts += [f"good from {away(nbf - now)}"] if nbf else []
    early = broken(jwt.check_beginning, token.payload)
    refused = [", ".join(facts)] if early or jwt.is_expired(exp) else []
    anew = "Log in again." if token.kind is Kind.REFRESH else "Refresh it."
    advice = f"Compare the clocks; {conf().LEEWAY} s are forgiven." if early else anew
    return judged("times", refused, fine=", ".join(facts), advice=advice)


def _claims(token: Token) -> Step:
    payload, kind = token.payload, token.kind
    problems = [broken(jwt.upgraded, payload) and f"ver is {shown(payload.get('ver'))}"]
    if kind is None:
        problems.append("neither typ nor type is ours")
    else:
        problems += _differences(token, kind)
    problems += [broken(jwt.check_integers, payload), broken(jwt.subject, payload)]
    return judged(
        "claims",
        [problem for problem in problems if problem],
        fine=f"iss, aud, type, typ and ver are ours; sub {shown(payload.get('sub'))}",
    )


def _differences(token: Token, kind: Kind) -> list[str]:
    """What the addressee should be and is not."""
    found = {**token.payload, "typ": token.header.get("typ")}
    wanted = {"iss": conf().issuer, "aud": kind.audience, "type": kind.value, "typ": kind.typ}
    odd = [name for name, value in wanted.items() if found.get(name) != value]
    if not broken(jwt.check_addressee, token.payload, kind):
        odd = [name for name in odd if name == "typ"]
    return [f"{name} is {shown(found.get(name))}, not {wanted[name]}" for name in odd]


def _generation(token: Token) -> Step:
    session, gen = token.session, token.generation
    if session is None or gen is None:
        return skipped("generation", "no session to compare it with")
    found = f"{shown(gen)} of {session.generation}, {session.min_generation} is the least accepted"
    if Death.GENERATION in token.deaths:
        return failed("generation", found, _elsewhere(gen, session))
    if token.kind is not Kind.REFRESH or gen == session.generation:
        return passed("generation", found)
    presented = Claims(Kind.REFRESH, "", session.pk, "", gen, 0, token.payload)
    if within_grace(session, presented, token.now):
        return passed("generation", f"{found}: in the grace of {conf().REUSE_GRACE} s")
    advice = "Refreshing with it would end the session as stolen. Its holder missed an answer."
    return failed("generation", f"{found}: it was used before", advice)


def _elsewhere(gen: int, session: Session) -> str:
    if gen > session.generation:
        return "The row is older than the token. Was a backup restored?"
    return "A proof or a changed password came after it. Use the tokens of that answer."


def _session(token: Token) -> Step:
    session = token.session
    if session is None:
        flaw = broken(jwt.subject, token.payload) or "there is no such session"
        advice = "It was deleted, maybe with its user, or it is in another database."
        return failed("session", flaw, advice)
    problems = _over(token, session)
    if str(session.user_id) != jwt.subject(token.payload)[1]:
        problems.append(f"it is of user {session.user_id}, not of the token's sub")
    found = f"{session.transport}, ends {until(session.expires_at, token.now)}"
    if session.restriction:
        found = f"may do one step only ({session.get_restriction_display()})"
        problems += [found] if token.kind is not Kind.REFRESH else []
    advice = "Log in again; or do the step, if there is one." if problems else ""
    if token.kind is Kind.REFRESH and session.transport != Transport.BEARER and not token.in_cookie:
        problems.append(f"{session.transport}: travels in its cookie only: add --cookie")
    return judged("session", problems, fine=found, advice=advice)


def _over(token: Token, session: Session) -> list[str]:
    why = session.get_revoke_reason_display().lower()
    told = {
        Death.REVOKED: (session.revoked_at, f"revoked {{}}: {why}"),
        Death.IDLE: (session.expires_at, "idle too long: ended {}"),
        Death.CAPPED: (session.absolute_expires_at, "as old as it may be: ended {}"),
    }
    over = [told[death] for death in token.deaths if death in told]
    return [text.format(until(moment, token.now)) for moment, text in over if moment]


def _user(token: Token) -> Step:
    user = token.session.user if token.session else _named(token)
    if user is None:
        return failed("user", "there is no such user")
    problems = [] if user.is_active else ["deactivated"]
    if Death.CREDENTIALS in token.deaths:
        problems.append("the password or another credential was changed since the login")
    named = [f"{user.pk}: {problem}" for problem in problems]
    return judged("user", named, fine=f"{user.pk}, active")


def _named(token: Token) -> Any:
    """The user of a session that is gone."""
    if broken(jwt.subject, token.payload):
        return None
    users = get_user_model()._default_manager.using(router.db_for_write(get_user_model()))
    try:
        return users.filter(pk=jwt.subject(token.payload)[1]).first()
    except (ValidationError, ValueError):
        return None


def _server(token: Token) -> Step:
    """What the endpoints ask before they look at restrictions and at the reuse of a token."""
    ask = check_refresh if token.kind is Kind.REFRESH else authenticate_token
    try:
        ask(token.raw)
    except (TokenExpired, TokenInvalid) as error:
        return failed("server", f"refuses it: {brief(str(error))}")
    return passed("server", "accepts it")


OF_THE_CLAIMS = {"times": _times, "claims": _claims}
OF_THE_ROWS = {"generation": _generation, "session": _session, "user": _user}
