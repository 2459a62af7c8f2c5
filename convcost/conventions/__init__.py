"""What other tools would count, part by part. To add a tool, add a `Convention` to `tools.CONVENTIONS`."""
