"""Texts to vectors: a local folder of the BERT family, its tokens, its layers, and whether it can read the language."""
