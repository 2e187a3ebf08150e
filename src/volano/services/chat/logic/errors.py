"""Slack's error words as errors of the one tree; each names the input in its message."""

from __future__ import annotations

from volano.kernel.errors import AlreadyExists, Conflict, Denied, Invalid, NotFound


class ChannelNotFound(NotFound):
    """There is no such channel, or the asker may not know of it."""

    code = "channel_not_found"


class MessageNotFound(NotFound):
    code = "message_not_found"


class ThreadNotFound(NotFound):
    code = "thread_not_found"


class UserNotFound(NotFound):
    code = "user_not_found"


class FileNotFound(NotFound):
    code = "file_not_found"


class NotInChannel(Denied):
    code = "not_in_channel"


class IsArchived(Conflict):
    code = "is_archived"


class NameTaken(AlreadyExists):
    code = "name_taken"


class WrongTokenType(Denied):
    """The principal cannot do this kind of thing at all."""

    code = "not_allowed_token_type"


class WrongChannelType(Invalid):
    code = "method_not_supported_for_channel_type"


def refused(code: str, message: str) -> Invalid:
    """An Invalid with one of Slack's words."""
    return Invalid(message, code=code)


def conflict(code: str, message: str) -> Conflict:
    """A Conflict with one of Slack's words."""
    return Conflict(message, code=code)


def denied(code: str, message: str) -> Denied:
    """A Denied with one of Slack's words."""
    return Denied(message, code=code)


def channel_not_found(channel: str) -> ChannelNotFound:
    return ChannelNotFound(f"There is no channel {channel[:80]}.")
