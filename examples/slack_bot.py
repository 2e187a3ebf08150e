"""A bot that answers mentions over Socket Mode, with stock slack_bolt.

Run `volano up`, paste SLACK_API_URL, SLACK_BOT_TOKEN and SLACK_APP_TOKEN into your shell, then:

    pip install slack_bolt
    python examples/slack_bot.py

Invite the bot to a channel and write `@volano roll 2d6`.
"""

import os
import random
import re

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

base_url = os.environ["SLACK_API_URL"].rstrip("/") + "/"
client = WebClient(token=os.environ["SLACK_BOT_TOKEN"], base_url=base_url)
app = App(client=client)


@app.event("app_mention")
def answer(event, say):
    found = re.search(r"(\d{1,2})d(\d{1,3})", event["text"])
    if not found:
        say("Ask me for dice: `roll 2d6`", thread_ts=event["ts"])
        return
    dice = [random.randint(1, int(found[2])) for _ in range(int(found[1]))]
    say(f"{' + '.join(map(str, dice))} = *{sum(dice)}*", thread_ts=event["ts"])


if __name__ == "__main__":
    SocketModeHandler(app, os.environ["SLACK_APP_TOKEN"], web_client=client).start()
