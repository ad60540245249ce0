"""Which clips a training step sees, and their labels."""
