"""Evaluation: metrics files, plots, timelines, report."""
