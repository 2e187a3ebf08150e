// Approvals and tasks: what waits for me, what I sent, forms to fill, things to do.
import { Tabs } from '@mantine/core';
import { useLocation, useNavigate } from 'react-router';

import { Page } from '../app/parts';
import { t } from '../i18n/text';
import { Box } from './Approvals';
import { Deputy } from './Deputy';
import { Forms } from './Forms';
import { Tasks } from './Tasks';

const TABS = [
  { value: 'waiting', label: 'forMeToDecide', panel: () => <Box box="waiting" /> },
  { value: 'sent', label: 'sentByMe', panel: () => <Box box="sent" /> },
  { value: 'decided', label: 'decided', panel: () => <Box box="decided" /> },
  { value: 'away', label: 'awayTab', panel: Deputy },
  { value: 'forms', label: 'askForSomething', panel: Forms },
  { value: 'tasks', label: 'tasks', panel: Tasks },
] as const;

export default function Office() {
  const navigate = useNavigate();
  const wanted = useLocation().pathname.split('/')[2] ?? '';
  const tab = TABS.find((item) => item.value === wanted)?.value ?? 'waiting';
  return (
    <Page title={t('placeOfficeTitle')} about={t('officeAbout')}>
      <Tabs value={tab} onChange={(value) => void navigate(value === 'waiting' ? '/office' : `/office/${value}`)} keepMounted={false}>
        <Tabs.List mb="lg" className="tab-scroller">
          {TABS.map((item) => (
            <Tabs.Tab key={item.value} value={item.value}>
              {t(item.label)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {TABS.map((item) => (
          <Tabs.Panel key={item.value} value={item.value}>
            <item.panel />
          </Tabs.Panel>
        ))}
      </Tabs>
    </Page>
  );
}
