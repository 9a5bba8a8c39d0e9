"""What a sniffer hears on the virtual radio."""

from __future__ import annotations

from typing import Any

import pytest

from evensong.virtual import gateway as gateway_module

from .on_air import Air


@pytest.fixture
def sniffed(monkeypatch: pytest.MonkeyPatch) -> dict[str, Air]:
    """By the wearable's address."""
    air: dict[str, Air] = {}
    write, notify = gateway_module.Gateway._write, gateway_module.Gateway._notify

    def heard_write(self: Any, connection: int, handle: int, value: bytes) -> Any:
        air.setdefault(self._address, Air()).writes.append(value)
        return write(self, connection, handle, value)

    def heard_notify(self: Any, payload: bytes) -> None:
        air.setdefault(self._address, Air()).notifications.append(payload[4:])
        notify(self, payload)

    monkeypatch.setattr(gateway_module.Gateway, "_write", heard_write)
    monkeypatch.setattr(gateway_module.Gateway, "_notify", heard_notify)
    return air
