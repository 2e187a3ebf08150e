// Models: what can be asked here, a place to talk to them, and one to compare texts by meaning.
import { Tabs } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconGridDots, IconMessage2Bolt, IconStack2 } from '@tabler/icons-react';
import { useLocation, useNavigate } from 'react-router';

import { Page } from '../app/parts';
import { Catalogue } from './Catalogue';
import { Embeddings } from './Embeddings';
import { EngineBadge } from './Engine';
import { Playground } from './Playground';

const TABS = ['models', 'playground', 'embeddings'];

export default function Models() {
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const tab = TABS.find((name) => pathname === `/models/${name}`) ?? 'models';
  const go = (name: string | null) => void navigate(name === 'models' ? '/models' : `/models/${name}`);
  const isPhone = useMediaQuery('(max-width: 48em)', false, { getInitialValueInEffect: false });
  const about = isPhone ? undefined : 'Models that run on your own machines, spoken to as you speak to OpenAI.';
  const sign = (Icon: typeof IconStack2) => (isPhone ? undefined : <Icon size={16} />);
  return (
    <Page title="Models" about={about} actions={<EngineBadge />}>
      <Tabs value={tab} onChange={go} keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="models" leftSection={sign(IconGridDots)}>
            All models
          </Tabs.Tab>
          <Tabs.Tab value="playground" leftSection={sign(IconMessage2Bolt)}>
            Playground
          </Tabs.Tab>
          <Tabs.Tab value="embeddings" leftSection={sign(IconStack2)}>
            Embeddings
          </Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="models">
          <Catalogue />
        </Tabs.Panel>
        <Tabs.Panel value="playground">
          <Playground />
        </Tabs.Panel>
        <Tabs.Panel value="embeddings">
          <Embeddings />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}
