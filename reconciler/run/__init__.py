"""What commands share: an environment opened, a plan made, shown, approved and carried out."""
