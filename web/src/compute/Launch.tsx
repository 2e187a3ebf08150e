// The launch form: name, type, zone, image, user data, role, count; says what it will cost.
import { Alert, Button, Drawer, Group, NumberInput, Select, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconInfoCircle } from '@tabler/icons-react';
import { useNavigate } from 'react-router';

import { useCall, useChange } from '../api/call';
import type { CatalogObject } from '../api/schema';
import { Failed, tell, Waiting } from '../app/parts';
import { fromServer } from '../i18n/server';
import { t } from '../i18n/text';
import { hourly } from './families';
import { EXAMPLES } from './scripts';
import { TypePicker } from './TypePicker';

const MAX_COUNT = 100;
const MAX_SCRIPT_BYTES = 16 * 1024;
const ANY_ZONE = 'any';

export function LaunchDrawer({ opened, close }: { opened: boolean; close: () => void }) {
  const catalog = useCall('getComputeCatalog', {}, { enabled: opened });
  return (
    <Drawer opened={opened} onClose={close} position="right" size="lg" title={<Text fw={650}>{t('launchInstance')}</Text>}>
      {catalog.isPending && <Waiting />}
      {catalog.error !== null && <Failed error={catalog.error} retry={() => void catalog.refetch()} />}
      {catalog.data && <LaunchForm catalog={catalog.data} close={close} />}
    </Drawer>
  );
}

function LaunchForm({ catalog, close }: { catalog: CatalogObject; close: () => void }) {
  const navigate = useNavigate();
  const profiles = useCall('listInstanceProfiles', { limit: 1000 });
  const launch = useChange('launchInstances', { reads: ['listInstances', 'listJobs'] });
  const form = useForm({
    initialValues: { name: '', type: 'u1.small', zone: ANY_ZONE, image: catalog.images[0]?.id ?? '', user_data: '', role: '', count: 1 },
    validate: {
      count: (value) => (Number.isInteger(value) && value >= 1 && value <= MAX_COUNT ? null : t('oneTo', { max: MAX_COUNT })),
      user_data: (value) => {
        if (new Blob([value]).size > MAX_SCRIPT_BYTES) return t('userDataIsLimited');
        return value === '' || value.startsWith('#!') ? null : t('beginWithAndThe');
      },
    },
  });
  const type = catalog.types.find((item) => item.name === form.values.type);
  const image = catalog.images.find((item) => item.id === form.values.image);
  const submit = form.onSubmit((values) =>
    launch.mutate(
      { ...values, zone: values.zone === ANY_ZONE ? null : values.zone },
      {
        onSuccess: (made) => {
          tell(made.items.length === 1 ? t('theInstanceIsStarting') : t('instancesAreStarting', { count: made.items.length }));
          close();
          if (made.items.length === 1) void navigate(`/instances/${made.items[0]!.id}`);
        },
      },
    ),
  );
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput label={t('name')} placeholder="web-1" data-autofocus autoFocus autoComplete="off" {...form.getInputProps('name')} />
        <TypePicker types={catalog.types} value={form.values.type} onChange={(name) => form.setFieldValue('type', name)} />
        <Group grow align="flex-start">
          <Select label={t('zone')} allowDeselect={false} data={[{ value: ANY_ZONE, label: t('anySpread') }, ...catalog.zones]} {...form.getInputProps('zone')} />
          <NumberInput label={t('howMany')} min={1} max={MAX_COUNT} {...form.getInputProps('count')} />
        </Group>
        <Select label={t('image')} allowDeselect={false} data={catalog.images.map((item) => ({ value: item.id, label: item.name }))} description={image && fromServer(image.description)} {...form.getInputProps('image')} />
        {image && !image.prepared && (
          <Alert color="blue" p="xs" icon={<IconInfoCircle size={18} />}>
            <Text size="xs">{t('thisImageIsBuilt')}</Text>
          </Alert>
        )}
        <UserData value={form.values.user_data} set={(script) => form.setFieldValue('user_data', script)} error={form.errors.user_data} />
        <Select
          label={t('instanceRole')}
          description={t('itsProgramsGetCredentials')}
          placeholder={profiles.data?.items.length ? t('noneCapital') : t('noneNoInstanceProfile')}
          clearable
          data={profiles.data?.items.map((item) => item.name) ?? []}
          value={form.values.role || null}
          onChange={(value) => form.setFieldValue('role', value ?? '')}
        />
        <Group justify="space-between" className="drawer-foot">
          <Text size="sm" c="dimmed" aria-live="polite">
            {type && hourly(type, Number(form.values.count) || 1)}
          </Text>
          <Group gap="xs">
            <Button variant="default" onClick={close}>
              {t('cancel')}
            </Button>
            <Button type="submit" loading={launch.isPending}>
              {t('launch')}
            </Button>
          </Group>
        </Group>
      </Stack>
    </form>
  );
}

function UserData({ value, set, error }: { value: string; set: (script: string) => void; error: React.ReactNode }) {
  return (
    <Stack gap={6}>
      <Textarea
        label={t('userData')}
        description={t('aScriptThatRuns')}
        placeholder={'#!/bin/sh\n'}
        autosize
        minRows={5}
        maxRows={16}
        spellCheck={false}
        classNames={{ input: 'mono' }}
        value={value}
        onChange={(event) => set(event.currentTarget.value)}
        error={error}
      />
      <Group gap={6}>
        <Text size="xs" c="dimmed">
          {t('examples')}
        </Text>
        {EXAMPLES.map((example) => (
          <Button key={example.name} size="compact-xs" variant="light" title={t(example.about)} onClick={() => set(example.script)}>
            {t(example.name)}
          </Button>
        ))}
      </Group>
    </Stack>
  );
}
