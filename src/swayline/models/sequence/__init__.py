"""The parts of the sequence model: settings, packed batches, network, blocks, losses, negatives, training."""
