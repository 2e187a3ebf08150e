// Assistants: those that people made, what waits for a decision, settings, outside tool servers.
import { Tabs } from '@mantine/core';
import { useLocation, useNavigate } from 'react-router';

import { Page } from '../app/parts';
import { AssistantList } from './AssistantList';
import { MeetingNotes } from './MeetingNotes';
import { Proposals } from './Proposals';
import { Servers } from './Servers';
import { SettingsForm } from './SettingsForm';

const TABS = [
  { value: 'all', label: 'Assistants', panel: AssistantList },
  { value: 'proposals', label: 'What I asked for', panel: Proposals },
  { value: 'notes', label: 'Meeting notes', panel: MeetingNotes },
  { value: 'servers', label: 'Outside tools', panel: Servers },
  { value: 'settings', label: 'Settings', panel: SettingsForm },
];

export default function Assistants() {
  const navigate = useNavigate();
  const wanted = useLocation().pathname.split('/')[2] ?? '';
  const tab = TABS.find((item) => item.value === wanted)?.value ?? 'all';
  return (
    <Page title="Assistants" about="They answer from what the asker may read, and change nothing before somebody presses a button.">
      <Tabs value={tab} onChange={(value) => void navigate(value === 'all' ? '/assistants' : `/assistants/${value}`)} keepMounted={false}>
        <Tabs.List mb="lg" className="tab-scroller">
          {TABS.map((item) => (
            <Tabs.Tab key={item.value} value={item.value}>
              {item.label}
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
