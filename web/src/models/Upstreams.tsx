// Other services with OpenAI's API: where they are, and which of their models can be asked here.
import { ActionIcon, Badge, Button, Group, NumberInput, PasswordInput, Select, Stack, Table, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconCloudUp, IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';

import { useCall, useChange, type Operation } from '../api/call';
import type { RemoteModelObject, UpstreamObject } from '../api/schema';
import { useConfirm } from '../app/confirm';
import { FormDialog } from '../app/FormDialog';
import { Empty, Failed, Surface, Waiting } from '../app/parts';
import { t } from '../i18n/text';

const KINDS = ['openai', 'dashscope', 'vllm', 'sglang', 'llama-server', 'volano', 'other'];
const READS: Operation[] = ['listUpstreams', 'listUpstreamModels', 'getModelCatalogue', 'listModels'];

export function Upstreams() {
  const { data, error, isPending } = useCall('listUpstreams', {});
  const [adding, setAdding] = useState(false);
  if (isPending) return <Waiting />;
  if (error !== null) return <Failed error={error} />;
  const add = (
    <Button leftSection={<IconPlus size={16} />} onClick={() => setAdding(true)}>
      {t('addAnUpstream')}
    </Button>
  );
  return (
    <Stack>
      {data.items.length > 0 && <Group justify="flex-end">{add}</Group>}
      {data.items.length === 0 && (
        <Empty icon={<IconCloudUp size={28} />} title={t('noUpstreamYet')} action={add}>
          {t('anyServiceWithOpenais')}
        </Empty>
      )}
      {data.items.map((item) => (
        <UpstreamCard key={item.name} item={item} />
      ))}
      {adding && <AddDialog onClose={() => setAdding(false)} />}
    </Stack>
  );
}

function UpstreamCard({ item }: { item: UpstreamObject }) {
  const { ask, dialog } = useConfirm();
  const remote = useCall('listUpstreamModels', { upstream: item.name });
  const remove = useChange('deleteUpstream', { reads: READS, done: t('upstreamForgotten', { name: item.name }) });
  const [served, setServed] = useState<RemoteModelObject | null>(null);
  const askDelete = async () => {
    const text = t('itsModelsMustBe');
    if (await ask({ title: t('deleteNameAsk', { name: item.name }), text, yes: t('delete') })) remove.mutate({ upstream: item.name });
  };
  const aside = (
    <Group gap={6}>
      <Badge variant="light">{item.kind}</Badge>
      <ActionIcon variant="subtle" color="gray" aria-label={t('deleteNamed', { title: item.name })} onClick={() => void askDelete()}>
        <IconTrash size={16} />
      </ActionIcon>
    </Group>
  );
  return (
    <Surface title={item.name} aside={aside}>
      {dialog}
      <Text size="sm" className="mono" style={{ overflowWrap: 'anywhere' }}>
        {item.base_url}
      </Text>
      <Text size="xs" c="dimmed" mb="sm">
        {t('upstreamFacts', { key: item.secret ? t('theKeyIsIn') : t('noKeyIsSent'), seconds: item.timeout_s, retries: item.retries })}
      </Text>
      {remote.isPending && <Text size="sm">{t('askingItForIts')}</Text>}
      {remote.isError && <Failed error={remote.error} retry={() => void remote.refetch()} />}
      {remote.data && <RemoteModels items={remote.data.items} serve={setServed} />}
      {served && <ServeDialog upstream={item.name} remote={served.id} onClose={() => setServed(null)} />}
    </Surface>
  );
}

function RemoteModels({ items, serve }: { items: RemoteModelObject[]; serve: (model: RemoteModelObject) => void }) {
  if (items.length === 0) return <Text size="sm">{t('itNamesNoModel')}</Text>;
  return (
    <Table.ScrollContainer minWidth={420} mah={320}>
      <Table verticalSpacing={6}>
        <Table.Tbody>
          {items.map((model) => (
            <Table.Tr key={model.id}>
              <Table.Td>
                <Text size="sm" className="mono">
                  {model.id}
                </Text>
              </Table.Td>
              <Table.Td>
                <Text size="sm" c="dimmed">
                  {model.owned_by}
                </Text>
              </Table.Td>
              <Table.Td ta="right">
                {model.model === null ? (
                  <Button size="compact-sm" variant="light" onClick={() => serve(model)} aria-label={t('serveNamed', { id: model.id })}>
                    {t('serve')}
                  </Button>
                ) : (
                  <Badge variant="light" tt="none">
                    {t('hereAs', { model: model.model })}
                  </Badge>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function AddDialog({ onClose }: { onClose: () => void }) {
  const form = useForm({ initialValues: { upstream: '', kind: 'openai', base_url: '', api_key: '', timeout_s: 120, retries: 2 } });
  const put = useChange('putUpstream', { reads: READS });
  return (
    <FormDialog title={t('addAnUpstream')} yes={t('add')} onClose={onClose} submit={form.onSubmit((values) => put.mutate(values, { onSuccess: onClose }))} busy={put.isPending}>
          <TextInput label={t('name')} placeholder="openai" required data-autofocus {...form.getInputProps('upstream')} />
          <Select label={t('kind')} data={KINDS} allowDeselect={false} {...form.getInputProps('kind')} />
          <TextInput label={t('address')} placeholder="https://api.example.com/v1" required {...form.getInputProps('base_url')} />
          <PasswordInput label={t('keyKindApi')} description={t('keptInSecretsManager')} autoComplete="off" {...form.getInputProps('api_key')} />
          <Group grow>
            <NumberInput label={t('timeLimitS')} min={1} max={600} {...form.getInputProps('timeout_s')} />
            <NumberInput label={t('moreTries')} min={0} max={5} {...form.getInputProps('retries')} />
          </Group>
    </FormDialog>
  );
}

function ServeDialog({ upstream, remote, onClose }: { upstream: string; remote: string; onClose: () => void }) {
  const form = useForm({ initialValues: { model: remote, task: 'generate' as 'generate' | 'embed', input: '0', output: '0' } });
  const put = useChange('putUpstreamModel', { reads: READS, done: t('canBeAsked', { remote }) });
  const submit = form.onSubmit(({ model, task, input, output }) => put.mutate({ upstream, remote, model, task, price: { input, output } }, { onSuccess: onClose }));
  return (
    <FormDialog title={t('serveNamed', { id: remote })} yes={t('serve')} onClose={onClose} submit={submit} busy={put.isPending}>
          <TextInput label={t('itsNameHere')} required data-autofocus {...form.getInputProps('model')} />
          <Select
            label={t('taskOfModel')}
            data={[
              { value: 'generate', label: t('kindChat') },
              { value: 'embed', label: t('embeddings') },
            ]}
            allowDeselect={false}
            {...form.getInputProps('task')}
          />
          <Group grow>
            <TextInput label={t('priceOfInput')} description={t('forMillionTokens')} required {...form.getInputProps('input')} />
            <TextInput label={t('priceOfOutput')} description={t('forMillionTokens')} required {...form.getInputProps('output')} />
          </Group>
    </FormDialog>
  );
}
