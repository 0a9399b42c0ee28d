"""What no page may do, whatever a test is about."""

from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, Response, WebError

PARTS = {"stylesheet", "script", "image", "font"}


class Watch:
    """Notes each message in the console (the Content-Security-Policy complains there), exception,
    request to another origin, missing part and failure of the server."""

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self.origin = origin
        self.complaints: list[str] = []
        self.statuses: list[int] = []  # of pages, redirects included
        context.on("console", self._console)
        context.on("weberror", self._exception)
        context.on("request", self._request)
        context.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        refused = message.text.startswith("Failed to load resource")  # judged by its response
        if message.type in {"error", "warning"} and not refused:
            self.complaints.append(f"{message.page and message.page.url}: {message.text}")

    def _exception(self, error: WebError) -> None:
        self.complaints.append(f"{error.page and error.page.url}: {error.error}")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme != "data" and f"{parts.scheme}://{parts.netloc}" != self.origin:
            self.complaints.append(f"asked {request.url}")

    def _response(self, response: Response) -> None:
        if response.request.is_navigation_request():
            self.statuses.append(response.status)
        missing = response.request.resource_type in PARTS and response.status >= 400
        if missing or response.status >= 500:
            self.complaints.append(f"{response.url} answered {response.status}")
