"""Floor 1: solvers and corrections that several rooms need, each written once. Arrays in, arrays out."""
