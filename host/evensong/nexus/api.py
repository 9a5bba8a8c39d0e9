"""The API, version 1: enrolled hubs put documents, anyone on this machine reads nights.

`PUT /api/v1/documents/{document_id}` may be repeated and reordered at will (delivery is at least once). What counts is
`stored_revision` in the answer: the revision that the Nexus has now, which is never lower than the one that was sent.

    201 created · 200 replaced, already-here, newer-here · 401 no such token · 403 another hub's document
    409 same revision, other content · 413 too long · 422 not a document

Reading needs no token because the server listens on the loopback only, until there are accounts.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from evensong.errors import InputError
from evensong.nexus.problem import ProblemError
from evensong.nexus.store import Hub, Outcome, Store, Stored
from evensong.record import MAX_DOCUMENT_BYTES, SCHEMA_PATH, SpanDocument, State, parse

router = APIRouter(prefix="/api/v1")

SCHEMA_URL = "/api/v1/span-document.schema.json"
_BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": {"$ref": SCHEMA_URL}}}}}
_PER_EPOCH = {"stages", "p", "heart_rate_bpm", "activity_count"}


@router.put("/documents/{document_id}", openapi_extra=_BODY)
async def put_document(document_id: UUID, request: Request) -> Response:
    """Keep a revision of a document of the hub whose token came with it."""
    store: Store = request.app.state.store
    hub = await run_in_threadpool(_authenticate, store, request.headers.get("authorization", ""))
    try:
        document = await run_in_threadpool(parse, await _body(request))
    except InputError as error:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, error.message) from None
    if document.document_id != document_id:
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY, "The document's own document_id is not the one in the address."
        )
    outcome, stored = await run_in_threadpool(store.put, hub, document)
    if outcome is Outcome.NOT_YOURS:
        raise ProblemError(
            HTTPStatus.FORBIDDEN, "Another hub wrote this document first, so only that hub may revise it."
        )
    if outcome is Outcome.CONFLICT:
        sentence = f"Revision {stored} is here with other content; send the change under a higher revision."
        raise ProblemError(HTTPStatus.CONFLICT, sentence, stored_revision=stored)
    answer = {"document_id": str(document_id), "result": outcome.value, "stored_revision": stored}
    return JSONResponse(answer, HTTPStatus.CREATED if outcome is Outcome.CREATED else HTTPStatus.OK)


@router.get("/nights")
def nights(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000_000)] = 0,
) -> dict[str, Any]:
    """The nights, the latest first, without their epochs. `total` counts those that were not withdrawn."""
    store: Store = request.app.state.store
    return {"nights": [_listed(n) for n in store.nights(limit, offset)], "total": store.count_nights()}


@router.get("/nights/{document_id}")
def night(document_id: UUID, request: Request) -> Response:
    """The whole document, just as the hub sent it."""
    return Response(find_night(request, document_id).document.to_json(), media_type="application/json")


@router.get("/health")
def health() -> dict[str, Any]:
    return {"status": "ok", "schema_version": SpanDocument.model_fields["schema_version"].default}


@router.get("/span-document.schema.json")
def schema() -> Response:
    """The JSON Schema of a document."""
    return Response(SCHEMA_PATH.read_bytes(), media_type="application/schema+json")


def find_night(request: Request, document_id: UUID) -> Stored:
    """The night of this id, for API and pages; ProblemError if there is none or it was withdrawn."""
    found: Stored | None = request.app.state.store.night(document_id)
    if found is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, "There is no night of this id here.")
    if found.document.state is State.WITHDRAWN:
        raise ProblemError(HTTPStatus.GONE, "This night was withdrawn, and nothing of it is kept here.")
    return found


def _listed(night: Stored) -> dict[str, Any]:
    document = night.document
    card: dict[str, Any] = document.model_dump(mode="json", exclude=_PER_EPOCH)
    return card | {"epochs": len(document.stages), "hub_name": night.hub_name}


def _authenticate(store: Store, authorization: str) -> Hub:
    scheme, _, token = authorization.partition(" ")
    hub = store.hub_of(token.strip()) if scheme.lower() == "bearer" else None
    if hub is None:
        raise ProblemError(
            HTTPStatus.UNAUTHORIZED,
            "This needs an enrolled hub's token (Authorization: Bearer ...); `evensong nexus enroll NAME` prints one.",
        )
    return hub


async def _body(request: Request) -> bytes:
    """The request's body, which is not read further than a document may be long, whatever its headers promise."""
    read = bytearray()
    async for chunk in request.stream():
        read += chunk
        if len(read) > MAX_DOCUMENT_BYTES:
            sentence = f"A document has at most {MAX_DOCUMENT_BYTES:,} bytes; this one is longer."
            raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, sentence)
    return bytes(read)
