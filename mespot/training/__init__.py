"""Training: clips, optimiser, one loop with resume, pre-training, fine-tuning."""
