"""Functions of ``import swayline as sw`` that walk through several rooms; each is one call with a result to show."""
