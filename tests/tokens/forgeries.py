"""What an attacker sends for an access token: recipes that make it from a good one, by name."""

import json
import time
import uuid

from tests.tokens import forge
from tests.tokens.forge import ABSENT, encode, unpack, with_claims, with_header, with_part

NEW_FIELDS = {
    "jku": "https://evil.example/jwks.json",
    "x5u": "https://evil.example/cert.pem",
    "x5c": ["MIIB"],
    "jwk": {"kty": "oct", "k": "AAAA"},
    "crit": ["exp"],
    "b64": True,
    "zip": "DEF",
    "cty": "JWT",
}
FUTURE = 4_000_000_000


def unsigned(alg: str):
    def make(raw: str) -> str:
        header, claims = unpack(raw)
        return forge.sign({**header, "alg": alg}, claims).rpartition(".")[0] + ".AA"

    return make


def signed_elsewhere(**header: object):
    def make(raw: str) -> str:
        ours, claims = unpack(raw)
        return forge.sign({**ours, **header}, claims, secret=forge.other_secret())

    return make


def header(**fields: object):
    return lambda raw: with_header(raw, **fields)


def claims(**fields: object):
    return lambda raw: with_claims(raw, **fields)


def raw_header(text: bytes):
    return lambda raw: forge.sign(text, unpack(raw)[1])


def raw_claims(text: bytes):
    return lambda raw: forge.sign(unpack(raw)[0], text)


def twice(part: int, name: str, other: object, *, first: bool):
    """The member `name` a second time, its forged value standing first or last."""

    def make(raw: str) -> str:
        parts: list = list(unpack(raw))
        body = json.dumps(parts[part])
        forged = f'"{name}": {json.dumps(other)}'
        doubled = f"{{{forged}, {body[1:]}" if first else f"{body[:-1]}, {forged}}}"
        parts[part] = doubled.encode()
        return forge.sign(*parts)

    return make


