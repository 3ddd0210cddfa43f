"""The history of the catalogue's tables, applied by `Catalogue.migrate`."""
