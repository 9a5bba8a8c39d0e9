"""The report of an evaluation: a folder with one page, its pictures inline, its figures as JSON, and a model card."""
