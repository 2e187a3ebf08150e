// A conversation with a model: what was said, the answer as it streams in, and how fast it came.
import { useCallback, useRef, useState } from 'react';

import { stream } from '../api/client';
import { messageOf } from '../app/parts';

export interface Parameters {
  model: string;
  system: string;
  temperature: number;
  topP: number;
  maxTokens: number;
  seed: number | '';
  stop: string[];
  choices: number;
  logprobs: boolean;
  tools: string; // JSON, as the API takes it; '' for none
  schema: string; // a JSON schema that the answer has to fit; '' for none
}

export const DEFAULTS: Parameters = { model: '', system: '', temperature: 1, topP: 1, maxTokens: 512, seed: '', stop: [], choices: 1, logprobs: false, tools: '', schema: '' };

export interface Alternative {
  token: string;
  logprob: number;
}

export interface Token extends Alternative {
  top_logprobs: Alternative[];
}

export interface Answer {
  text: string;
  tokens: Token[];
  calls: ToolCall[];
  finish: string;
}

export interface ToolCall {
  name: string;
  arguments: string;
}

export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
}

export interface Turn {
  id: number;
  question: string;
  answers: Answer[];
  chosen: number;
  state: 'waiting' | 'streaming' | 'done' | 'stopped' | 'failed';
  failure: string;
  usage: Usage | null;
  firstTokenMs: number;
  tokensPerSecond: number;
}

export interface RequestMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

interface CallPart {
  index: number;
  function?: { name?: string; arguments?: string };
}

interface Chunk {
  choices: { index: number; delta: { content?: string | null; tool_calls?: CallPart[] }; logprobs: { content: Token[] } | null; finish_reason: string | null }[];
  usage?: Usage | null;
}

const TOP_LOGPROBS = 5;

export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

// The request as the API takes it; what is at its default is left out.
export function requestOf(parameters: Parameters, messages: RequestMessage[]): Record<string, unknown> {
  const { model, temperature, topP, maxTokens, seed, stop, choices, logprobs, tools, schema } = parameters;
  return {
    model,
    messages,
    max_completion_tokens: maxTokens,
    ...(temperature === DEFAULTS.temperature ? {} : { temperature }),
    ...(topP === DEFAULTS.topP ? {} : { top_p: topP }),
    ...(seed === '' ? {} : { seed }),
    ...(stop.length > 0 ? { stop } : {}),
    ...(choices > 1 ? { n: choices } : {}),
    ...(logprobs ? { logprobs: true, top_logprobs: TOP_LOGPROBS } : {}),
    ...(isJson(tools) ? { tools: JSON.parse(tools) } : {}),
    ...(isJson(schema) ? { response_format: { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema: JSON.parse(schema) } } } : {}),
  };
}

export function messagesOf(system: string, turns: Turn[], question?: string): RequestMessage[] {
  const messages: RequestMessage[] = system.trim() ? [{ role: 'system', content: system }] : [];
  for (const turn of turns) {
    messages.push({ role: 'user', content: turn.question });
    const answer = turn.answers[turn.chosen];
    if (answer?.text) messages.push({ role: 'assistant', content: answer.text });
  }
  if (question !== undefined) messages.push({ role: 'user', content: question });
  return messages;
}

export function useConversation(parameters: Parameters) {
  const [turns, setTurns] = useState<Turn[]>([]);
  const abort = useRef<AbortController | null>(null);
  const nextId = useRef(1);
  const last = turns.at(-1);
  const isBusy = last?.state === 'waiting' || last?.state === 'streaming';

  const ask = async (question: string, before: Turn[] = turns) => {
    const turn = blankTurn(nextId.current++, question);
    const control = new AbortController();
    abort.current = control;
    setTurns([...before, turn]);
    const show = () => setTurns((now) => now.map((item) => (item.id === turn.id ? { ...turn } : item)));
    await answer(turn, requestOf(parameters, messagesOf(parameters.system, before, question)), control.signal, show);
    show();
  };
  const stop = useCallback(() => abort.current?.abort(), []);
  const clear = () => {
    stop();
    setTurns([]);
  };
  const again = () => last && void ask(last.question, turns.slice(0, -1));
  const choose = (id: number, chosen: number) => setTurns((now) => now.map((item) => (item.id === id ? { ...item, chosen } : item)));
  return { turns, isBusy, ask, stop, clear, again, choose };
}

function blankTurn(id: number, question: string): Turn {
  return { id, question, answers: [], chosen: 0, state: 'waiting', failure: '', usage: null, firstTokenMs: 0, tokensPerSecond: 0 };
}

// Fills `turn` as chunks arrive; the page is redrawn at most once per frame.
async function answer(turn: Turn, request: Record<string, unknown>, signal: AbortSignal, show: () => void): Promise<void> {
  const began = performance.now();
  let frame = 0;
  let tokens = 0;
  const draw = () => {
    if (frame === 0) frame = requestAnimationFrame(() => ((frame = 0), show()));
  };
  try {
    const body = { ...request, stream: true, stream_options: { include_usage: true } };
    for await (const chunk of stream<Chunk>('/v1/chat/completions', body, signal)) {
      tokens += take(turn, chunk);
      if (tokens > 0 && turn.firstTokenMs === 0) turn.firstTokenMs = performance.now() - began;
      draw();
    }
    turn.state = 'done';
  } catch (error) {
    turn.state = signal.aborted ? 'stopped' : 'failed';
    turn.failure = signal.aborted ? '' : messageOf(error);
  }
  cancelAnimationFrame(frame);
  const all = performance.now() - began;
  const streamed = all - turn.firstTokenMs; // nothing where the whole answer came at once
  turn.tokensPerSecond = (1000 * (turn.usage?.completion_tokens ?? tokens)) / (streamed > 0 ? streamed : all);
}

// Adds a chunk to the turn; returns how many pieces of text it had.
function take(turn: Turn, chunk: Chunk): number {
  if (chunk.usage) turn.usage = chunk.usage;
  let pieces = 0;
  for (const choice of chunk.choices) {
    const answers = [...turn.answers];
    while (answers.length <= choice.index) answers.push({ text: '', tokens: [], calls: [], finish: '' });
    const known = answers[choice.index]!;
    const text = choice.delta.content ?? '';
    answers[choice.index] = {
      text: known.text + text,
      tokens: choice.logprobs ? [...known.tokens, ...choice.logprobs.content] : known.tokens,
      calls: (choice.delta.tool_calls ?? []).reduce(addPart, known.calls),
      finish: choice.finish_reason ?? known.finish,
    };
    turn.answers = answers;
    if (text || choice.delta.tool_calls) pieces += 1;
  }
  if (pieces > 0) turn.state = 'streaming';
  return pieces;
}

function addPart(calls: ToolCall[], part: CallPart): ToolCall[] {
  const known = calls[part.index] ?? { name: '', arguments: '' };
  const now = { name: known.name + (part.function?.name ?? ''), arguments: known.arguments + (part.function?.arguments ?? '') };
  return [...calls.slice(0, part.index), now, ...calls.slice(part.index + 1)];
}
