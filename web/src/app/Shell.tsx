// The frame around every page: menu, account, colour scheme, keyboard moves (`g` then a letter).
import { ActionIcon, AppShell, Avatar, Burger, Group, Menu, NavLink, ScrollArea, Text, Tooltip, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useIsFetching } from '@tanstack/react-query';
import { IconCheck, IconKey, IconKeyboard, IconLogout, IconMoon, IconSun, IconUser } from '@tabler/icons-react';
import { useEffect, type ReactNode } from 'react';
import { Link, useLocation, useNavigate } from 'react-router';

import { useKeptLanguage } from '../chat/desk/language';
import { getLanguage, LANGUAGES, t } from '../i18n/text';
import { KeyHelp } from './KeyHelp';
import { Logo } from './Logo';
import { PLACES } from './nav';
import { useSession, useSessionState } from './session';
import { useUsable } from './usable';

export function Shell({ children }: { children: ReactNode }) {
  const [opened, { toggle, close }] = useDisclosure();
  const location = useLocation();
  const fetching = useIsFetching() > 0;
  const isUsable = useUsable();
  useMoveKeys();
  return (
    <AppShell header={{ height: 54 }} navbar={{ width: 216, breakpoint: 'sm', collapsed: { mobile: !opened } }} padding={0}>
      <a className="skip-link" href="#main">
        {t('skipToContent')}
      </a>
      <AppShell.Header px="md">
        <Group h="100%" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={opened} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={t('menu')} />
            <Logo busy={fetching} />
          </Group>
          <Account />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" component="nav" aria-label={t('services')}>
        <ScrollArea>
          {PLACES.filter((place) => isUsable(place.path)).map((place) => (
            <NavLink
              key={place.path}
              component={Link}
              to={place.path}
              label={t(place.label)}
              leftSection={<place.icon size={18} stroke={1.6} />}
              active={place.path === '/' ? location.pathname === '/' : location.pathname.startsWith(place.path)}
              onClick={close}
              style={{ borderRadius: 8 }}
            />
          ))}
        </ScrollArea>
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1}>
        {children}
      </AppShell.Main>
    </AppShell>
  );
}

function Account() {
  const session = useSession();
  const { signOut } = useSessionState();
  const { choose } = useKeptLanguage();
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  const next = scheme === 'light' ? 'dark' : 'light';
  const [helping, help] = useDisclosure(false);
  return (
    <Group gap="xs" wrap="nowrap">
      <KeyHelp opened={helping} open={help.open} close={help.close} />
      <Text size="sm" c="dimmed" visibleFrom="xs">
        {session.region}
      </Text>
      <Tooltip label={t(next === 'dark' ? 'darkColours' : 'lightColours')}>
        <ActionIcon variant="subtle" color="gray" onClick={() => setColorScheme(next)} aria-label={t(next === 'dark' ? 'useDarkColours' : 'useLightColours')}>
          {next === 'dark' ? <IconMoon size={18} /> : <IconSun size={18} />}
        </ActionIcon>
      </Tooltip>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="transparent" size="lg" aria-label={t('account')}>
            <Avatar size={30} color="volano" variant="light" aria-hidden>
              <IconUser size={18} />
            </Avatar>
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>
            {t('personInAccount', { name: session.name, account: session.account_name, number: session.account })}
          </Menu.Label>
          <Menu.Item component={Link} to="/people/account" leftSection={<IconUser size={16} />}>
            {t('myAccount')}
          </Menu.Item>
          <Menu.Item component={Link} to="/people/keys" leftSection={<IconKey size={16} />}>
            {t('myKeys')}
          </Menu.Item>
          <Menu.Item leftSection={<IconKeyboard size={16} />} onClick={help.open}>
            {t('keyboard')}
          </Menu.Item>
          <Menu.Divider />
          <Languages choose={choose} />
          <Menu.Divider />
          <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => void signOut()}>
            {t('signOut')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </Group>
  );
}

// Each language by its own name: whoever looks for it may read no other.
function Languages({ choose }: { choose: (code: string) => void }) {
  return (
    <>
      <Menu.Label>{t('language')}</Menu.Label>
      {LANGUAGES.map(({ code, name }) => (
        <Menu.Item key={code} lang={code} aria-current={code === getLanguage()} rightSection={code === getLanguage() ? <IconCheck size={16} /> : undefined} onClick={() => choose(code)}>
          {name}
        </Menu.Item>
      ))}
    </>
  );
}

function useMoveKeys(): void {
  const navigate = useNavigate();
  useEffect(() => {
    let armedAt = 0;
    const onKey = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey || target.closest('input, textarea, select, [contenteditable]')) return;
      if (event.key === 'g') {
        armedAt = event.timeStamp;
        return;
      }
      const place = PLACES.find((item) => item.key === event.key);
      if (place && event.timeStamp - armedAt < 1200) void navigate(place.path);
      armedAt = 0;
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [navigate]);
}
