"""Textbook PyTorch for what Hugging Face has no class for. Every product, mask and scale is written out."""
