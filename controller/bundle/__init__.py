"""A run in one file, for those who have not our store."""
