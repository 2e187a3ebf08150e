// What the copilot writes for the reader alone: the calls, and what they answer.
import { rest } from '../../api/client';

export interface Source {
  number: number;
  channel: string;
  ts: string;
  thread_ts: string;
  label: string;
}

// `model` is empty when nothing was generated; `missing` then says why.
export interface Written {
  text: string;
  model: string;
  missing: string;
  sources: Source[];
}

export interface Item {
  title: string;
  assignee: string;
  assignee_id: string;
  due_us: number;
  ts: string;
}

export interface Items {
  items: Item[];
  missing: string;
}

export interface Notes extends Items {
  points: string[];
  decisions: string[];
  questions: string[];
  speakers: Record<string, number>;
  model: string;
}

export const TONES = ['clear', 'short', 'friendly', 'formal', 'fix'] as const;
export type Tone = (typeof TONES)[number];

interface Place {
  channel: string;
  thread_ts?: string | undefined;
}

export const summarize = (place: Place & { language?: string }) => rest.post<Written>('/writing/summaries', place);
export const explain = (asked: { channel: string; ts: string; language?: string }) => rest.post<Written>('/writing/explanations', asked);
export const draftReply = (place: Place & { hint?: string }) => rest.post<Written>('/writing/replies', place);
export const rewrite = (text: string, tone: Tone) => rest.post<Written>('/writing/rewrites', { text, tone });
export const findItems = (place: Place) => rest.post<Items>('/writing/items', place);
export const takeNotes = (text: string, language: string) => rest.post<Notes>('/writing/notes', { text, language });
export const translate = (channel: string, ts: string, language: string) => rest.post<Written>('/writing/translations', { channel, ts, language });
