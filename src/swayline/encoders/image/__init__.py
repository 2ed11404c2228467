"""Pictures to vectors: where they lie, how they are decoded safely, the network that looks at them."""
