// Telling the server what was read, one request after the other in each channel: an older one that
// came later would undo the newer. A request outlives its page, so that what somebody looked at and
// closed at once is read.
import { slack } from '../api/client';

const wanted = new Map<string, string>(); // by channel: up to where is to be told
const telling = new Map<string, Promise<void>>();

export function tellRead(channel: string, ts: string): Promise<void> {
  wanted.set(channel, ts);
  const running = telling.get(channel) ?? tellAll(channel).finally(() => telling.delete(channel));
  telling.set(channel, running);
  return running;
}

async function tellAll(channel: string): Promise<void> {
  for (let ts = wanted.get(channel); ts !== undefined; ts = wanted.get(channel)) {
    wanted.delete(channel);
    await slack('conversations.mark', { channel, ts }, { keepalive: true });
  }
}
