"""A meeting's agenda, drafted from what happened since the last one."""
