// Assistants: those that people made, what waits for a decision, settings, outside tool servers.
import { Tabs } from '@mantine/core';
import { useLocation, useNavigate } from 'react-router';

import { Page } from '../app/parts';
import { t } from '../i18n/text';
import { AssistantList } from './AssistantList';
import { MeetingNotes } from './MeetingNotes';
import { Proposals } from './Proposals';
import { Servers } from './Servers';
import { SettingsForm } from './SettingsForm';

const TABS = [
  { value: 'all', label: 'assistants', panel: AssistantList },
  { value: 'proposals', label: 'whatIAskedFor', panel: Proposals },
  { value: 'notes', label: 'meetingNotes', panel: MeetingNotes },
  { value: 'servers', label: 'outsideTools', panel: Servers },
  { value: 'settings', label: 'settings', panel: SettingsForm },
] as const;

export default function Assistants() {
  const navigate = useNavigate();
  const wanted = useLocation().pathname.split('/')[2] ?? '';
  const tab = TABS.find((item) => item.value === wanted)?.value ?? 'all';
  return (
    <Page title={t('assistants')} about={t('assistantsAbout')}>
      <Tabs value={tab} onChange={(value) => void navigate(value === 'all' ? '/assistants' : `/assistants/${value}`)} keepMounted={false}>
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
