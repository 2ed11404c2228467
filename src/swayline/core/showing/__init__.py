"""What a person sees of a result: a table that shows itself, pictures, Mermaid text, settings of an estimator."""
