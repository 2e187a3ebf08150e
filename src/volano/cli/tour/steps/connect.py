"""Step connect: the three doors answer, each to its own stock client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.cli.tour.outcome import Note, require

if TYPE_CHECKING:
    from volano.cli.tour.day import Day


def run(day: Day) -> Note:
    """Ask each door who we are."""
    day.say("sts.get_caller_identity")
    who = day.clients.sts.get_caller_identity()
    day.account = who["Account"]
    require(
        len(day.account) == 12 and day.account.isdigit(),
        expected="an account id of twelve digits from STS",
        got=who,
        todo="check AWS_ENDPOINT_URL",
    )
    day.say("models.list")
    models = [model.id for model in day.clients.openai.models.list()]
    require(
        bool(models),
        expected="at least one model from /v1/models",
        got="an empty list",
        todo="run: volano enable ml",
    )
    day.say("auth.test")
    slack = day.clients.slack.auth_test()
    return Note(
        summary=f"{who['Arn']}, {len(models)} models, Slack user {slack['user']}",
        facts={"arn": who["Arn"], "models": models, "slack_user_id": slack["user_id"]},
    )
