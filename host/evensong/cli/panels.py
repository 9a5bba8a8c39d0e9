"""Headings under which `evensong --help` lists the commands; their order is that of the modules in `commands`."""

BEGIN = "Begin here"
RECORDINGS = "Recordings"
NIGHTS = "Nights"
BEDSIDE = "Wearables, hub, Nexus"
FIGURES = "Models and figures"
