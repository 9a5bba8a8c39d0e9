"""How a hub and a wearable talk: byte streams (`ble`, `serial`), what is said over them (`conversation`, `session`)."""
