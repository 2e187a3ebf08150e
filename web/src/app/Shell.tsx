// The frame around every page: menu, account, colour scheme, keyboard moves (`g` then a letter).
import { ActionIcon, AppShell, Avatar, Burger, Group, Menu, NavLink, ScrollArea, Text, Tooltip, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useIsFetching } from '@tanstack/react-query';
import { IconKey, IconKeyboard, IconLogout, IconMoon, IconSun, IconUser } from '@tabler/icons-react';
import { useEffect, type ReactNode } from 'react';
import { Link, useLocation, useNavigate } from 'react-router';

import { KeyHelp } from './KeyHelp';
import { Logo } from './Logo';
import { PLACES } from './nav';
import { useSession, useSessionState } from './session';

export function Shell({ children }: { children: ReactNode }) {
  const [opened, { toggle, close }] = useDisclosure();
  const location = useLocation();
  const fetching = useIsFetching() > 0;
  useMoveKeys();
  return (
    <AppShell header={{ height: 54 }} navbar={{ width: 216, breakpoint: 'sm', collapsed: { mobile: !opened } }} padding={0}>
      <a className="skip-link" href="#main">
        Skip to content
      </a>
      <AppShell.Header px="md">
        <Group h="100%" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={opened} onClick={toggle} hiddenFrom="sm" size="sm" aria-label="Menu" />
            <Logo busy={fetching} />
          </Group>
          <Account />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" component="nav" aria-label="Services">
        <ScrollArea>
          {PLACES.map((place) => (
            <NavLink
              key={place.path}
              component={Link}
              to={place.path}
              label={place.label}
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
      <Tooltip label={`${next === 'dark' ? 'Dark' : 'Light'} colours`}>
        <ActionIcon variant="subtle" color="gray" onClick={() => setColorScheme(next)} aria-label={`Use ${next} colours`}>
          {next === 'dark' ? <IconMoon size={18} /> : <IconSun size={18} />}
        </ActionIcon>
      </Tooltip>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="transparent" size="lg" aria-label="Account">
            <Avatar size={30} color="volano" variant="light" aria-hidden>
              <IconUser size={18} />
            </Avatar>
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>
            {session.name} in {session.account_name} ({session.account})
          </Menu.Label>
          <Menu.Item component={Link} to="/people/account" leftSection={<IconUser size={16} />}>
            My account
          </Menu.Item>
          <Menu.Item component={Link} to="/people/keys" leftSection={<IconKey size={16} />}>
            My keys
          </Menu.Item>
          <Menu.Item leftSection={<IconKeyboard size={16} />} onClick={help.open}>
            Keyboard
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => void signOut()}>
            Sign out
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </Group>
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
