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

const KINDS = ['openai', 'dashscope', 'vllm', 'sglang', 'llama-server', 'volano', 'other'];
const READS: Operation[] = ['listUpstreams', 'listUpstreamModels', 'getModelCatalogue', 'listModels'];

export function Upstreams() {
  const { data, error, isPending } = useCall('listUpstreams', {});
  const [adding, setAdding] = useState(false);
  if (isPending) return <Waiting />;
  if (error !== null) return <Failed error={error} />;
  const add = (
    <Button leftSection={<IconPlus size={16} />} onClick={() => setAdding(true)}>
      Add an upstream
    </Button>
  );
  return (
    <Stack>
      {data.items.length > 0 && <Group justify="flex-end">{add}</Group>}
      {data.items.length === 0 && (
        <Empty icon={<IconCloudUp size={28} />} title="No upstream yet" action={add}>
          Any service with OpenAI’s API (OpenAI, DashScope, vLLM, SGLang, llama-server, another Volano) can answer beside your own models, with the same limits and on the same bill.
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
  const remove = useChange('deleteUpstream', { reads: READS, done: `${item.name} is forgotten.` });
  const [served, setServed] = useState<RemoteModelObject | null>(null);
  const askDelete = async () => {
    const text = 'Its models must be deleted before. The secret that was made for its key goes, too.';
    if (await ask({ title: `Delete ${item.name}?`, text, yes: 'Delete' })) remove.mutate({ upstream: item.name });
  };
  const aside = (
    <Group gap={6}>
      <Badge variant="light">{item.kind}</Badge>
      <ActionIcon variant="subtle" color="gray" aria-label={`Delete ${item.name}`} onClick={() => void askDelete()}>
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
        {item.secret ? 'The key is in Secrets Manager.' : 'No key is sent.'} An answer may take {item.timeout_s} s; {item.retries} more tries.
      </Text>
      {remote.isPending && <Text size="sm">Asking it for its models…</Text>}
      {remote.isError && <Failed error={remote.error} retry={() => void remote.refetch()} />}
      {remote.data && <RemoteModels items={remote.data.items} serve={setServed} />}
      {served && <ServeDialog upstream={item.name} remote={served.id} onClose={() => setServed(null)} />}
    </Surface>
  );
}

function RemoteModels({ items, serve }: { items: RemoteModelObject[]; serve: (model: RemoteModelObject) => void }) {
  if (items.length === 0) return <Text size="sm">It names no model.</Text>;
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
                  <Button size="compact-sm" variant="light" onClick={() => serve(model)} aria-label={`Serve ${model.id}`}>
                    Serve
                  </Button>
                ) : (
                  <Badge variant="light" tt="none">
                    here as {model.model}
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
    <FormDialog title="Add an upstream" yes="Add" onClose={onClose} submit={form.onSubmit((values) => put.mutate(values, { onSuccess: onClose }))} busy={put.isPending}>
          <TextInput label="Name" placeholder="openai" required data-autofocus {...form.getInputProps('upstream')} />
          <Select label="Kind" data={KINDS} allowDeselect={false} {...form.getInputProps('kind')} />
          <TextInput label="Address" placeholder="https://api.example.com/v1" required {...form.getInputProps('base_url')} />
          <PasswordInput label="API key" description="Kept in Secrets Manager, never shown again" autoComplete="off" {...form.getInputProps('api_key')} />
          <Group grow>
            <NumberInput label="Time limit (s)" min={1} max={600} {...form.getInputProps('timeout_s')} />
            <NumberInput label="More tries" min={0} max={5} {...form.getInputProps('retries')} />
          </Group>
    </FormDialog>
  );
}

function ServeDialog({ upstream, remote, onClose }: { upstream: string; remote: string; onClose: () => void }) {
  const form = useForm({ initialValues: { model: remote, task: 'generate' as 'generate' | 'embed', input: '0', output: '0' } });
  const put = useChange('putUpstreamModel', { reads: READS, done: `${remote} can be asked.` });
  const submit = form.onSubmit(({ model, task, input, output }) => put.mutate({ upstream, remote, model, task, price: { input, output } }, { onSuccess: onClose }));
  return (
    <FormDialog title={`Serve ${remote}`} yes="Serve" onClose={onClose} submit={submit} busy={put.isPending}>
          <TextInput label="Its name here" required data-autofocus {...form.getInputProps('model')} />
          <Select
            label="Task"
            data={[
              { value: 'generate', label: 'Chat' },
              { value: 'embed', label: 'Embeddings' },
            ]}
            allowDeselect={false}
            {...form.getInputProps('task')}
          />
          <Group grow>
            <TextInput label="Price of input" description="for a million tokens" required {...form.getInputProps('input')} />
            <TextInput label="Price of output" description="for a million tokens" required {...form.getInputProps('output')} />
          </Group>
    </FormDialog>
  );
}
