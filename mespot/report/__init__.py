"""The HTML report: one self-contained page for a pipeline run or for one's own videos."""
