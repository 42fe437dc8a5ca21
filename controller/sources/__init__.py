"""How do other people's inventories get here? The processes and connections that fetch them; nothing is kept."""
