"""Flash pages and what is kept on them."""
