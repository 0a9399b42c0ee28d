"""A Flask service that believes access tokens of Portcullis. It holds only the public keys."""

import os
import time
from typing import Any, NoReturn

import jwt
from flask import Flask, Response, abort, g, jsonify, make_response, request

ISSUER = os.environ["ISSUER"]
AUDIENCE = os.environ.get("AUDIENCE", ISSUER)
ALGORITHMS = ["EdDSA", "ES256", "RS256"]  # no HS256: a public key must not pass for a secret
REQUIRED = ["iss", "aud", "sub", "sid", "iat", "exp", "type"]


class Keys(jwt.PyJWKClient):
    """Keeps the keys for 5 minutes and asks for an unknown kid too, but at most once in 30 seconds.

    After a failure it waits for 5 seconds, since everybody waits while it asks.
    """

    failed_at = float("-inf")

    def fetch_data(self) -> Any:
        if time.monotonic() - self.failed_at < 5:
            raise jwt.PyJWKClientConnectionError("it did not answer a moment ago")
        try:
            return super().fetch_data()
        except jwt.PyJWKClientError:
            self.failed_at = time.monotonic()
            raise


keys = Keys(f"{ISSUER}/.well-known/jwks.json", timeout=2)
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
