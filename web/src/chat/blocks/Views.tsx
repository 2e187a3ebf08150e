// Modals and Home tabs of apps: shown when an app opens them, handed in, stacked, closed.
import { Button, Group, Modal } from '@mantine/core';
import { IconApps } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { useLocation } from 'react-router';

import { rest } from '../../api/client';
import { tellFailure } from '../../app/parts';
import { t } from '../../i18n/text';
import { Blocks } from '../Blocks';
import { useApps } from '../desk/Apps';
import { Answered, Nothing, View } from '../desk/View';
import type { LiveEvent } from '../types';
import { initialState, SurfaceProvider, type Element, type State, type TextObject } from './surface';

export interface AppView {
  id: string;
  type: string;
  app_id: string;
  blocks: Element[];
  hash: string;
  title: TextObject;
  submit: TextObject | null;
  close: TextObject | null;
  submit_disabled?: boolean;
  previous_view_id: string | null;
  root_view_id: string;
}

interface Outcome {
  action: 'close' | 'clear' | 'errors' | 'update' | 'push' | '';
  errors: Record<string, string>;
  view: AppView | null;
}

// The stack of modals as live events change it; the last one is on top.
export function useModals(): { stack: AppView[]; take: (event: LiveEvent) => void; follow: (outcome: Outcome) => void; drop: () => void } {
  const [stack, setStack] = useState<AppView[]>([]);
  return useMemo(() => {
    const put = (view: AppView) => setStack((now) => (now.some((item) => item.id === view.id) ? now.map((item) => (item.id === view.id ? view : item)) : view.previous_view_id ? [...now, view] : [view]));
    const take = (event: LiveEvent) => {
      const view = event.view as AppView | undefined;
      if (view?.type === 'modal' && /^view_(opened|pushed|updated)$/.test(event.type)) put(view);
    };
    const follow = ({ action, view }: Outcome) => {
      if (action === 'clear') setStack([]);
      else if (action === 'close') setStack((now) => now.slice(0, -1).map((item) => (item.id === view?.id ? view : item)));
      else if (view) put(view);
    };
    return { stack, take, follow, drop: () => setStack((now) => now.slice(0, -1)) };
  }, [stack]);
}

export function Modals({ modals }: { modals: ReturnType<typeof useModals> }) {
  const top = modals.stack.at(-1);
  const close = () => {
    if (top === undefined) return;
    modals.drop();
    rest.post(`/chat/views/${top.id}/close`, { view_id: top.id }).catch(tellFailure);
  };
  return (
    <Modal opened={top !== undefined} onClose={close} title={top?.title.text}>
      {top && <ModalForm key={top.id} view={top} close={close} follow={modals.follow} />}
    </Modal>
  );
}

function ModalForm({ view, close, follow }: { view: AppView; close: () => void; follow: (outcome: Outcome) => void }) {
  const [state, setState] = useState<State>(() => initialState(view.blocks));
  const [errors, setErrors] = useState<Record<string, string>>({});
  // An app may change the form while it is filled: what is typed stays, new inputs get their first value.
  useEffect(() => setState((now) => merged(initialState(view.blocks), now)), [view.hash, view.blocks]);
  const place = useMemo(() => ({ view_id: view.id }), [view.id]);
  const submit = useMutation({
    mutationFn: () => rest.post<Outcome>(`/chat/views/${view.id}/submit`, { view_id: view.id, state }),
    onSuccess: (outcome) => {
      setErrors(outcome.errors);
      if (outcome.action !== 'errors') follow(outcome);
    },
    onError: tellFailure,
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        submit.mutate();
      }}
    >
      <SurfaceProvider place={place} state={state} setState={setState} errors={errors}>
        <Blocks blocks={view.blocks} />
      </SurfaceProvider>
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={close}>
          {view.close?.text ?? t('cancel')}
        </Button>
        {view.submit && (
          <Button type="submit" loading={submit.isPending} disabled={view.submit_disabled ?? false}>
            {view.submit.text}
          </Button>
        )}
      </Group>
    </form>
  );
}

function merged(fresh: State, typed: State): State {
  const found: State = { ...typed };
  for (const [block, actions] of Object.entries(fresh)) found[block] = { ...actions, ...typed[block] };
  return found;
}

export const appHomeKey = (app: string) => ['chat', 'app-home', app] as const;

interface HomeAnswer {
  view: AppView | null;
}

// An app's Home tab, at /chat/app/ID.
export function AppHome() {
  const app = useLocation().pathname.split('/')[3] ?? '';
  const queries = useQueryClient();
  const apps = useApps();
  const home = useQuery({
    queryKey: appHomeKey(app),
    queryFn: async () => {
      const answer = await rest.post<HomeAnswer>(`/chat/apps/${app}/home`, { app_id: app });
      // The app may have published its tab while this was on its way: that is newer.
      return queries.getQueryData<HomeAnswer>(appHomeKey(app)) ?? answer;
    },
    staleTime: Infinity,
  });
  useEffect(() => () => queries.removeQueries({ queryKey: appHomeKey(app) }), [queries, app]);
  const name = apps.data?.apps.find((item) => item.id === app)?.name ?? t('app');
  return (
    <View title={name} icon={<IconApps size={20} aria-hidden />}>
      <Answered of={home}>{({ view }) => (view ? <HomeBlocks key={view.hash} view={view} /> : <Nothing>{t('noHomeYet')}</Nothing>)}</Answered>
    </View>
  );
}

function HomeBlocks({ view }: { view: AppView }) {
  const [state, setState] = useState<State>(() => initialState(view.blocks));
  const place = useMemo(() => ({ view_id: view.id }), [view.id]);
  return (
    <div style={{ maxWidth: 720, margin: '0 auto' }}>
      <SurfaceProvider place={place} state={state} setState={setState}>
        <Blocks blocks={view.blocks} />
      </SurfaceProvider>
    </div>
  );
}
