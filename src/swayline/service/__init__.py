"""Floor 14: the face for machines and browsers.

An event in, a better recommendation out, an answer to why. ::

    log      the durable event log, and documents beside it (items, users, ties, keys): SQLite, Postgres, Redis
    state    what is known of everybody now: histories, popularity, trends, newcomers
    serving  the model in service: lists, reasons, explanations
    refit    the loop closed: the log becomes a run's input, a newer model is judged and swapped in
    api      HTTP
    client   the service from Python
    mcp      a run folder for language models, read-only
"""
