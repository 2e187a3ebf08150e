// Slack's shapes, as far as the console reads them.

export interface User {
  id: string;
  name: string;
  real_name?: string;
  deleted: boolean;
  is_bot: boolean;
  is_admin?: boolean;
  color?: string;
  profile: { real_name: string; display_name: string; email?: string; image_72?: string; is_custom_image?: boolean };
}

export interface Channel {
  id: string;
  name?: string;
  user?: string; // the other person of a direct conversation
  is_im: boolean;
  is_mpim: boolean;
  is_private: boolean;
  is_general?: boolean;
  is_member: boolean;
  is_archived: boolean;
  num_members?: number;
  last_read?: string;
  topic?: { value: string };
  purpose?: { value: string };
}

export interface Reaction {
  name: string;
  users: string[];
  count: number;
}

export interface SharedFile {
  id: string;
  name: string;
  title: string;
  mimetype: string;
  size: number;
  url_private: string;
  url_private_download: string;
  alt_txt?: string;
  is_external?: boolean; // a link to where an imported or remote file is
  mode?: string;
}

export type Block = Record<string, unknown> & { type: string };

export interface Message {
  ts: string;
  user: string;
  text: string;
  subtype?: string;
  username?: string;
  bot_id?: string;
  client_msg_id?: string;
  thread_ts?: string;
  reply_count?: number;
  reply_users?: string[];
  latest_reply?: string;
  edited?: { user: string; ts: string };
  reactions?: Reaction[];
  files?: SharedFile[];
  blocks?: Block[];
  attachments?: Block[];
  is_ephemeral?: boolean;
}

// A channel of mine: what is unread in it and its newest message.
export interface Seat {
  channel: Channel;
  unread: number;
  latest: Message | null;
}

export interface Home {
  team: { id: string; name: string; general: string };
  user: User;
  topic: string;
  copilot: User;
  channels: Seat[];
  users: User[];
}

export interface HistoryPage {
  messages: Message[]; // newest first
  has_more: boolean;
  response_metadata?: { next_cursor: string };
}

export interface Thread {
  messages: Message[]; // oldest first; the first is what is answered
}

export type LiveEvent = { type: string; subtype?: string; channel?: string | Channel } & Record<string, unknown>;

export function dateOf(ts: string): Date {
  return new Date(Number(ts) * 1000);
}

// `ts` has ten digits before the point for the next centuries, so text order is time order.
export function isLater(ts: string, than: string): boolean {
  return Number(ts) > Number(than);
}

export function isReplyOnly(message: Message): boolean {
  return message.thread_ts !== undefined && message.thread_ts !== message.ts && message.subtype !== 'thread_broadcast';
}

const NOTICES = new Set(['channel_join', 'channel_leave', 'channel_topic', 'channel_purpose', 'channel_name', 'channel_archive', 'channel_unarchive', 'group_join', 'group_leave']);

// The workplace's own words: somebody joined, a topic was set.
export function isNotice(message: Message): boolean {
  return message.subtype !== undefined && NOTICES.has(message.subtype);
}
