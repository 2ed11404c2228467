"""The section on whether what a run found may be used."""
