"""Pages for people, in the process of the service: what comes in, what moves whom, what the lists are worth.

::

    face      the room as the application takes it: routes, problems as pages
    routes    pages, deeds (what a form changes), signing in, assets
    pulse     live events and their funnel, read once for everybody who watches
    run       the served run folder, through the report's own sections
    person    a person now, and what if some of their events were gone
    explorer  rows of the ledger with verdict and association
    spread    whom to start with
    rendering pages from templates, in a language

Nothing is computed here that the API, the report or another room computes: pages ask their functions.
"""
