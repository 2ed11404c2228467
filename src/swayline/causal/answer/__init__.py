"""What is answered of a table: an arm or a dose or an instrument, judged, and its rows in the ledger."""
