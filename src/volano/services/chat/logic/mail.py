"""Sending an e-mail through the SMTP server that the setting `smtp_url` names."""

from __future__ import annotations

import asyncio
import smtplib
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from volano.kernel.errors import Unavailable

if TYPE_CHECKING:
    from volano.kernel.call import Env

TIMEOUT_S = 15.0
PORTS = {"smtp": 587, "smtps": 465}


class MailNotSent(Unavailable):
    """No server is set, or it did not take the message."""

    code = "mail_not_sent"


async def send_mail(env: Env, *, to: str, subject: str, text: str) -> None:
    """Send one plain message. Raises MailNotSent; it may have gone out nevertheless."""
    message = EmailMessage()
    message["Subject"] = subject.replace("\n", " ")[:200]
    message["From"] = env.config.smtp_from
    message["To"] = to
    message.set_content(text)
    await post(env, message)


async def post(env: Env, message: EmailMessage) -> None:
    """Hand a whole message to the mail server. Raises MailNotSent; it may be out nevertheless."""
    if not env.config.smtp_url:
        raise MailNotSent("No mail server is set: set VOLANO_SMTP_URL.")
    domain = parseaddr(env.config.smtp_from)[1].partition("@")[2] or "localhost"
    message["Date"] = format_datetime(datetime.fromtimestamp(env.clock.now_us() // 1_000_000, UTC))
    message["Message-ID"] = f"<{env.ids.hex(24)}@{domain}>"
    try:
        await asyncio.to_thread(_send, env.config.smtp_url, message)
    except (OSError, smtplib.SMTPException) as error:
        raise MailNotSent(f"The mail server did not take the message: {error}") from error


def _send(url: str, message: EmailMessage) -> None:
    """`smtp://user:password@host:port`, with STARTTLS where the server offers it; or `smtps://`."""
    parts = urlsplit(url)
    port = parts.port or PORTS[parts.scheme]
    kind = smtplib.SMTP_SSL if parts.scheme == "smtps" else smtplib.SMTP
    with kind(parts.hostname or "", port, timeout=TIMEOUT_S) as server:
        if parts.scheme == "smtp" and server.has_extn("starttls"):
            server.starttls()
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(message)
