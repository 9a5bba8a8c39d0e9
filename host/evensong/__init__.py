"""Evensong on the host: hub, Nexus, staging, recordings and the command line; docs/architecture.md shows the rooms."""
