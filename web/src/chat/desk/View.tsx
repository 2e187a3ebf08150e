// The frame of every list beside the channels: a head with its name, and what stands below it.
import { ActionIcon, Group, Text, Title } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconLayoutSidebarLeftExpand } from '@tabler/icons-react';
import type { ReactNode } from 'react';

import { Failed, Waiting } from '../../app/parts';
import { t } from '../../i18n/text';
import classes from '../chat.module.css';
import { useWorkplace } from '../context';

interface Props {
  title: string;
  icon: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

export function View({ title, icon, actions, children }: Props) {
  const { openMenu } = useWorkplace();
  const isPhone = useMediaQuery('(max-width: 48em)');
  return (
    <section className={classes.channel}>
      <header className={classes.head}>
        {isPhone && (
          <ActionIcon variant="subtle" color="gray" onClick={openMenu} aria-label={t('channels')}>
            <IconLayoutSidebarLeftExpand size={20} />
          </ActionIcon>
        )}
        {icon}
        <Title order={1} fz={17} className={classes.headName} style={{ flex: 1, maxWidth: 'none' }}>
          {title}
        </Title>
        <Group gap={6} wrap="nowrap">
          {actions}
        </Group>
      </header>
      <div className={classes.view} tabIndex={0} role="region" aria-label={title}>
        {children}
      </div>
    </section>
  );
}

export function Nothing({ children }: { children: ReactNode }) {
  return (
    <Text c="dimmed" ta="center" p="xl">
      {children}
    </Text>
  );
}

interface Asked<T> {
  isPending: boolean;
  isError: boolean;
  error: unknown;
  data: T | undefined;
  refetch: () => unknown;
}

// What an answer looks like once it is there.
export function Answered<T>({ of, children }: { of: Asked<T>; children: (data: T) => ReactNode }) {
  if (of.isPending) return <Waiting label={t('loading')} />;
  if (of.isError || of.data === undefined) return <Failed error={of.error} retry={() => void of.refetch()} />;
  return children(of.data);
}
