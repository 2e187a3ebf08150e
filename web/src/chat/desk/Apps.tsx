// The workspace's apps: what each offers, its Home tab, its commands and shortcuts.
import { Anchor, Badge, Button, Group, Text, Title } from '@mantine/core';
import { IconApps, IconRobot } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';

import { rest } from '../../api/client';
import { tell, tellFailure } from '../../app/parts';
import { t } from '../../i18n/text';
import classes from '../chat.module.css';
import { useWorkplace } from '../context';
import { Answered, Nothing, View } from './View';

interface Shortcut {
  name: string;
  type: string;
  callback_id: string;
  description?: string;
}

interface Manifest {
  display_information?: { description?: string };
  features?: { slash_commands?: { command: string; description?: string }[]; shortcuts?: Shortcut[] };
}

export interface ChatApp {
  id: string;
  name: string;
  user: string;
  installed: boolean;
  home_tab: boolean;
  manifest: Manifest;
}

export function useApps() {
  return useQuery({ queryKey: ['chat', 'apps'], queryFn: () => rest.get<{ apps: ChatApp[] }>('/chat/apps') });
}

export function Apps() {
  const apps = useApps();
  return (
    <View title={t('apps')} icon={<IconApps size={20} aria-hidden />}>
      <Answered of={apps}>
        {(data) => (
          <>
            <div className={classes.people}>
              {data.apps.map((app) => (
                <AppCard key={app.id} app={app} />
              ))}
            </div>
            {data.apps.length === 0 && <Nothing>{t('noApps')}</Nothing>}
          </>
        )}
      </Answered>
    </View>
  );
}

function AppCard({ app }: { app: ChatApp }) {
  const { openDirect } = useWorkplace();
  const { display_information, features } = app.manifest;
  const use = (shortcut: Shortcut) => {
    rest.post('/chat/interactions/shortcut', { app_id: app.id, callback_id: shortcut.callback_id }).then(() => tell(t('toldApp', { name: app.name })), tellFailure);
  };
  return (
    <article className={classes.card} style={{ margin: 0 }} aria-label={app.name}>
      <Group gap={8} mb={4}>
        <IconRobot size={20} aria-hidden />
        <Title order={2} fz={16}>
          {app.name}
        </Title>
        {!app.installed && (
          <Badge color="gray" size="sm">
            {t('notInstalled')}
          </Badge>
        )}
      </Group>
      <Text size="sm" c="dimmed" mb={6}>
        {display_information?.description}
      </Text>
      {(features?.slash_commands ?? []).map((item) => (
        <Text key={item.command} size="sm">
          <code className={classes.code}>{item.command}</code> {item.description}
        </Text>
      ))}
      <Group gap={6} mt={8}>
        {app.home_tab && (
          <Button component={Link} to={`/chat/app/${app.id}`} size="compact-sm" variant="light">
            {t('openHome')}
          </Button>
        )}
        {(features?.shortcuts ?? [])
          .filter((item) => item.type === 'global')
          .map((item) => (
            <Button key={item.callback_id} size="compact-sm" variant="default" onClick={() => use(item)}>
              {item.name}
            </Button>
          ))}
        <Anchor component="button" size="sm" onClick={() => void openDirect(app.user).catch(tellFailure)}>
          {t('writeTo', { name: app.name })}
        </Anchor>
      </Group>
    </article>
  );
}
