"""Fusion of the model and the flow branch: candidates, members, scorers, the system."""
