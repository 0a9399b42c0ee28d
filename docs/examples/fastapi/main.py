"""A FastAPI service that believes access tokens of Portcullis. It holds only the public keys."""

import os
import time
from typing import Annotated, Any

import jwt
import uvicorn
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

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
bearer = HTTPBearer(auto_error=False)
app = FastAPI()


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


def refusal(code: str, challenge: str = 'Bearer error="invalid_token"') -> HTTPException:
    return HTTPException(401, code, {"WWW-Authenticate": challenge})


def caller(
    sent: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
) -> dict[str, Any]:
    """Their claims. Not async: fetching keys blocks, so FastAPI runs this in a thread."""
    if sent is None:
        raise refusal("not_authenticated", "Bearer")
    try:
        return verify(sent.credentials)
    except jwt.ExpiredSignatureError:
        raise refusal("token_expired") from None
    except (jwt.PyJWKClientConnectionError, jwt.PyJWKSetError, OSError, ValueError):
        raise HTTPException(503, "unavailable", {"Retry-After": "5"}) from None
    except jwt.PyJWTError:
        raise refusal("token_invalid") from None


@app.get("/me")
def me(claims: Annotated[dict[str, Any], Depends(caller)]) -> dict[str, Any]:
    return {"sub": claims["sub"], "roles": claims.get("roles", [])}


if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ.get("PORT", "8001")))
