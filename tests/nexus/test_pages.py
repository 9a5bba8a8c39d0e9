"""The pages without a browser: whole, self-contained, and escaping what strangers named."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest

from evensong.config import load
from evensong.nexus.app import create_app
from evensong.nexus.store import Store
from evensong.record import Cause, Gap, Ledger, SpanDocument, Stage, Steps

Build = Callable[..., SpanDocument]
VOID = {"meta", "link", "img", "br", "input"}
HOSTILE = "\"><script>alert(1)</script>&<b onclick=x>'{{7*7}}"


def get(store: Store, path: str) -> httpx.Response:
    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(store), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8420") as client:
            return await client.get(path)

    return asyncio.run(asked())


class Page(HTMLParser):
    """Fails on tags that do not nest; collects addresses, ids, attribute names and elements."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.attributes: set[str] = set()
        self.tags: set[str] = set()
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        self.tags.add(tag)
        for name, value in attributes:
            self.attributes.add(name)
            if name in ("href", "src", "action"):
                self.addresses.append(value or "")
            if name == "id":
                self.ids.append(value or "")

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag


def keep(store: Store, *nights: SpanDocument) -> None:
    hub = store.hub_of(store.enroll(HOSTILE[:60]))
    assert hub is not None
    for night in nights:
        store.put(hub, night)


def odd_nights(make: Build) -> dict[str, SpanDocument]:
    n = 700
    nothing: dict[str, Any] = {
        "stages": (Stage.UNKNOWN,) * n,
        "p": (None,) * n,
        "heart_rate_bpm": (None,) * n,
        "activity_count": (None,) * n,
        "ledger": Ledger(
            samples=Steps(sampled=None, stored=None, transferred=90, staged=90),
            frames=Steps(sampled=None, stored=None, transferred=9, staged=9),
        ),
    }
    gaps = (
        Gap(from_ms=3_000_000, to_ms=3_010_000, cause=Cause.REBOOT, lost_s=10, samples=7),
        Gap(from_ms=-(10**12), to_ms=10**12, cause=Cause.MISSING, lost_s=1e9),
    )
    no_clock = dict.fromkeys(("start_utc_ms", "end_utc_ms", "uncertainty_ms", "utc_offset_min"))
    return {
        "usual": make(),
        "one epoch": make(epochs=1),
        "two days": make(epochs=5_760, seed=4),
        "nothing known": make(epochs=n, **nothing),
        "no clock": make(epochs=300, first_epoch=-100, **no_clock),
        "gaps": make(ledger=Ledger(samples=make().ledger.samples, frames=make().ledger.frames, gaps=gaps)),
        "hostile": make(device_name=HOSTILE, source=HOSTILE, citation=HOSTILE, synthetic=True),
        "a broken clock": make(epochs=2, start_utc_ms=0, end_utc_ms=345_600_000, utc_offset_min=-1_080),
    }


@pytest.mark.parametrize(
    "kind", ["usual", "one epoch", "two days", "nothing known", "no clock", "gaps", "hostile", "a broken clock"]
)
def test_every_night_is_a_whole_page_that_needs_nothing_from_elsewhere(store: Store, make: Build, kind: str) -> None:
    document = odd_nights(make)[kind]
    keep(store, document)
    for path in ("/", f"/nights/{document.document_id}"):
        answer = get(store, path)
        assert answer.status_code == 200
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        page = Page(answer.text)
        assert all(address.startswith(("/", "#")) for address in page.addresses)
        assert not {a for a in page.attributes if a.startswith("on")} | ({"style"} & page.attributes)
        assert "style" not in page.tags
        assert len(page.ids) == len(set(page.ids))
        assert "alert(1)</script>" not in answer.text
        assert "onclick" not in page.attributes


def test_addresses_on_the_pages_exist(store: Store, make: Build) -> None:
    document = make(epochs=20)
    keep(store, document)
    for path in ("/", f"/nights/{document.document_id}"):
        for address in Page(get(store, path).text).addresses:
            if not address.startswith("#"):
                assert get(store, address).status_code == 200, address


def test_the_night_says_what_became_of_every_sample(store: Store, make: Build) -> None:
    nights = odd_nights(make)
    keep(store, *[d.model_copy(update={"document_id": uuid.UUID(int=i)}) for i, d in enumerate(nights.values())])
    texts = {kind: get(store, f"/nights/{uuid.UUID(int=i)}").text for i, kind in enumerate(nights)}
    assert "14,211 samples: all sampled, stored, transferred, staged and forwarded; nothing lost." in texts["usual"]
    assert "how many the wearable took is not known" in texts["nothing known"]
    assert "10 s, 7 samples lost, because the wearable restarted." in texts["gaps"]
    assert "synthetic: nobody slept this night" in texts["hostile"]
    assert "A night without a clock" in texts["no clock"]
    assert "−0:50" in texts["no clock"], "times before the recording's zero"
    assert "does not diagnose" in texts["usual"]
    assert "Fell asleep after" in texts["usual"]


def test_an_empty_nexus_teaches_what_to_do(store: Store) -> None:
    page = get(store, "/").text
    Page(page)
    for step in ("evensong demo", "evensong nexus enroll bedroom", "http://127.0.0.1:8420", "evensong hub run"):
        assert step in page
    store.enroll("<i>attic</i>")
    assert "Enrolled: &lt;i&gt;attic&lt;/i&gt;." in get(store, "/").text


def test_the_settings_that_an_empty_nexus_shows_are_a_hubs(store: Store, tmp_path: Path) -> None:
    shown = re.search(r"<code>(\[.*?)</code>", get(store, "/").text, re.DOTALL)
    assert shown
    file = tmp_path / "evensong.toml"
    file.write_text(unescape(shown[1]), encoding="utf-8")
    assert str(load(file).hub.nexus.url) == "http://127.0.0.1:8420/"


def test_long_lists_come_in_pages(store: Store, make: Build) -> None:
    keep(store, *[make(epochs=2, document_id=uuid.UUID(int=i)) for i in range(31)])
    first, second = get(store, "/").text, get(store, "/?page=2").text
    assert first.count('class="card"') == 30
    assert "/?page=2" in first
    assert second.count('class="card"') == 1
    assert "/?page=1" in second
    assert "No nights this far back" in get(store, "/?page=3").text


def test_people_get_a_page_when_something_is_not_there(store: Store, make: Build) -> None:
    document = make(epochs=2)
    keep(store, document, document.withdraw())
    cases = {"/nights/nonsense": 404, f"/nights/{uuid.UUID(int=9)}": 404, "/nowhere": 404, "/?page=0": 422}
    for path, status in (cases | {f"/nights/{document.document_id}": 410}).items():
        answer = get(store, path)
        assert answer.status_code == status
        Page(answer.text)
        assert "To the nights" in answer.text


def test_a_failure_of_our_own_is_a_page_under_the_same_rules(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "nights", lambda *_: 1 / 0)
    answer = get(store, "/")
    assert answer.status_code == 500
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "try again" in answer.text
