"""The pages in headless Chromium, on a phone and a desk, in the dark, in the light and on paper.

The browser is spoken to over its debugging pipe (file descriptors 3 and 4, JSON between zero bytes): no driver needed.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from evensong.nexus.app import create_app
from evensong.nexus.store import Store
from evensong.record import SpanDocument, Stage

pytestmark = pytest.mark.needs_browser

Build = Callable[..., SpanDocument]
PHONE, DESK = (390, 844), (1280, 900)

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)


class Browser:
    """One tab. `events` holds everything the browser said unasked since the last `open`."""

    def __init__(self, profile: Path) -> None:
        to_read, self._write = os.pipe()
        self._read, to_write = os.pipe()
        onto_3_and_4 = f'exec "$@" 3<&{to_read} 4>&{to_write}'
        self._process = subprocess.Popen(
            ["bash", "-c", onto_3_and_4, "-", "chromium", *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(to_read, to_write),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_read)
        os.close(to_write)
        self._unread = b""
        self._number = 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []
        target = next(t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page")
        attached = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._write)
        os.close(self._read)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        number = self._number
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != number:
            self.events.append(answer)
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    def view(self, width: int, height: int, scheme: str, media: str = "screen") -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", media=media, features=features)

    def open(self, url: str) -> None:
        self.events.clear()
        self.call("Page.navigate", url=url)
        while not any(e.get("method") == "Page.loadEventFired" for e in self.events):
            self.events.append(self._next())

    def run(self, expression: str) -> Any:
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def press(self, key: str) -> None:
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key)

    def point(self, x: float, y: float) -> None:
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def said(self, method: str) -> list[dict[str, Any]]:
        return [event["params"] for event in self.events if event.get("method") == method]

    def screenshot(self, path: Path) -> None:
        """To look at: `pytest tests/nexus/test_browser.py --basetemp DIR` leaves one for every view."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]))

    def assert_content(self, address: str) -> None:
        """Nothing scrolls sideways, nothing came from elsewhere, the browser has nothing to complain of."""
        assert self.run("document.documentElement.scrollWidth <= innerWidth")
        asked = [event["request"]["url"] for event in self.said("Network.requestWillBeSent")]
        assert all(url.startswith(address) for url in asked), asked
        assert self.said("Log.entryAdded") == []
        assert self.said("Runtime.exceptionThrown") == []

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._unread:
            chunk = os.read(self._read, 1 << 16)
            assert chunk, "chromium went away"
            self._unread += chunk
        line, _, self._unread = self._unread.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        return message


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    opened = Browser(tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, make: Build) -> Iterator[str]:
    """A Nexus with a usual night (1), one of which nothing is known (2) and one of two days (3)."""
    with Store.open(tmp_path_factory.mktemp("store") / "n.sqlite3") as store:
        hub = store.hub_of(store.enroll("bedroom"))
        assert hub is not None
        nothing: dict[str, Any] = {
            "stages": (Stage.UNKNOWN,) * 100,
            **dict.fromkeys(("p", "heart_rate_bpm", "activity_count"), (None,) * 100),
        }
        store.put(hub, make(device_name="a name as long as they come, " * 2))
        store.put(hub, make(epochs=100, document_id=uuid.UUID(int=2), **nothing))
        store.put(hub, make(epochs=5_760, document_id=uuid.UUID(int=3), citation="x" * 300))
        yield from served(store)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with Store.open(tmp_path_factory.mktemp("store") / "n.sqlite3") as store:
        yield from served(store)


