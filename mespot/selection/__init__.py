"""Selection: grid search on held-out subjects and fusion of the branches."""
