// The workplace: channels at the side, messages in the middle, a thread beside them, everything live.
import { Drawer } from '@mantine/core';
import { useDisclosure, useDocumentTitle, useHotkeys, useMediaQuery, useNetwork } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useMemo, useState, type ComponentType } from 'react';
import { Navigate, useLocation, useNavigate, useSearchParams } from 'react-router';

import { rest, slack } from '../api/client';
import { useLive } from '../api/live';
import { Failed, Page, Waiting } from '../app/parts';
import { t } from '../i18n/text';
import { applyEvent, homeKey, readAllAgain, readSettled } from './cache';
import { ChannelView } from './ChannelView';
import classes from './chat.module.css';
import { channelName, inOrder, useWorkplace, WorkplaceContext, type Question, type Workplace } from './context';
import { useOutbox } from './outbox';
import { Sidebar } from './Sidebar';
import { AppHome, Modals, useModals } from './blocks/Views';
import { ConfirmProvider } from './blocks/Confirm';
import { Apps } from './desk/Apps';
import { CatchUp } from './desk/CatchUp';
import { useDesk } from './desk/desk';
import { Dialogs } from './desk/Dialogs';
import { Administration } from './admin/Administration';
import { Directory } from './desk/Directory';
import { Drafts, Later, Mentions, Threads } from './desk/Lists';
import { Search } from './desk/Search';
import { useNotices } from './desk/useNotices';
import { Urgent, UrgentBar } from './desk/Urgent';
import { Switcher } from './Switcher';
import { ThreadPanel } from './ThreadPanel';
import { WritingDialog, type Wanted } from './writing/WritingView';
import type { Channel, Home, LiveEvent } from './types';

const PERMALINK = /^\/archives\/([A-Z0-9]+)\/p(\d{10,})(\d{6})$/;
// The lists beside the channels, by the last part of their address.
const LISTS: Record<string, ComponentType> = { 'catch-up': CatchUp, mentions: Mentions, threads: Threads, later: Later, drafts: Drafts, urgent: Urgent, directory: Directory, search: Search, apps: Apps, app: AppHome, administration: Administration };

const LAST_CHANNEL = 'volano.chat.channel';

export default function Chat() {
  return (
    <ConfirmProvider>
      <Workroom />
    </ConfirmProvider>
  );
}

function Workroom() {
  const { pathname, search } = useLocation();
  const home = useQuery({ queryKey: homeKey, queryFn: () => readSettled('', () => rest.get<Home>('/chat/me')) });
  const link = PERMALINK.exec(pathname);
  if (link) {
    const at = `${link[2]}.${link[3]}`;
    const thread = new URLSearchParams(search).get('thread_ts');
    return <Navigate replace to={`/chat/${link[1]}?at=${at}${thread ? `&thread=${thread}` : ''}`} />;
  }
  if (home.isPending) return <Waiting label={t('openingTheWorkplace')} />;
  if (home.isError) {
    return (
      <Page title={t('chat')}>
        <Failed error={home.error} retry={() => void home.refetch()} />
      </Page>
    );
  }
  return <Rooms home={home.data} />;
}

function useGoing() {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const openChannel = useCallback((channel: string, at?: string) => void navigate(`/chat/${channel}${at ? `?at=${at}` : ''}`), [navigate]);
  const openThread = useCallback(
    (channel: string, ts: string | null, at?: string) => {
      const search = new URLSearchParams({ ...(ts ? { thread: ts } : {}), ...(at ? { at } : {}) }).toString();
      void navigate(`/chat/${channel}${search ? `?${search}` : ''}`);
    },
    [navigate],
  );
  const openDirect = useCallback(
    async (user: string) => {
      const { channel } = await slack<{ channel: { id: string } }>('conversations.open', { users: user });
      const known = queries.getQueryData<Home>(homeKey)?.channels.some((seat) => seat.channel.id === channel.id);
      if (!known) await queries.invalidateQueries({ queryKey: homeKey });
      openChannel(channel.id);
    },
    [queries, openChannel],
  );
  return { openChannel, openThread, openDirect };
}

