"""What a stranger can compare, and the accounts whose addresses they try."""

TAKEN = {
    "verified": {},
    "unverified": {"email_verified_at": None},
    "inactive": {"is_active": False},
    "inactive and unverified": {"is_active": False, "email_verified_at": None},
}

OF_THE_REQUEST = {"X-Request-ID", "Set-Cookie"}


def outside(response):
    """Status, body and headers, but for those that each request has of its own."""
    headers = {
        name: value for name, value in response.headers.items() if name not in OF_THE_REQUEST
    }
    return response.status_code, response.content, headers, set(response.cookies)
