"""Custom emoji, people's pictures, and whom the mention of a user group calls."""

from __future__ import annotations

import pytest

from volano.kernel.errors import Conflict, Denied, Invalid, NotFound
from volano.services.chat.logic import emoji, groups, pictures
from volano.services.chat.logic.calls import call_people
from volano.services.chat.logic.home import get_home
from volano.services.chat.logic.profiles import set_photo
from volano.services.chat.store import desk as desk_rows

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40


async def test_an_emoji_is_added_renamed_and_removed_with_its_other_names(company) -> None:
    env, admin = company.env, company.calls["admin"]
    await company.hire("ann")
    ann = company.calls["ann"]
    made = await emoji.add_emoji(env, ann, ":party-cat:", PNG)
    await emoji.add_alias(env, ann, "pcat", "party-cat")
    with pytest.raises(Conflict, match="already"):
        await emoji.add_emoji(env, ann, "pcat", PNG)
    known = await emoji.list_emoji(env, admin)
    assert emoji.emoji_value(env, known["pcat"]) == "alias:party-cat"
    url = emoji.emoji_value(env, known["party-cat"])
    assert url.endswith(f"{pictures.PATH}/{made.picture_id}")
    assert (await pictures.get_picture(env, made.picture_id)).media_type == "image/png"
    await emoji.rename_emoji(env, ann, "party-cat", "cat-party")
    known = await emoji.list_emoji(env, admin)
    assert known["pcat"].alias_for == "cat-party"
    await company.hire("ben")
    with pytest.raises(Denied, match="administrator"):
        await emoji.remove_emoji(env, company.calls["ben"], "cat-party")
    await emoji.remove_emoji(env, admin, "cat-party")
    assert await emoji.list_emoji(env, admin) == {}
    with pytest.raises(NotFound):
        await pictures.get_picture(env, made.picture_id)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("no spaces", PNG, "error_bad_name_i18n"),
        ("script", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "bad_image"),
        ("large", PNG + b"\x00" * pictures.MAX_EMOJI_BYTES, "too_large"),
    ],
    ids=["name", "kind", "size"],
)
async def test_what_is_no_small_picture_is_refused(company, name, content, code) -> None:
    with pytest.raises(Invalid) as caught:
        await emoji.add_emoji(company.env, company.calls["admin"], name, content)
    assert caught.value.wire_code == code


async def test_a_picture_of_a_person_is_in_their_profile_until_it_is_taken_away(company) -> None:
    env, call = company.env, company.calls["admin"]
    shown = await set_photo(env, call, PNG)
    assert {"image_24", "image_512", "is_custom_image"} <= set(shown)
    home = await get_home(env, call)
    me = next(user for user in home.users if user["id"] == company.users["admin"].id)
    assert me["profile"]["image_72"] == shown["image_72"]
    picture_id = str(shown["image_72"]).rpartition("/")[2]
    await set_photo(env, call, b"")
    with pytest.raises(NotFound):
        await pictures.get_picture(env, picture_id)


async def test_a_user_group_calls_its_people_who_are_in_the_channel(company) -> None:
    env, admin = company.env, company.calls["admin"]
    for name in ("ann", "ben", "cleo"):
        await company.hire(name)
    lobby = await company.channel("lobby", "admin", "ann", "cleo")
    _, made = await groups.create_group(env, admin, groups.Wanted(name="Crew"))
    crew = [company.users["ann"].id, company.users["ben"].id]
    await groups.set_users(env, admin, made.id, crew)
    said = await company.say("admin", lobby, f"<!subteam^{made.id}|@crew> please look")
    await call_people(env, company.account, lobby, said.ts_us)
    called = {
        name: len(
            await desk_rows.select_mentions(
                env.store.reader, company.users[name].id, before_us=2**62, limit=9
            )
        )
        for name in ("ann", "ben", "cleo")
    }
    assert called == {"ann": 1, "ben": 0, "cleo": 0}
