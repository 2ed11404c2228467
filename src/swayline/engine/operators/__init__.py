"""Every question that tables are asked, one file a family: written once, in the words of a dialect."""
