"""The pages: the list of nights, and one night. Rendered here, complete without JavaScript."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from evensong.nexus.api import find_night
from evensong.nexus.html import render
from evensong.nexus.store import Store
from evensong.ui.night import NightCard, NightView

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

PAGE_NIGHTS = 30


@router.get("/")
def nights(request: Request, page: Annotated[int, Query(ge=1, le=1_000_000)] = 1) -> HTMLResponse:
    store: Store = request.app.state.store
    total = store.count_nights()
    found = store.nights(PAGE_NIGHTS, (page - 1) * PAGE_NIGHTS)
    return HTMLResponse(
        render(
            "nights.html",
            cards=[NightCard.of(n.document, n.hub_name) for n in found],
            total=total,
            page=page,
            older=page * PAGE_NIGHTS < total,
            hubs=[hub for hub in store.hubs() if not hub.revoked],
            address=str(request.base_url).rstrip("/"),
        )
    )


@router.get("/nights/{document_id}")
def night(document_id: UUID, request: Request) -> HTMLResponse:
    found = find_night(request, document_id)
    return HTMLResponse(render("night_page.html", night=NightView.of(found.document, found.hub_name)))
