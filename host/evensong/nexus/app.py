"""Puts API, pages, static files and the outermost rules together.

The outermost rules hold for every answer: a browser may load nothing from elsewhere and run nothing inline; nobody
keeps copies of nights in a cache; and a request must have been addressed to this machine by its own name, or any web
site could point a name of its own at 127.0.0.1 and let the reader's browser fetch the nights for it (DNS rebinding).
"""

from __future__ import annotations

from http import HTTPStatus

from fastapi import FastAPI, Request
from starlette.datastructures import MutableHeaders
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from evensong.nexus import api, pages, problem
from evensong.nexus.store import Store
from evensong.ui.templating import STATIC

OUR_NAMES = ("127.0.0.1", "localhost")

RULES = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def create_app(store: Store) -> ASGIApp:
    """The ASGI application over an open store, which stays the caller's to close."""
    app = FastAPI(title="Evensong Nexus", docs_url=None, redoc_url=None, openapi_url="/api/v1/openapi.json")
    app.state.store = store
    app.include_router(api.router)
    app.include_router(pages.router)
    app.mount("/static", StaticFiles(directory=STATIC))
    problem.install(app)
    return _OutermostRules(app)


class _OutermostRules:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_rules(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in RULES.items():
                    headers[name] = value
                headers["Cache-Control"] = "no-cache" if scope["path"].startswith("/static/") else "no-store"
            await send(message)

        request = Request(scope)
        if request.headers.get("host", "").rpartition(":")[0] in OUR_NAMES or request.headers.get("host") in OUR_NAMES:
            await self._app(scope, receive, send_with_rules)
            return
        sentence = f"This Nexus answers to {' and '.join(OUR_NAMES)} only."
        refusal = problem.answer(request, problem.ProblemError(HTTPStatus.MISDIRECTED_REQUEST, sentence))
        await refusal(scope, receive, send_with_rules)
