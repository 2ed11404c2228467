"""What words tell without a model of the next event: search by words, keywords of people, sentiment of reviews."""
