"""The webhook function's cold start: import and first call, measured from the birth of the process."""

from bench.cold import began, ended

if __name__ == "__main__":
    event = began()
    from functions.webhooks.handler import handle

    ended(handle(event, None))
