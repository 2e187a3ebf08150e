// The people of the workplace by chat user.
import { useCall } from '../api/call';
import type { FormStep } from '../api/schema';
import { writeList } from '../i18n/dates';
import { t } from '../i18n/text';

export interface Person {
  id: string;
  name: string;
}

export function usePeople(): { me: string; people: Person[]; nameOf: (id: string) => string } {
  const { data } = useCall('getChatHome', {});
  const users = (data?.users ?? []) as { id: string; name: string; real_name?: string; is_bot?: boolean; deleted?: boolean }[];
  const people = users.filter((user) => !user.is_bot && !user.deleted).map((user) => ({ id: user.id, name: user.real_name || user.name }));
  const names = new Map(users.map((user) => [user.id, user.real_name || user.name]));
  return { me: String(data?.user.id ?? ''), people, nameOf: (id) => names.get(id) ?? t('somebodyThere') };
}

// Who decides a step, in words.
export function decidersOf(step: FormStep, nameOf: (id: string) => string): string {
  return writeList((step.people ?? []).map(nameOf), step.everyone ? 'conjunction' : 'disjunction');
}

// The channels that one is in, by id; talks between people have no name and are left out.
export function useChannels(): Person[] {
  const { data } = useCall('getChatHome', {});
  const channels = (data?.channels ?? []).map((item) => item.channel as { id?: string; name?: string });
  return channels.filter((item) => item.id && item.name).map((item) => ({ id: item.id!, name: `#${item.name}` }));
}
