"""Other people's programs that judge what Kho makes, and the few lines that call them."""
