"""Pages for people and an API for systems: the archive in a browser, without the internet."""
