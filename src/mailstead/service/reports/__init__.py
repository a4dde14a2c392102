"""What we tell other servers about our dealings with them, and what they tell us."""
