"""The demonstration: fictional dossiers, their papers, and a guided tour."""