def served(store: Store) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(create_app(store), log_config=None, lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        server.should_exit = True
        thread.join()


def night(number: int) -> str:
    return f"nights/{uuid.UUID(int=number)}"


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("size", [PHONE, DESK])
@pytest.mark.parametrize("path", ["", night(1), night(2), night(3)])
def test_a_page_fits_and_needs_nothing_from_elsewhere(
    browser: Browser, address: str, tmp_path: Path, path: str, size: tuple[int, int], scheme: str
) -> None:
    browser.view(*size, scheme)
    browser.open(address + path)
    browser.run("document.querySelectorAll('details').forEach((d) => (d.open = true))")
    browser.assert_content(address)
    browser.screenshot(tmp_path / "page.png")


@pytest.mark.parametrize("size", [PHONE, DESK])
def test_the_empty_page_fits_too(browser: Browser, empty: str, tmp_path: Path, size: tuple[int, int]) -> None:
    browser.view(*size, "light")
    browser.open(empty)
    browser.assert_content(empty)
    browser.screenshot(tmp_path / "page.png")


def test_text_can_be_read_against_its_ground(browser: Browser, address: str) -> None:
    """WCAG 2.2 AA: a contrast of 4.5 to 1 for all small text, in the dark and in the light."""
    contrast = """
      (() => {
        const light = (c) => c.match(/[\\d.]+/g).slice(0, 3).map((v) => v / 255)
          .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
          .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
        const ground = (e) => {
          for (; e; e = e.parentElement) {
            const c = getComputedStyle(e).backgroundColor;
            if (!c.endsWith(", 0)")) return c;
          }
        };
        const failing = [];
        for (const e of document.querySelectorAll("main *, header *, footer *")) {
          const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
          if (!own || e.closest("title, desc, script") || !e.getClientRects().length) continue;
          const style = getComputedStyle(e);
          const [a, b] = [light(e.closest("svg") ? style.fill : style.color), light(ground(e))].sort((x, y) => y - x);
          if ((a + 0.05) / (b + 0.05) < 4.5) failing.push(e.className + ": " + e.textContent.trim().slice(0, 30));
        }
        return failing;
      })()"""
    for scheme in ("dark", "light"):
        for path in ("", night(1)):
            browser.view(*DESK, scheme)
            browser.open(address + path)
            assert browser.run(contrast) == [], scheme


def test_the_crosshair_follows_pointer_and_keys(browser: Browser, address: str) -> None:
    browser.view(*DESK, "dark")
    browser.open(address + night(1))
    assert browser.run("readout.hidden")
    box = browser.run("(({left, top, width}) => [left, top, width])(axis.getBoundingClientRect())")
    browser.point(box[0] + box[2] / 2, box[1] - 100)
    assert browser.run("readout.textContent").startswith("03:00:00 · ")
    browser.run("chart.focus()")
    browser.press("Home")
    assert browser.run("chart.getAttribute('aria-valuetext')").startswith("23:00:00 · Wake · likeliest ")
    browser.press("ArrowRight")
    browser.press("ArrowRight")
    browser.press("ArrowLeft")
    assert browser.run("readout.textContent").startswith("23:00:30 · ")
    browser.press("End")
    assert browser.run("chart.getAttribute('aria-valuenow')") == "959"
    browser.press("Escape")
    assert browser.run("readout.hidden")
    browser.assert_content(address)


def test_the_crosshair_says_when_nothing_is_known(browser: Browser, address: str) -> None:
    browser.view(*PHONE, "dark")
    browser.open(address + night(2))
    browser.run("chart.focus()")
    browser.press("End")
    assert browser.run("readout.textContent").endswith("Unknown · no heart rate · movement not measured")
    browser.assert_content(address)


def test_a_digest_can_be_copied_whole(browser: Browser, address: str) -> None:
    browser.view(*DESK, "light")
    browser.open(address + night(1))
    assert browser.run("document.querySelectorAll('.copy').length") == 3
    browser.run("document.querySelector('.copy').click()")
    assert browser.run("new Promise((r) => setTimeout(() => r(document.querySelector('.copy').textContent)))") != "copy"
    assert browser.run("document.querySelector('.digest').textContent") == "5d41" * 16


def test_a_night_can_be_printed(browser: Browser, address: str) -> None:
    browser.view(794, 1123, "dark", "print")
    browser.open(address + night(1))
    assert browser.run("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    browser.assert_content(address)
