"""The API, spoken to as a hub speaks to it, over the real application and a real SQLite file."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from evensong.nexus.app import create_app
from evensong.nexus.store import Store
from evensong.record import MAX_DOCUMENT_BYTES, SpanDocument

Build = Callable[..., SpanDocument]


class Client:
    """What one hub sees of a Nexus."""

    def __init__(self, store: Store, token: str) -> None:
        self._app = create_app(store)
        self._headers = {"authorization": f"Bearer {token}"}

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8420") as client:
                return await client.request(method, path, **{"headers": self._headers} | more)

        return asyncio.run(asked())

    def put(self, document: SpanDocument, **more: Any) -> httpx.Response:
        path = f"/api/v1/documents/{document.document_id}"
        return self.ask("PUT", path, **{"content": document.to_json()} | more)


@pytest.fixture
def hub(store: Store) -> Client:
    return Client(store, store.enroll("bedroom"))


def refused(answer: httpx.Response, status: int) -> str:
    """The one sentence of a refusal."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["title"]
    detail: str = problem["detail"]
    assert detail.endswith(".")
    return detail


def test_a_put_is_idempotent_and_revisions_only_grow(hub: Client, make: Build) -> None:
    first, second = make(epochs=8), make(seed=2, epochs=8, document_id=uuid.UUID(int=1), revision=2)
    created = hub.put(first)
    assert created.status_code == 201
    assert created.json() == {"document_id": str(first.document_id), "result": "created", "stored_revision": 1}
    again = hub.put(first)
    assert (again.status_code, again.json()["result"]) == (200, "already-here")
    assert hub.put(second).json() == created.json() | {"result": "replaced", "stored_revision": 2}
    late = hub.put(first)
    assert (late.status_code, late.json()["result"], late.json()["stored_revision"]) == (200, "newer-here", 2)
    assert hub.ask("GET", f"/api/v1/nights/{first.document_id}").content == second.to_json()


def test_same_revision_other_content_is_a_conflict(hub: Client, make: Build) -> None:
    hub.put(make(epochs=8))
    answer = hub.put(make(epochs=8, synthetic=True))
    assert "higher revision" in refused(answer, 409)
    assert answer.json()["stored_revision"] == 1


def test_the_list_names_nights_without_their_epochs(hub: Client, make: Build) -> None:
    document = make(epochs=8)
    hub.put(document)
    listed = hub.ask("GET", "/api/v1/nights").json()
    assert listed["total"] == 1
    (card,) = listed["nights"]
    assert card["document_id"] == str(document.document_id)
    assert card["epochs"] == 8
    assert card["hub_name"] == "bedroom"
    assert card["summary"] == document.summary.model_dump()
    assert "stages" not in card


def test_what_is_withdrawn_is_gone(hub: Client, make: Build) -> None:
    document = make(epochs=8)
    hub.put(document)
    assert hub.put(document.withdraw()).json()["result"] == "replaced"
    assert hub.ask("GET", "/api/v1/nights").json() == {"nights": [], "total": 0}
    assert "withdrawn" in refused(hub.ask("GET", f"/api/v1/nights/{document.document_id}"), 410)
    assert hub.put(document).json()["result"] == "newer-here", "an old copy does not bring it back"


def test_only_enrolled_hubs_write_and_only_their_own(hub: Client, store: Store, make: Build) -> None:
    document = make(epochs=8)
    for headers in ({}, {"authorization": "Bearer nonsense"}, {"authorization": "Basic " + "x" * 9000}):
        answer = hub.put(document, headers=headers)
        assert "enroll" in refused(answer, 401)
        assert answer.headers["www-authenticate"] == "Bearer"
    hub.put(document)
    other = Client(store, store.enroll("nursery"))
    assert "Another hub" in refused(other.put(make(epochs=8, revision=9)), 403)
    store.revoke("bedroom")
    refused(hub.put(document), 401)


def test_hostile_bodies_are_refused(hub: Client, make: Build) -> None:
    document = make(epochs=8)
    assert "Not a span document" in refused(hub.put(document, content=b"{"), 422)
    elsewhere = f"/api/v1/documents/{uuid.UUID(int=77)}"
    assert "address" in refused(hub.ask("PUT", elsewhere, content=document.to_json()), 422)
    assert "UUID" in refused(hub.ask("PUT", "/api/v1/documents/nonsense", content=document.to_json()), 404)
    assert f"{MAX_DOCUMENT_BYTES:,}" in refused(hub.put(document, content=b" " * (MAX_DOCUMENT_BYTES + 1)), 413)


def test_an_endless_body_is_cut_off(hub: Client, make: Build) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield b" " * 65_536

    refused(hub.put(make(epochs=8), content=endless()), 413)
    assert sent <= MAX_DOCUMENT_BYTES / 65_536 + 2


def test_other_refusals_have_the_same_form(hub: Client) -> None:
    refused(hub.ask("GET", f"/api/v1/nights/{uuid.UUID(int=5)}"), 404)
    refused(hub.ask("GET", "/api/v1/nonsense"), 404)
    refused(hub.ask("DELETE", "/api/v1/nights"), 405)
    refused(hub.ask("GET", "/api/v1/nights?limit=100000"), 422)


def test_a_failure_of_our_own_is_a_problem_too(hub: Client, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "nights", lambda *_: 1 / 0)
    assert "try again" in refused(hub.ask("GET", "/api/v1/nights"), 500)


def test_a_web_site_cannot_borrow_the_readers_browser(hub: Client) -> None:
    for host in ("evil.example", "127.0.0.1.evil.example:8420", "", "localhost.evil.example"):
        assert "answers to" in refused(hub.ask("GET", "/api/v1/nights", headers={"host": host}), 421)
    for host in ("127.0.0.1:8420", "localhost:8420", "localhost"):
        assert hub.ask("GET", "/api/v1/health", headers={"host": host}).json()["status"] == "ok"


def test_the_schema_is_served_and_no_documentation_page_loads_from_elsewhere(hub: Client) -> None:
    assert hub.ask("GET", "/api/v1/span-document.schema.json").json()["title"] == "SpanDocument"
    described = hub.ask("GET", "/api/v1/openapi.json").json()
    assert json.dumps(described).count("span-document.schema.json") >= 1
    refused(hub.ask("GET", "/api/v1/docs"), 404)
    assert hub.ask("GET", "/docs").status_code == 404
