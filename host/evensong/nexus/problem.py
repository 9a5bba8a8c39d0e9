"""Refusals. To programs they are problem+json (RFC 9457), one sentence in `detail`; to people, a page that says it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.exceptions import HTTPException

from evensong.nexus.html import render


class ProblemError(Exception):
    """sentence: what is wrong and what to do. more: further members of the JSON object."""

    def __init__(self, status: int, sentence: str, **more: Any) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.more = more


def answer(request: Request, problem: ProblemError) -> Response:
    title = HTTPStatus(problem.status).phrase
    headers = {"WWW-Authenticate": "Bearer"} if problem.status == HTTPStatus.UNAUTHORIZED else {}
    if request.url.path.startswith("/api/"):
        members = {"type": "about:blank", "title": title, "status": problem.status, "detail": problem.sentence}
        return JSONResponse(members | problem.more, problem.status, headers, media_type="application/problem+json")
    page = render("problem.html", title=title, sentence=problem.sentence)
    return HTMLResponse(page, problem.status, headers)


def install(app: FastAPI) -> None:
    """Every way to fail, of ours, of FastAPI and of the router, gets the same form."""

    async def ours(request: Request, problem: Exception) -> Response:
        assert isinstance(problem, ProblemError)
        return answer(request, problem)

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        sentences = {
            HTTPStatus.NOT_FOUND: "There is nothing at this address.",
            HTTPStatus.METHOD_NOT_ALLOWED: f"This address does not take {request.method}.",
        }
        return answer(
            request, ProblemError(error.status_code, sentences.get(HTTPStatus(error.status_code), error.detail))
        )

    async def malformed(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        if "document_id" in first["loc"]:
            return answer(
                request, ProblemError(HTTPStatus.NOT_FOUND, "A night's address ends in its UUID; this one does not.")
            )
        where = ".".join(str(part)[:40] for part in first["loc"])
        return answer(request, ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, f"{where}: {first['msg']}."))

    async def unforeseen(request: Request, _error: Exception) -> Response:
        sentence = "The Nexus failed at this, and its log says where; nothing was changed, so try again."
        return answer(request, ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, sentence))

    app.add_exception_handler(ProblemError, ours)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, malformed)
    app.add_exception_handler(Exception, unforeseen)
