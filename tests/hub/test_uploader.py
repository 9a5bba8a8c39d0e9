from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr
from simulated_wearable import Wearable

from evensong.config import NexusSettings
from evensong.hub import documents
from evensong.hub.journal import Journal
from evensong.hub.uploader import Accepted, Ahead, NotNow, Refused, Uploader, ending_of
from evensong.record import Bounds, BoundSource, Kind, Ledger, SpanDocument, State, Steps, Summary
from evensong_wire.models import Hello
from evensong_wire.stream import Stream

NEXUS = "http://nexus.test"


def day(number: int, revision: int = 1) -> SpanDocument:
    steps = Steps(sampled=7, stored=7, transferred=7, staged=7)
    return SpanDocument(
        document_id=UUID(int=number),
        device_id="00" * 8,
        hub_id="11" * 8,
        kind=Kind.DAY,
        state=State.FINAL,
        revision=revision,
        start_utc_ms=None,
        end_utc_ms=None,
        uncertainty_ms=None,
        bounds=Bounds(start=BoundSource.RECORDING, end=BoundSource.RECORDING),
        first_epoch=number,
        stages=("not-night",),
        p=(None,),
        heart_rate_bpm=(None,),
        activity_count=(None,),
        summary=Summary.of(("not-night",)),
        ledger=Ledger(samples=steps, frames=steps),
        passport=None,
        synthetic=False,
    )


class Nexus(httpx.AsyncBaseTransport):
    """Keeps what it is sent as the real one does. answers: given first, one for each request."""

    def __init__(self, *answers: Callable[[httpx.Request], httpx.Response]) -> None:
        self.answers = list(answers)
        self.kept: dict[str, int] = {}
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.answers:
            return self.answers.pop(0)(request)
        document = json.loads(request.content)
        ident = request.url.path.rpartition("/")[2]
        self.kept[ident] = max(self.kept.get(ident, 0), document["revision"])
        return httpx.Response(200, json={"stored_revision": self.kept[ident]})


@pytest.fixture
def filled(journal: Journal) -> Journal:
    wearable = Wearable()
    (hello,) = Stream().feed(wearable.hello())
    assert isinstance(hello.body, Hello)
    journal.greet(hello.body, hello.header, 0)
    for number in range(1, 4):
        documents.write(journal, 1, day(number))
    return journal


def upload(journal: Journal, nexus: Nexus, until: Callable[[], bool]) -> list[float]:
    """Run until the condition holds; return how long the uploader rested each time, without resting."""
    rests: list[float] = []

    async def go() -> None:
        real_sleep = asyncio.sleep

        async def sleep(seconds: float) -> None:
            rests.append(seconds)
            await real_sleep(0)

        settings = NexusSettings(url=NEXUS, token=SecretStr("s3cret"))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("evensong.hub.uploader.asyncio.sleep", sleep)
            task = asyncio.create_task(Uploader(journal, settings, nexus).run(asyncio.Event()))
            for _ in range(10_000):
                if until():
                    break
                await real_sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert until()

    asyncio.run(go())
    return rests


def forwarded(journal: Journal) -> list[tuple[int, int | None]]:
    return [(each.revision, each.accepted_revision) for each in documents.of_timeline(journal, 1)]


def test_every_document_is_put_once_with_the_token(filled: Journal) -> None:
    nexus = Nexus()
    upload(filled, nexus, lambda: len(nexus.kept) == 3)
    assert forwarded(filled) == [(1, 1)] * 3
    assert [request.method for request in nexus.requests] == ["PUT"] * 3
    assert {request.headers["authorization"] for request in nexus.requests} == {"Bearer s3cret"}
    again = Nexus()
    upload(filled, again, lambda: True)
    assert not again.requests


def test_only_what_changed_is_sent_again(filled: Journal) -> None:
    upload(filled, nexus := Nexus(), lambda: len(nexus.kept) == 3)
    documents.write(filled, 1, day(2, revision=2))
    upload(filled, later := Nexus(), lambda: bool(later.kept))
    assert later.kept == {str(UUID(int=2)): 2}


def test_a_nexus_out_of_reach_is_tried_again_with_patience(filled: Journal) -> None:
    def down(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    nexus = Nexus(*[down] * 12)
    rests = upload(filled, nexus, lambda: len(nexus.kept) == 3)
    assert rests == [5, 10, 20, 40, 80, 160, 320, 600, 600, 600, 600, 600]


def test_an_answer_lost_on_the_way_costs_nothing(filled: Journal) -> None:
    def kept_but_lost(request: httpx.Request) -> httpx.Response:
        nexus.kept[request.url.path.rpartition("/")[2]] = 1
        raise httpx.ReadTimeout("silence", request=request)

    nexus = Nexus(kept_but_lost)
    upload(filled, nexus, lambda: forwarded(filled) == [(1, 1)] * 3)
    assert len(nexus.requests) == 4


def test_a_refused_document_is_said_once_and_does_not_hold_up_the_others(filled: Journal) -> None:
    nexus = Nexus(lambda _: httpx.Response(422, json={"detail": "Not a span document."}))
    upload(filled, nexus, lambda: len(nexus.kept) == 2)
    assert forwarded(filled) == [(1, None), (1, 1), (1, 1)]
    assert documents.of_timeline(filled, 1)[0].refused == "422: Not a span document."
    assert len(nexus.requests) == 3


def test_a_refused_token_is_tried_again_in_an_hour(filled: Journal) -> None:
    nexus = Nexus(lambda _: httpx.Response(401, json={"detail": "No such token."}))
    assert upload(filled, nexus, lambda: len(nexus.kept) == 3) == [3600.0]


def test_a_journal_that_was_lost_overtakes_what_the_nexus_has_of_it(filled: Journal) -> None:
    nexus = Nexus()
    nexus.kept[str(UUID(int=1))] = 40
    upload(filled, nexus, lambda: forwarded(filled)[0] == (41, 41))
    assert nexus.kept[str(UUID(int=1))] == 41


@pytest.mark.parametrize(
    ("status", "answer", "ending"),
    [
        (200, {"stored_revision": 3}, Accepted()),
        (201, {"stored_revision": 3}, Accepted()),
        (200, {"stored_revision": 9}, Ahead(9)),
        (409, {"detail": "Other content.", "stored_revision": 3}, Ahead(3)),
        (409, {"detail": "Odd."}, Refused("409: Odd.")),
        (200, {}, NotNow("The answer is not a Nexus's: check `hub.nexus.url`.")),
        (200, {"stored_revision": "3"}, NotNow("The answer is not a Nexus's: check `hub.nexus.url`.")),
        (200, {"stored_revision": 10**30}, NotNow("The answer is not a Nexus's: check `hub.nexus.url`.")),
        (302, {}, NotNow("302: Found")),
        (429, {"detail": "Slowly."}, NotNow("429: Slowly.")),
        (500, {"detail": ["odd"]}, NotNow("500: Internal Server Error")),
        (403, {"detail": "x" * 5000}, Refused("403: " + "x" * 295)),
    ],
)
def test_how_a_put_can_end(status: int, answer: dict[str, object], ending: object) -> None:
    assert ending_of(httpx.Response(status, json=answer), revision=3) == ending


def test_an_answer_that_is_no_json_is_no_nexus() -> None:
    assert isinstance(ending_of(httpx.Response(200, text="<html>a hotel's portal"), 1), NotNow)
