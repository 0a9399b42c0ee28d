"""A FastAPI service that believes access tokens of Portcullis. It holds only the public keys."""

import os
from typing import Annotated, Any

import jwt
import uvicorn
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

ISSUER = os.environ["ISSUER"]
AUDIENCE = os.environ.get("AUDIENCE", ISSUER)
ALGORITHMS = ["EdDSA", "ES256", "RS256"]  # no HS256: a public key must not pass for a secret
REQUIRED = ["iss", "aud", "sub", "sid", "iat", "exp", "type"]

# Keeps the keys for 5 minutes; asks for an unknown kid too, but at most once in 30 seconds.
keys = jwt.PyJWKClient(f"{ISSUER}/.well-known/jwks.json", timeout=3)
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