function Rooms({ home }: { home: Home }) {
  const { pathname } = useLocation();
  const [search] = useSearchParams();
  const queries = useQueryClient();
  const going = useGoing();
  const outbox = useOutbox(home.user.id);
  const isPhone = useMediaQuery('(max-width: 48em)', false, { getInitialValueInEffect: false });
  // The channel above or below, as they stand in the list.
  const step = (by: number) => {
    const all = inOrder(home.channels, (seat) => channelName(seat.channel, users, home.user.id));
    const index = all.findIndex((seat) => seat.channel.id === pathname.split('/')[2]);
    const next = all[(index + by + all.length) % all.length];
    if (next) going.openChannel(next.channel.id);
  };
  const isOnline = useNetwork().online;
  const [menuOpen, menu] = useDisclosure();
  const [switcherOpen, switcher] = useDisclosure();
  const navigate = useNavigate();
  useHotkeys(
    [
      ['mod+K', switcher.toggle],
      ['alt+ArrowUp', () => step(-1)],
      ['alt+ArrowDown', () => step(1)],
      ['alt+U', () => void navigate('/chat/catch-up')],
      ['alt+F', () => void navigate('/chat/search')],
    ],
    [],
  );
  const desk = useDesk();
  const modals = useModals();
  const [question, ask] = useState<Question | null>(null);
  const [wanted, write] = useState<Wanted | null>(null);
  const notice = useNotices(home, desk, going.openChannel);
  useLive(
    home.topic,
    (event) => {
      applyEvent(queries, event as LiveEvent, home.user.id);
      notice(event as LiveEvent);
      modals.take(event as LiveEvent);
    },
    () => readAllAgain(queries),
  );
  const unread = home.channels.reduce((sum, seat) => sum + seat.unread, 0);
  useDocumentTitle(unread > 0 ? `(${unread}) Volano` : 'Volano');

  const users = useMemo(() => new Map(home.users.map((user) => [user.id, user])), [home.users]);
  const workplace = useMemo<Workplace>(() => ({ home, me: home.user, users, outbox, desk, ask, write, openMenu: menu.open, ...going }), [home, users, outbox, desk, menu.open, going.openChannel, going.openThread, going.openDirect]);

  const asked = pathname.split('/')[2] ?? '';
  const List = LISTS[asked];
  const last = sessionStorage.getItem(LAST_CHANNEL) ?? '';
  const isMine = (id: string) => home.channels.some((seat) => seat.channel.id === id);
  if (asked === '') return <Navigate replace to={`/chat/${isMine(last) ? last : home.team.general}`} />;
  if (isMine(asked)) sessionStorage.setItem(LAST_CHANNEL, asked);

  const sidebar = <Sidebar current={asked} openSwitcher={switcher.open} onGo={menu.close} />;
  return (
    <WorkplaceContext value={workplace}>
      <div className={classes.chat}>
        {isPhone ? (
          <Drawer opened={menuOpen} onClose={menu.close} size={290} padding={0} withCloseButton={false} attributes={{ content: { 'aria-label': t('channelsAndPeople') } }}>
            {sidebar}
          </Drawer>
        ) : (
          sidebar
        )}
        <div className={classes.middle}>
          <UrgentBar />
          {!isOnline && <div className={classes.offline} role="status">{t('youAreOffline')}</div>}
          <div className={classes.rooms}>{List ? <List /> : <Room key={asked} id={asked} thread={search.get('thread')} at={search.get('at')} openMenu={menu.open} />}</div>
        </div>
      </div>
      <Modals modals={modals} />
      <Dialogs question={question} close={() => ask(null)} />
      <WritingDialog wanted={wanted} close={() => write(null)} />
      <Switcher opened={switcherOpen} onClose={switcher.close} />
    </WorkplaceContext>
  );
}

function Room({ id, thread, at, openMenu }: { id: string; thread: string | null; at: string | null; openMenu: () => void }) {
  const workplace = useWorkplace();
  const seat = workplace.home.channels.find((item) => item.channel.id === id);
  const info = useQuery({
    queryKey: ['chat', 'info', id],
    queryFn: () => slack<{ channel: Channel }>('conversations.info', { channel: id, include_num_members: true }),
    enabled: seat === undefined,
  });
  const channel = seat?.channel ?? info.data?.channel;
  if (info.isError && seat === undefined) {
    return (
      <section className={classes.channel}>
        <Page title={t('noSuchChannel')}>
          <Failed error={info.error} retry={() => workplace.openChannel(workplace.home.team.general)} />
        </Page>
      </section>
    );
  }
  if (channel === undefined) return <Waiting />;
  return (
    <>
      <ChannelView seat={seat} channel={channel} at={thread === null ? at : null} openMenu={openMenu} />
      {thread !== null && <ThreadPanel key={thread} channel={channel} ts={thread} at={at} isMember={seat !== undefined} close={() => workplace.openThread(id, null)} />}
    </>
  );
}
