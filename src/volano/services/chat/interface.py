"""The door of the workplace for the services above it and for `app/`."""

from __future__ import annotations

from volano.services.chat.logic.access import (
    channel_arn,
    channels_for_audience,
    readable_channels,
)
from volano.services.chat.logic.blocks import block_texts
from volano.services.chat.logic.catch_up import list_unread
from volano.services.chat.logic.files import (
    get_file,
    let_read,
    links_to_files,
    open_bytes,
    require_bucket,
)
from volano.services.chat.logic.history import Span, permalink, read_history, read_thread
from volano.services.chat.logic.indexing import FILE, MESSAGE, index_waiting, message_source
from volano.services.chat.logic.lookup import (
    find_administrator,
    find_channel,
    find_channel_named,
    find_file,
    find_language,
    find_manager,
    find_message,
    find_user,
    find_user_by_email,
    find_workspace,
    list_accounts,
    list_people,
    list_readers,
)
from volano.services.chat.logic.mail import MailNotSent
from volano.services.chat.logic.mail import post as post_mail
from volano.services.chat.logic.messages import Draft, post_ephemeral, post_message
from volano.services.chat.logic.mrkdwn import escape_text, find_mentions, to_plain
from volano.services.chat.logic.names import quote_name
from volano.services.chat.logic.own_bots import (
    Grown,
    Rewritten,
    add_own_bot,
    find_presser,
    grow_own,
    may_read,
    remove_own_bot,
    rewrite_own,
    show_draft,
    show_to,
    write_to,
)
from volano.services.chat.logic.own_commands import declare_commands
from volano.services.chat.logic.seats import forget as forget_caches
from volano.services.chat.logic.words import words_of
from volano.services.chat.logic.workspaces import bootstrap, enter, get_workspace
from volano.services.chat.model import (
    Channel,
    ChannelKind,
    ChatUser,
    Message,
    MessagePosted,
    Pressed,
    Workspace,
    parse_ts,
    to_ts,
)
from volano.services.chat.model.commands import Commanded, OwnCommand

__all__ = [
    "FILE",
    "MESSAGE",
    "Channel",
    "ChannelKind",
    "ChatUser",
    "Commanded",
    "Draft",
    "Grown",
    "MailNotSent",
    "Message",
    "MessagePosted",
    "OwnCommand",
    "Pressed",
    "Rewritten",
    "Span",
    "Workspace",
    "add_own_bot",
    "block_texts",
    "bootstrap",
    "channel_arn",
    "channels_for_audience",
    "declare_commands",
    "enter",
    "escape_text",
    "find_administrator",
    "find_channel",
    "find_channel_named",
    "find_file",
    "find_language",
    "find_manager",
    "find_mentions",
    "find_message",
    "find_presser",
    "find_user",
    "find_user_by_email",
    "find_workspace",
    "forget_caches",
    "get_file",
    "get_workspace",
    "grow_own",
    "index_waiting",
    "let_read",
    "links_to_files",
    "list_accounts",
    "list_people",
    "list_readers",
    "list_unread",
    "may_read",
    "message_source",
    "open_bytes",
    "parse_ts",
    "permalink",
    "post_ephemeral",
    "post_mail",
    "post_message",
    "quote_name",
    "read_history",
    "read_thread",
    "readable_channels",
    "remove_own_bot",
    "require_bucket",
    "rewrite_own",
    "show_draft",
    "show_to",
    "to_plain",
    "to_ts",
    "words_of",
    "write_to",
]
