"""What other tools would count, part by part, and how one layer's figures come about."""
