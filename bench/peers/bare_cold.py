"""A process that starts, reads the event, and ends: what every cold start begins with."""

from bench.cold import began, ended

if __name__ == "__main__":
    began()
    ended({"statusCode": 200})
