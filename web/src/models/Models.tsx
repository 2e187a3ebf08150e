// Models: what can be asked here, a place to talk to them, and one to compare texts by meaning.
import { Tabs } from '@mantine/core';
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
  return (
    <Page title="Models" about="Models that run on your own machines, spoken to as you speak to OpenAI." actions={<EngineBadge />}>
      <Tabs value={tab} onChange={go} keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="models" leftSection={<IconGridDots size={16} />}>
            All models
          </Tabs.Tab>
          <Tabs.Tab value="playground" leftSection={<IconMessage2Bolt size={16} />}>
            Playground
          </Tabs.Tab>
          <Tabs.Tab value="embeddings" leftSection={<IconStack2 size={16} />}>
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
