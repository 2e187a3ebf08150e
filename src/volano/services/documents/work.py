"""Work of documents: renewing bases after quiet moments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.work import reconciler
from volano.services.documents.logic import folding

if TYPE_CHECKING:
    from volano.kernel.call import Env


@reconciler("documents:fold", every_s=3.0)
async def reconcile_bases(env: Env) -> None:
    """Fold what rests."""
    await folding.fold_quiet(env)
