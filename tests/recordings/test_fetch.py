from __future__ import annotations

import hashlib
import io
import socket
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from evensong.errors import InputError, Unavailable
from evensong.recordings.fetch import fetch

Served = dict[str, bytes]


class Site:
    """A PhysioNet of our own that knows ranges and can break off in the middle."""

    def __init__(self) -> None:
        self.files: Served = {}
        self.asked: list[tuple[str, str | None]] = []
        self.break_at: int | None = None
        site = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                range_ = self.headers["Range"]
                site.asked.append((self.path, range_))
                content = site.files.get(self.path.lstrip("/"))
                if content is None:
                    self.send_error(404)
                    return
                begin = int(range_.removeprefix("bytes=").rstrip("-")) if range_ else 0
                self.send_response(206 if range_ else 200)
                self.send_header("Content-Length", str(len(content) - begin))
                self.end_headers()
                self.wfile.write(content[begin : site.break_at])

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.base = f"http://127.0.0.1:{self.server.server_port}"

    def put(self, root: str, files: Served) -> None:
        self.files |= {f"{root}/{path}": content for path, content in files.items()}
        sums = "".join(f"{hashlib.sha256(content).hexdigest()} {path}\n" for path, content in files.items())
        self.files[f"{root}/SHA256SUMS.txt"] = sums.encode()


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    site = Site()
    thread = threading.Thread(target=site.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield site
    site.server.shutdown()
    site.server.server_close()
    thread.join()


FILES = {
    "heart_rate/1_heartrate.txt": b"0,60\n" * 1000,
    "labels/1_labeled_sleep.txt": b"0 0\n",
    "steps/1_steps.txt": b"0,0\n",
    "LICENSE.txt": b"free",
}


def test_only_what_importers_read_is_fetched_and_only_once(site: Site, tmp_path: Path) -> None:
    site.put("sleep-accel/1.0.0", FILES)
    assert fetch("sleep-accel", tmp_path, base=site.base) == 2
    assert (tmp_path / "heart_rate" / "1_heartrate.txt").read_bytes() == FILES["heart_rate/1_heartrate.txt"]
    assert not (tmp_path / "steps").exists()
    assert fetch("sleep-accel", tmp_path, base=site.base) == 0
    assert len(site.asked) == 4


def test_an_interrupted_file_goes_on_where_it_stopped(site: Site, tmp_path: Path) -> None:
    site.put("sleep-accel/1.0.0", FILES)
    site.put("x", {})
    fetch("sleep-accel", tmp_path, "labels", base=site.base)
    part = tmp_path / "heart_rate" / "1_heartrate.txt.part"
    part.parent.mkdir()
    part.write_bytes(FILES["heart_rate/1_heartrate.txt"][:1234])
    seen: list[tuple[str, int, int]] = []
    assert fetch("sleep-accel", tmp_path, base=site.base, progress=lambda *step: seen.append(step)) == 1
    assert site.asked[-1] == ("/sleep-accel/1.0.0/heart_rate/1_heartrate.txt", "bytes=1234-")
    assert seen[-1] == ("1_heartrate.txt", 5000, 5000)
    assert not part.exists()


def test_a_connection_that_breaks_off_keeps_the_part(site: Site, tmp_path: Path) -> None:
    site.put("sleep-accel/1.0.0", FILES)
    sums = len(site.files["sleep-accel/1.0.0/SHA256SUMS.txt"])
    site.break_at = sums + 100
    with pytest.raises(Unavailable, match="goes on where it stopped"):
        fetch("sleep-accel", tmp_path, "heart_rate", base=site.base)
    site.break_at = None
    assert fetch("sleep-accel", tmp_path, "heart_rate", base=site.base) == 1
    assert site.asked[-1][1] == f"bytes={sums + 100}-"


def test_a_file_of_another_hash_is_not_kept(site: Site, tmp_path: Path) -> None:
    site.put("sleep-accel/1.0.0", FILES)
    site.files["sleep-accel/1.0.0/heart_rate/1_heartrate.txt"] = b"tampered"
    with pytest.raises(InputError, match="SHA256SUMS"):
        fetch("sleep-accel", tmp_path, base=site.base)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_nothing_is_written_outside_the_folder(site: Site, tmp_path: Path) -> None:
    site.put("sleep-accel/1.0.0", {"heart_rate/../../evil.txt": b"x", "labels/..txt": b"x"})
    with pytest.raises(InputError, match="no file whose path"):
        fetch("sleep-accel", tmp_path / "here", base=site.base)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("MMASH/DataPaper/user_1/RR.csv", "a")
        package.writestr("../DataPaper/user_2/RR.csv", "a")
        package.writestr("../evil.csv", "a")
    site.put("mmash/1.0.0", {"MMASH.zip": archive.getvalue()})
    assert fetch("mmash", tmp_path / "here", base=site.base) == 1
    found = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.csv"))
    assert found == ["here/DataPaper/user_1/RR.csv", "here/DataPaper/user_2/RR.csv"]


def test_a_broken_archive_is_said(site: Site, tmp_path: Path) -> None:
    site.put("mmash/1.0.0", {"MMASH.zip": b"PK nothing"})
    with pytest.raises(InputError, match="cannot be unpacked"):
        fetch("mmash", tmp_path, base=site.base)


def test_offline_missing_and_unknown_are_said(site: Site, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="answered 404"):
        fetch("slpdb", tmp_path, base=site.base)
    with pytest.raises(InputError, match="there are sleep-accel, slpdb, mmash"):
        fetch("mesa", tmp_path, base=site.base)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(Unavailable, match="check the network"):
            fetch("slpdb", tmp_path, base=f"http://127.0.0.1:{closed.getsockname()[1]}")