SIGNATURES = {
    "alg none": unsigned("none"),
    "alg None": unsigned("None"),
    "alg none, signed all the same": header(alg="none"),
    "alg none, no signature": lambda raw: forge.sign(*unpack(raw)).rpartition(".")[0] + ".",
    "alg HS512": header(alg="HS512"),
    "alg RS256 with the kid of an HS256 key": header(alg="RS256"),
    "alg is no string": header(alg=["HS256"]),
    "alg missing": header(alg=ABSENT),
    "another key under our kid": signed_elsewhere(),
    "another key under its own kid": signed_elsewhere(kid="0123456789abcdef"),
    "empty key, unknown kid": lambda raw: forge.sign(
        {**unpack(raw)[0], "kid": "../../dev/null"}, unpack(raw)[1], secret=b"\0"
    ),
    "kid missing": header(kid=ABSENT),
    "kid null": header(kid=None),
    "kid a number": header(kid=1),
    "kid a list": header(kid=["a"]),
    "kid an object": header(kid={"a": 1}),
    "signature of another token": lambda raw: with_part(
        raw, 2, with_claims(raw, jti="other").split(".")[2]
    ),
    "claims exchanged": lambda raw: with_part(raw, 1, with_claims(raw, gen=9).split(".")[1]),
    **{f"header field {name}": header(**{name: value}) for name, value in NEW_FIELDS.items()},
    "typ JWT": header(typ="JWT"),
    "typ missing": header(typ=ABSENT),
    "typ refresh+jwt": header(typ="refresh+jwt"),
    "typ with media type": header(typ="application/at+jwt"),
    "typ in capitals": header(typ="AT+JWT"),
    "typ a list": header(typ=["at+jwt"]),
    "header field twice, ours last": twice(0, "kid", "evil", first=True),
    "header field twice, ours first": twice(0, "alg", "none", first=False),
}
CLAIMS = {
    "iss of somebody else": claims(iss="https://evil.example"),
    "iss with a slash more": claims(iss="https://portcullis.test/"),
    "iss missing": claims(iss=ABSENT),
    "iss a list": claims(iss=["https://portcullis.test"]),
    "aud of somebody else": claims(aud="https://evil.example"),
    "aud of a refresh token": claims(aud="https://portcullis.test/api/auth/refresh"),
    "aud a list with ours in it": claims(aud=["https://portcullis.test", "https://evil.example"]),
    "aud missing": claims(aud=ABSENT),
    "type refresh": claims(type="refresh"),
    "type missing": claims(type=ABSENT),
    "ver of tomorrow": claims(ver=2),
    "ver 0": claims(ver=0),
    "ver a string": claims(ver="1"),
    "ver null": claims(ver=None),
    "ver missing": claims(ver=ABSENT),
    "ver a list": claims(ver=[1]),
    "ver an object": claims(ver={"1": 1}),
    "ver true": claims(ver=True),
    "ver a float": claims(ver=1.0),
    "iat in the future beyond the leeway": lambda raw: with_claims(raw, iat=int(time.time()) + 8),
    "iat missing": claims(iat=ABSENT),
    "iat a string": claims(iat="1"),
    "iat true": claims(iat=True),
    "iat a float": claims(iat=1.5),
    "nbf in the future": lambda raw: with_claims(raw, nbf=int(time.time()) + 8),
    "nbf a string": claims(nbf="0"),
    "nbf null": claims(nbf=None),
    "exp missing": claims(exp=ABSENT),
    "exp null": claims(exp=None),
    "exp a string": claims(exp=str(FUTURE)),
    "exp a float": claims(exp=float(FUTURE)),
    "exp true": claims(exp=True),
    "exp infinite": claims(exp=float("inf")),
    "exp not a number": claims(exp=float("nan")),
    "gen missing": claims(gen=ABSENT),
    "gen null": claims(gen=None),
    "gen false": claims(gen=False),
    "gen a string": claims(gen="0"),
    "gen a float": claims(gen=0.0),
    "gen a list": claims(gen=[0]),
    "sid missing": claims(sid=ABSENT),
    "sid null": claims(sid=None),
    "sid no UUID": claims(sid="' OR 1=1 --"),
    "sid a number": claims(sid=1),
    "sid a list": claims(sid=["a"]),
    "sub missing": claims(sub=ABSENT),
    "claim twice, ours last": twice(1, "sub", str(uuid.UUID(int=1)), first=True),
    "claim twice, ours first": twice(1, "gen", 0, first=False),
}
ENCODINGS = {
    "empty parts": lambda raw: "..",
    "one part": lambda raw: raw.split(".")[0],
    "two parts": lambda raw: raw.rpartition(".")[0],
    "four parts": lambda raw: f"{raw}.{raw.split('.')[2]}",
    "five parts, as a JWE": lambda raw: f"{raw}.AA.AA",
    "header of one character": lambda raw: with_part(raw, 0, "a"),
    "header of 4n+1 characters": lambda raw: with_part(raw, 0, "aaaaa"),
    "claims of 4n+1 characters": lambda raw: with_part(raw, 1, "aaaaa"),
    "signature of 4n+1 characters": lambda raw: with_part(raw, 2, "aaaaa"),
    "padded": lambda raw: raw + "=",
    "padded claims, signed so": lambda raw: forge.sign(
        unpack(raw)[0], encode(json.dumps(unpack(raw)[1] | {"a": "a" * 3}).encode()) + "="
    ),
    "trailing bits in the signature": lambda raw: with_part(
        raw, 2, forge.trailing_bits(raw.split(".")[2])
    ),
    "trailing bits in the claims, signed so": lambda raw: forge.sign(
        unpack(raw)[0], forge.trailing_bits(_uneven(unpack(raw)[1]))
    ),
    "space inside": lambda raw: raw.replace(".", ". ", 1),
    "line break inside": lambda raw: raw.replace(".", ".\n", 1),
    "standard base64": lambda raw: with_part(raw, 2, "+/" + raw.split(".")[2][2:]),
    "quoted": lambda raw: f"'{raw}'",
    "non-ASCII letter": lambda raw: with_part(raw, 2, "é" + raw.split(".")[2][1:]),
    "full-width digit": lambda raw: raw + "\uff11".encode().decode("latin-1"),
    "over 4096 bytes, signed so": claims(filler="a" * 4096),
    "header no JSON": raw_header(b"{"),
    "header a list": raw_header(b'["alg"]'),
    "header a long number": raw_header(b"1" * 2000),
    "header nested deeply": raw_header(b"[" * 2000),
    "header no UTF-8": raw_header(b'{"alg": "\xff"}'),
    "claims no JSON": raw_claims(b"{"),
    "claims a list": raw_claims(b"[]"),
    "claims a string": raw_claims(b'"sub"'),
    "claims null": raw_claims(b"null"),
    "claims no UTF-8": raw_claims(b'{"sub": "\xff"}'),
    "claims nested deeply": raw_claims(b"[" * 2000),
}
ROW_IS_READ = {
    "gen negative": claims(gen=-1),
    "gen ahead of the row": claims(gen=1),
    "gen huge": claims(gen=10**30),
    "sid of no session": claims(sid=str(uuid.UUID(int=7))),
    "sub of another user": claims(sub=str(uuid.UUID(int=7))),
    "sub a number": claims(sub=7),
    "sub null": claims(sub=None),
}


def _uneven(body: dict) -> str:
    """The encoded body, filled so that its last character carries dropped bits."""
    return next(
        part
        for filler in ("", "a", "aa")
        if len(part := encode(json.dumps(body | {"filler": filler}).encode())) % 4
    )
