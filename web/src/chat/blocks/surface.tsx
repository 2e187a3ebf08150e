// Where blocks stand: a message or a view of an app. Knows what was typed and chosen, and tells the app.
import { createContext, useCallback, useContext, useMemo, useState, type ReactNode } from 'react';

import { rest } from '../../api/client';
import { tellFailure } from '../../app/parts';
import { useConfirm } from './Confirm';

export interface TextObject {
  type: string;
  text: string;
}

export interface Element extends Record<string, unknown> {
  type: string;
  action_id?: string;
  text?: unknown;
  elements?: Element[];
}

export interface Option {
  text: TextObject;
  value?: string;
  description?: TextObject;
  url?: string;
}

export type Choice = Record<string, unknown>;
export type State = Record<string, Record<string, Choice>>; // by block and action, as Slack's state.values

export interface Place {
  channel?: string;
  message_ts?: string;
  view_id?: string;
}

interface Surface {
  place: Place;
  state: State;
  errors: Record<string, string>;
  isLive: boolean; // somebody listens to what is pressed
  choose: (block: string, element: Element, choice: Choice) => void;
  press: (block: string, element: Element, choice: Choice) => void;
}

const DEAD: Surface = { place: {}, state: {}, errors: {}, isLive: false, choose: () => undefined, press: () => undefined };
const SurfaceContext = createContext<Surface>(DEAD);

// The elements of a block or of one of its parts.
export function elementsOf(block: Record<string, unknown>): Element[] {
  return Array.isArray(block.elements) ? (block.elements as Element[]) : [];
}

export const useSurface = () => useContext(SurfaceContext);

// What is in the inputs before anybody touched them.
const INITIAL: Record<string, string> = {
  initial_option: 'selected_option',
  initial_options: 'selected_options',
  initial_user: 'selected_user',
  initial_users: 'selected_users',
  initial_channel: 'selected_channel',
  initial_channels: 'selected_channels',
  initial_conversation: 'selected_conversation',
  initial_conversations: 'selected_conversations',
  initial_date: 'selected_date',
  initial_time: 'selected_time',
  initial_date_time: 'selected_date_time',
  initial_value: 'value',
};

export function initialState(blocks: Element[]): State {
  const found: State = {};
  for (const block of blocks) {
    const elements = [block.element, block.accessory, ...(block.elements ?? [])].filter(Boolean) as Element[];
    for (const element of elements) {
      const choice = initialChoice(element);
      if (element.action_id && choice) (found[String(block.block_id)] ??= {})[element.action_id] = choice;
    }
  }
  return found;
}

function initialChoice(element: Element): Choice | null {
  const chosen = Object.entries(INITIAL).filter(([name]) => element[name] !== undefined);
  if (chosen.length > 0) return { type: element.type, ...Object.fromEntries(chosen.map(([name, kept]) => [kept, element[name]])) };
  return /input$/.test(element.type) ? { type: element.type, value: null } : null;
}

interface Props {
  place: Place;
  state: State;
  setState: (change: (state: State) => State) => void;
  errors?: Record<string, string>;
  children: ReactNode;
}

const NO_ERRORS = {};

export function SurfaceProvider({ place, state, setState, errors = NO_ERRORS, children }: Props) {
  const confirm = useConfirm();
  const choose = useCallback(
    (block: string, element: Element, choice: Choice) => setState((now) => ({ ...now, [block]: { ...now[block], [element.action_id ?? '']: { type: element.type, ...choice } } })),
    [setState],
  );
  const press = useCallback(
    (block: string, element: Element, choice: Choice) => {
      const isInput = element.type !== 'button' && element.type !== 'overflow';
      const next = isInput ? { ...state, [block]: { ...state[block], [element.action_id ?? '']: { type: element.type, ...choice } } } : state;
      const send = async () => {
        if (!(await confirm(element.confirm))) return;
        if (isInput) setState(() => next);
        await rest.post('/chat/interactions/press', { ...place, block_id: block, action_id: element.action_id, choice, state: next });
      };
      send().catch(tellFailure);
    },
    [confirm, place, setState, state],
  );
  const surface = useMemo(() => ({ place, state, errors, isLive: true, choose, press }), [place, state, errors, choose, press]);
  return <SurfaceContext value={surface}>{children}</SurfaceContext>;
}

// The blocks of a message: its inputs live as long as it is shown.
export function MessageSurface({ channel, ts, blocks, children }: { channel: string; ts: string; blocks: Element[]; children: ReactNode }) {
  const place = useMemo(() => ({ channel, message_ts: ts }), [channel, ts]);
  const [state, setState] = useState(() => initialState(blocks));
  return (
    <SurfaceProvider place={place} state={state} setState={setState}>
      {children}
    </SurfaceProvider>
  );
}
