// Models: what can be asked here, a place to talk to them, and one to compare texts by meaning.
import { Tabs } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconCloudUp, IconCoin, IconCpu, IconGridDots, IconMessage2Bolt, IconRoute, IconStack2 } from '@tabler/icons-react';
import { useLocation, useNavigate } from 'react-router';

import { Page } from '../app/parts';
import { t } from '../i18n/text';
import { Budgets } from './Budgets';
import { Catalogue } from './Catalogue';
import { Embeddings } from './Embeddings';
import { EngineBadge } from './Engine';
import { Playground } from './Playground';
import { Routes } from './Routes';
import { Running } from './Running';
import { Upstreams } from './Upstreams';

const TABS = [
  { name: 'models', label: 'allModels', icon: IconGridDots, panel: <Catalogue /> },
  { name: 'playground', label: 'playground', icon: IconMessage2Bolt, panel: <Playground /> },
  { name: 'embeddings', label: 'embeddings', icon: IconStack2, panel: <Embeddings /> },
  { name: 'memory', label: 'inMemory', icon: IconCpu, panel: <Running /> },
  { name: 'routes', label: 'routes', icon: IconRoute, panel: <Routes /> },
  { name: 'upstreams', label: 'upstreams', icon: IconCloudUp, panel: <Upstreams /> },
  { name: 'budgets', label: 'costsAndLimits', icon: IconCoin, panel: <Budgets /> },
] as const;

export default function Models() {
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const tab = TABS.find(({ name }) => pathname === `/models/${name}`)?.name ?? 'models';
  const go = (name: string | null) => void navigate(name === 'models' ? '/models' : `/models/${name}`);
  const isPhone = useMediaQuery('(max-width: 48em)', false, { getInitialValueInEffect: false });
  const about = isPhone ? undefined : t('modelsThatRunOn');
  return (
    <Page title={t('placeModels')} about={about} actions={<EngineBadge />}>
      <Tabs value={tab} onChange={go} keepMounted={false}>
        <Tabs.List mb="md">
          {TABS.map(({ name, label, icon: Icon }) => (
            <Tabs.Tab key={name} value={name} leftSection={isPhone ? undefined : <Icon size={16} />}>
              {t(label)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {TABS.map(({ name, panel }) => (
          <Tabs.Panel key={name} value={name}>
            {panel}
          </Tabs.Panel>
        ))}
      </Tabs>
    </Page>
  );
}
