"""What each model is for, in a line: what ``--model list`` says."""

PURPOSES = {
    "most-popular": "what most people take; the floor that every other model must beat",
    "recent-popular": "what most people took lately; for catalogues that move",
    "pair-recency": "what the person took last, then what anybody did; the floor where people return",
    "markov-chain": "what follows the last items; short sessions, playlists",
    "rules": "the surest short rule, printed beside each row; reasons that anybody can check",
    "naive-bayes": "events as independent witnesses; few events, any behaviours",
    "user-knn": "what the most similar people took; small logs",
    "item-knn": "neighbours of the items in a history; strong and quick, learns in seconds",
    "ease": "item weights by ridge regression; up to some 10,000 items",
    "implicit-als": "factors of people and items; many people, taste more than order",
    "content": "items with the words of a history's items; needs titles or categories",
    "hybrid": "item neighbours and item words together; sparse logs with titles",
    "linear-regression": "least squares on behaviour features; what counts can be read off",
    "logistic-regression": "logistic regression on behaviour features; what counts can be read off",
    "boosted-trees": "trees on behaviour features; several behaviours, enough events",
    "factorization-machine": "products of vectors of features; sparse side columns",
    "gru": "a recurrent state; sessions on two cores",
    "text-sequence": "what titles follow what titles; items that nobody has met yet",
    "shared-entities": "items that share entities of a knowledge graph with the history; needs --graph",
    "graph": "vectors spread along the relations of a knowledge graph; sparse logs, needs --graph",
    "language": "the sequence model with titles beside ids; sparse logs, cold items",
    "multimodal": "ids with pictures, sounds and words beside them; items with any of them and no event",
    "temporal": "recency, rhythm, what follows what, walks and distance; people who return, places",
    "transformer": "the order of what people did, all behaviours and times; the default",
}
"""Model → what it is for; a test holds it equal to the registry."""


def purpose(name: str) -> str:
    """What a model is for; of a plug-in only that it is one.

    >>> purpose("item-knn")
    'neighbours of the items in a history; strong and quick, learns in seconds'
    """
    return PURPOSES.get(name, "a model of an installed plug-in")
