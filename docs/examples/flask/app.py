"""A Flask service that believes access tokens of Portcullis. It holds only the public keys."""

import os
from typing import Any, NoReturn

import jwt
from flask import Flask, Response, abort, g, jsonify, make_response, request

ISSUER = os.environ["ISSUER"]
AUDIENCE = os.environ.get("AUDIENCE", ISSUER)
ALGORITHMS = ["EdDSA", "ES256", "RS256"]  # no HS256: a public key must not pass for a secret
REQUIRED = ["iss", "aud", "sub", "sid", "iat", "exp", "type"]

# Keeps the keys for 5 minutes; asks for an unknown kid too, but at most once in 30 seconds.
keys = jwt.PyJWKClient(f"{ISSUER}/.well-known/jwks.json", timeout=3)
app = Flask(__name__)


def verify(token: str) -> dict[str, Any]:
    key = keys.get_signing_key(jwt.get_unverified_header(token).get("kid", ""))
    found = jwt.decode_complete(
        token,
        key,
        algorithms=ALGORITHMS,
        issuer=ISSUER,
        audience=AUDIENCE,
        leeway=5,
        options={"require": REQUIRED, "strict_aud": True},
    )
    if found["header"].get("typ") != "at+jwt" or found["payload"]["type"] != "access":
        raise jwt.InvalidTokenError("not an access token")
    return found["payload"]


def refuse(status: int, code: str, **headers: str) -> NoReturn:
    abort(make_response({"detail": code}, status, headers))


@app.before_request
def authenticate() -> None:
    """Every view of this service wants a token; who is calling stands in `g.claims`."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        refuse(401, "not_authenticated", **{"WWW-Authenticate": "Bearer"})
    challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    try:
        g.claims = verify(token.strip())
    except jwt.ExpiredSignatureError:
        refuse(401, "token_expired", **challenge)
    except (jwt.PyJWKClientConnectionError, jwt.PyJWKSetError, OSError, ValueError):
        refuse(503, "unavailable", **{"Retry-After": "5"})
    except jwt.PyJWTError:
        refuse(401, "token_invalid", **challenge)


@app.get("/me")
def me() -> Response:
    return jsonify(sub=g.claims["sub"], roles=g.claims.get("roles", []))


if __name__ == "__main__":
    app.run(port=int(os.environ.get("PORT", "8002")))
