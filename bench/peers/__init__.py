"""The other side: what a developer who starts today would write, or take. Written as a fair newcomer would."""
