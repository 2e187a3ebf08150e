// Shows notices of the browser for what calls me while another page or window is looked at.
import { useCallback } from 'react';

import { channelName, nameOf } from '../context';
import type { Home, LiveEvent } from '../types';
import type { Desk } from './desk';
import { usePausedUntil } from './Pause';
import { showNotice } from './push';

const MAX_CHARACTERS = 200;

export function useNotices(home: Home, desk: Desk, openChannel: (channel: string, at?: string) => void): (event: LiveEvent) => void {
  const pausedUntil = usePausedUntil();
  return useCallback(
    (event) => {
      if (Date.now() < pausedUntil) return;
      const { notify, muted, quiet } = desk.preferences;
      const id = typeof event.channel === 'string' ? event.channel : '';
      const channel = home.channels.find((seat) => seat.channel.id === id)?.channel;
      if (event.type !== 'message' || event.subtype || channel === undefined || event.user === home.user.id) return;
      const text = String(event.text ?? '');
      const words = desk.preferences.keywords.some((word) => text.toLowerCase().includes(word));
      const isCalled = channel.is_im || channel.is_mpim || words || text.includes(`<@${home.user.id}>`) || /<!(here|channel|everyone)/.test(text);
      if (notify === 'none' || (notify === 'calls' && !isCalled) || muted.includes(id) || isQuietNow(quiet)) return;
      const users = new Map(home.users.map((user) => [user.id, user]));
      const name = nameOf(users.get(String(event.user)));
      const place = channel.is_im ? '' : ` · #${channelName(channel, users, home.user.id)}`;
      showNotice(`${name}${place}`, text.slice(0, MAX_CHARACTERS), id, () => openChannel(id));
    },
    [home, desk, openChannel, pausedUntil],
  );
}

// The same rule as the server's: hours past midnight belong to the day on which they began.
function isQuietNow(quiet: Desk['preferences']['quiet'], now = new Date()): boolean {
  if (quiet === null || quiet.from_minute === quiet.until_minute) return false;
  const minute = now.getHours() * 60 + now.getMinutes();
  const day = (now.getDay() + 6) % 7;
  if (quiet.from_minute < quiet.until_minute) return minute >= quiet.from_minute && minute < quiet.until_minute && quiet.days.includes(day);
  if (minute >= quiet.from_minute) return quiet.days.includes(day);
  return minute < quiet.until_minute && quiet.days.includes((day + 6) % 7);
}
