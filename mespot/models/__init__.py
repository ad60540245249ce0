"""Networks: LGI-Former, VideoMAE ViT, masked auto-encoder, classifier."""
