"""Clip classification on ``<path> <label>`` lists: loading, training, two-window test, figures."""
