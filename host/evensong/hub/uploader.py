"""Documents out: a cursor over the journal's rows, an idempotent PUT for each, and patience.

Invariant: nothing leaves unless the settings name a Nexus and a token. Delivery is at least once; the Nexus keeps the
highest revision, so a PUT that was answered into the void is simply repeated.

How a request can end, and what follows:
    accepted          the cursor moves
    the Nexus is ahead (409, or a higher stored revision): our revision is raised above its own and sent again
    refused (another 4xx)   said once, in a sentence; the next document's turn
    token refused (401)     said once; tried again at `TOKEN_RETRY_S`, for a person has to do something
    anything else           tried again, from `SHORTEST_REST_S` up to `LONGEST_REST_S` later
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import httpx
import structlog

from evensong.config import NexusSettings
from evensong.errors import Unavailable

from . import documents
from .documents import Kept
from .journal import Journal

REQUEST_LIMIT_S = 20.0
SHORTEST_REST_S = 5.0
LONGEST_REST_S = 600.0
TOKEN_RETRY_S = 3600.0
MAX_SENTENCE = 300
MAX_OVERTAKES = 100  # at one go: more documents than a lost journal leaves behind at once

_log = structlog.get_logger("evensong.hub.uploader")


@dataclass(frozen=True, slots=True)
class Accepted:
    pass


@dataclass(frozen=True, slots=True)
class Ahead:
    revision: int


@dataclass(frozen=True, slots=True)
class Refused:
    reason: str


@dataclass(frozen=True, slots=True)
class NotNow:
    reason: str
    token: bool = False


Ending = Accepted | Ahead | Refused | NotNow


class Uploader:
    """transport: in place of sockets, for tests and replays."""

    def __init__(
        self, journal: Journal, settings: NexusSettings, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._journal = journal
        self._settings = settings
        self._transport = transport
        self._nexus = str(settings.url).rstrip("/")

    async def run(self, changed: asyncio.Event) -> None:
        """Send what waits, then wait for more; for ever."""
        failures = 0
        token = self._settings.secret()
        async with httpx.AsyncClient(
            headers={"authorization": f"Bearer {token}"},
            timeout=REQUEST_LIMIT_S,
            transport=self._transport,
            trust_env=False,
            follow_redirects=False,
        ) as client:
            while True:
                changed.clear()
                ending = await self._send_waiting(client)
                if ending is None:
                    failures = 0
                    await changed.wait()
                    continue
                if failures == 0:
                    _log.warning("nexus not reached", nexus=self._nexus, detail=ending.reason)
                rest_s = min(LONGEST_REST_S, SHORTEST_REST_S * 2 ** min(failures, 10))
                failures += 1
                await asyncio.sleep(TOKEN_RETRY_S if ending.token else rest_s)

    async def _send_waiting(self, client: httpx.AsyncClient) -> NotNow | None:
        """Everything behind the cursor. None: all is there."""
        overtakes = 0
        try:
            while (kept := self._waiting()) is not None:
                ending = await self._put(client, kept)
                match ending:
                    case NotNow():
                        return ending
                    case Accepted():
                        documents.accepted(self._journal, self._nexus, kept)
                    case Ahead(revision):
                        overtakes += 1
                        if overtakes > MAX_OVERTAKES:
                            return NotNow("The Nexus is ahead of every revision it is sent.")
                        documents.overtake(self._journal, self._nexus, kept, revision)
                    case Refused(reason):
                        _log.error("refused", document=str(kept.document_id), revision=kept.revision, detail=reason)
                        documents.refused(self._journal, self._nexus, kept, reason)
        except Unavailable as error:
            return NotNow(error.message)
        return None

    def _waiting(self) -> Kept | None:
        with self._journal.errors():
            return documents.waiting(self._journal, self._nexus)

    async def _put(self, client: httpx.AsyncClient, kept: Kept) -> Ending:
        url = f"{self._nexus}/api/v1/documents/{kept.document_id}"
        try:
            response = await client.put(
                url, content=kept.content.encode(), headers={"content-type": "application/json"}
            )
        except httpx.HTTPError as error:
            return NotNow(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
        return ending_of(response, kept.revision)


def ending_of(response: httpx.Response, revision: int) -> Ending:
    """What an answer to a PUT of this revision means."""
    stored = _stored_revision(response)
    if response.is_success:
        if stored is None:
            return NotNow("The answer is not a Nexus's: check `hub.nexus.url`.")
        return Ahead(stored) if stored > revision else Accepted()
    if response.status_code == httpx.codes.CONFLICT and stored is not None:
        return Ahead(max(stored, revision))
    sentence = _sentence(response)
    if response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.PROXY_AUTHENTICATION_REQUIRED):
        return NotNow(sentence, token=True)
    retried = (httpx.codes.REQUEST_TIMEOUT, httpx.codes.TOO_EARLY, httpx.codes.TOO_MANY_REQUESTS)
    if response.is_client_error and response.status_code not in retried:
        return Refused(sentence)
    return NotNow(sentence)


def _said(response: httpx.Response, key: str) -> object:
    """What the answer's JSON object holds under this key; None if it is no such object."""
    try:
        answer = response.json()
    except ValueError:
        return None
    return answer.get(key) if isinstance(answer, dict) else None


def _stored_revision(response: httpx.Response) -> int | None:
    found = _said(response, "stored_revision")
    return found if isinstance(found, int) and 0 < found < 1_000_000_000 else None


def _sentence(response: httpx.Response) -> str:
    """What the Nexus says (RFC 9457 `detail`), else its status."""
    detail = _said(response, "detail")
    told = detail if isinstance(detail, str) else response.reason_phrase
    return f"{response.status_code}: {told}"[:MAX_SENTENCE]
