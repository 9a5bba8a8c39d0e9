"""What the pages of hub and Nexus share: drawings, words, templates and style sheet. Pure; knows neither."""
