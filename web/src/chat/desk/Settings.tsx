// One's own settings of the chat: language, what to be told of, keywords, quiet hours, this browser.
import { Button, Checkbox, Group, Modal, Radio, Select, Stack, Switch, TagsInput, Text, TextInput } from '@mantine/core';
import { useState } from 'react';

import { tellFailure } from '../../app/parts';
import { writeDate } from '../../i18n/dates';
import { getLanguage, LANGUAGES, t } from '../../i18n/text';
import { useWorkplace } from '../context';
import { useSetPreferences, type QuietHours } from './desk';
import { useKeptLanguage } from './language';
import { isPushOn, switchPush } from './push';

export function Settings({ opened, close }: { opened: boolean; close: () => void }) {
  return (
    <Modal opened={opened} onClose={close} title={t('chatSettings')} size="lg">
      <Form />
    </Modal>
  );
}

function Form() {
  const { desk } = useWorkplace();
  const set = useSetPreferences();
  const { choose } = useKeptLanguage();
  const { notify, keywords, quiet } = desk.preferences;
  return (
    <Stack gap="lg">
      <Select
        label={t('language')}
        data={LANGUAGES.map(({ code, name }) => ({ value: code, label: name }))}
        value={getLanguage()}
        allowDeselect={false}
        onChange={(code) => code !== null && choose(code)}
      />
      <Radio.Group label={t('tellMeOf')} value={notify} onChange={(value) => void set({ notify: value as typeof notify })}>
        <Stack gap={6} mt={6}>
          <Radio value="all" label={t('notifyAll')} />
          <Radio value="calls" label={t('notifyCalls')} />
          <Radio value="none" label={t('notifyNone')} />
        </Stack>
      </Radio.Group>
      <TagsInput label={t('keywords')} description={t('keywordsAbout')} value={keywords} onChange={(words) => void set({ keywords: words })} maxTags={50} />
      <Quiet quiet={quiet} change={(next) => void set({ quiet: next })} />
      <ThisBrowser />
    </Stack>
  );
}

function Quiet({ quiet, change }: { quiet: QuietHours | null; change: (quiet: QuietHours | null) => void }) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const fresh: QuietHours = { from_minute: 22 * 60, until_minute: 8 * 60, days: [0, 1, 2, 3, 4, 5, 6], zone };
  const monday = new Date(2024, 0, 1);
  const dayName = (day: number) => writeDate(new Date(monday.getTime() + day * 86_400_000), { weekday: 'short' });
  return (
    <Stack gap={8}>
      <Switch label={t('quietHours')} description={t('quietAbout')} checked={quiet !== null} onChange={(event) => change(event.currentTarget.checked ? fresh : null)} />
      {quiet !== null && (
        <>
          <Group>
            <TextInput type="time" label={t('from')} value={toTime(quiet.from_minute)} onChange={(event) => event.currentTarget.value && change({ ...quiet, zone, from_minute: toMinute(event.currentTarget.value) })} />
            <TextInput type="time" label={t('untilTime')} value={toTime(quiet.until_minute)} onChange={(event) => event.currentTarget.value && change({ ...quiet, zone, until_minute: toMinute(event.currentTarget.value) })} />
          </Group>
          <Checkbox.Group label={t('onTheseDays')} value={quiet.days.map(String)} onChange={(days) => change({ ...quiet, zone, days: days.map(Number).sort() })}>
            <Group gap="sm" mt={6}>
              {fresh.days.map((day) => (
                <Checkbox key={day} value={String(day)} label={dayName(day)} />
              ))}
            </Group>
          </Checkbox.Group>
        </>
      )}
    </Stack>
  );
}

const toTime = (minute: number) => `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;

function toMinute(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return hours * 60 + minutes;
}

function ThisBrowser() {
  const [isOn, setOn] = useState(isPushOn);
  const change = async () => {
    setOn(await switchPush(!isOn));
  };
  if (!('Notification' in window)) return null;
  return (
    <Group justify="space-between" wrap="nowrap">
      <div>
        <Text size="sm" fw={500}>
          {t('thisBrowser')}
        </Text>
        <Text size="xs" c="dimmed">
          {t('thisBrowserAbout')}
        </Text>
      </div>
      <Button variant="default" size="xs" onClick={() => void change().catch(tellFailure)}>
        {isOn ? t('switchOff') : t('switchOn')}
      </Button>
    </Group>
  );
}
