"""The Nexus: keeps the span documents that enrolled hubs send, and shows them. It derives nothing itself."""
