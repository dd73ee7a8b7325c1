"""The obvious handler's cold start."""

from bench.cold import began, ended

if __name__ == "__main__":
    event = began()
    from bench.peers.obvious_webhook import handler

    ended(handler(event, None))
