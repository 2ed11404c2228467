"""What verbs share: options, reading, output, errors at the edge."""
