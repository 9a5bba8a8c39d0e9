"""The report of an evaluation: a folder with one page, its pictures inline, its figures as JSON, and a model card."""

from evensong.training.report.page import write

__all__ = ["write"]
