"""What both sides of a measurement talk to: servers that answer at once, so that only the client's work is measured."""
