"""How does an older store become a newer one? Alembic's steps, shipped inside the package."""
