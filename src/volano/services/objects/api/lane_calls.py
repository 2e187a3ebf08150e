"""The call that the gateway would make of a lane's request, for stock handlers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.call import Call
from volano.wire.credential import DEFAULT_TIMEOUT_S

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.services.objects.api.lane_buckets import LaneCaller
    from volano.wire.lane import Asked


def call_of_lane(env: Env, asked: Asked, caller: LaneCaller) -> Call:
    return Call(
        principal=caller.principal,
        account=caller.principal.account,
        region=env.region.name,
        request_id=caller.request_id,
        deadline_s=env.clock.monotonic_s() + DEFAULT_TIMEOUT_S,
        door=caller.door,
        source_ip=caller.source_ip,
        user_agent=caller.user_agent,
        context={"aws:SecureTransport": "true" if asked.secure else "false"},
    )
