// The account's sign-in providers: OpenID Connect issuers by which its people may come in.
import { ActionIcon, Alert, Badge, Button, Checkbox, Group, Modal, Radio, Stack, Table, TagsInput, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconLogin2, IconPencil, IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';

import { useCall, useChange } from '../api/call';
import type { ProviderView } from '../api/schema';
import { useConfirm } from '../app/confirm';
import { Empty, Failed, Surface, Waiting } from '../app/parts';
import { Copyable } from '../objects/Details';
import { RETURN_PATH } from './departure';

type Edited = Partial<ProviderView>;

export function Providers() {
  const { data, error, isPending, refetch } = useCall('listSignInProviders', {});
  const [edited, setEdited] = useState<Edited | null>(null);
  const remove = useChange('deleteSignInProvider', { reads: ['listSignInProviders'], done: 'The provider is removed' });
  const { ask, dialog } = useConfirm();
  const removeIt = async (provider: ProviderView) => {
    const text = 'Nobody comes in by it any more. People who did stay, and need another way in.';
    if (await ask({ title: `Remove ${provider.title}?`, text, yes: 'Remove' })) remove.mutate({ name: provider.name });
  };
  const button = (
    <Button size="xs" leftSection={<IconPlus size={15} />} onClick={() => setEdited({})}>
      Add provider
    </Button>
  );
  if (isPending) return <Waiting />;
  if (error !== null) return <Failed error={error} retry={() => void refetch()} />;
  return (
    <Surface title="Sign-in providers" aside={data.items.length > 0 && button}>
      {dialog}
      <Modal opened={edited !== null} onClose={() => setEdited(null)} title={edited?.name ? edited.title : 'Add a sign-in provider'} centered size="lg">
        {edited && <Edit provider={edited} close={() => setEdited(null)} />}
      </Modal>
      {data.items.length === 0 ? (
        <Empty icon={<IconLogin2 size={26} />} title="No sign-in provider" action={button}>
          Let people come in with the account they have at work: any OpenID Connect issuer, such as Keycloak, Entra ID or Google.
        </Empty>
      ) : (
        <Table.ScrollContainer minWidth={420}>
          <Table verticalSpacing={7}>
            <Table.Tbody>
              {data.items.map((provider) => (
                <Table.Tr key={provider.name}>
                  <Table.Td>
                    <Group gap={6}>
                      <Text size="sm">{provider.title}</Text>
                      {provider.create_users && (
                        <Badge size="sm" variant="light" tt="none">
                          makes users
                        </Badge>
                      )}
                    </Group>
                    <Text size="xs" c="dimmed" className="wrap-anywhere">
                      {provider.issuer}, by {provider.link_by === 'email' ? 'verified e-mail' : 'subject'}
                    </Text>
                  </Table.Td>
                  <Table.Td ta="right">
                    <Group gap={2} justify="flex-end" wrap="nowrap">
                      <ActionIcon variant="subtle" color="gray" aria-label={`Edit ${provider.title}`} onClick={() => setEdited(provider)}>
                        <IconPencil size={16} />
                      </ActionIcon>
                      <ActionIcon variant="subtle" color="red" aria-label={`Remove ${provider.title}`} onClick={() => void removeIt(provider)}>
                        <IconTrash size={16} />
                      </ActionIcon>
                    </Group>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Surface>
  );
}

function Edit({ provider, close }: { provider: Edited; close: () => void }) {
  const isNew = provider.name === undefined;
  const put = useChange('putSignInProvider', { reads: ['listSignInProviders'], done: 'The provider is saved' });
  const form = useForm({
    initialValues: {
      name: provider.name ?? '',
      title: provider.title ?? '',
      issuer: provider.issuer ?? 'https://',
      client_id: provider.client_id ?? '',
      client_secret: '',
      link_by: provider.link_by ?? 'email',
      create_users: provider.create_users ?? false,
      email_domains: provider.email_domains ?? [],
      groups: provider.groups ?? [],
    },
    validate: { name: (value) => (/^[a-z0-9][a-z0-9-]{0,31}$/.test(value) ? null : 'Use a–z, 0–9 and -.') },
  });
  return (
    <form onSubmit={form.onSubmit((values) => put.mutate(values, { onSuccess: close }))}>
      <Stack>
        <Alert color="gray" title="Allow this address at the issuer">
          <Copyable value={provider.return_url ?? location.origin + RETURN_PATH} />
        </Alert>
        <Group grow align="flex-start">
          <TextInput label="Name" placeholder="work" required disabled={!isNew} data-autofocus {...form.getInputProps('name')} />
          <TextInput label="Shown as" placeholder="Work account" {...form.getInputProps('title')} />
        </Group>
        <TextInput label="Issuer" required {...form.getInputProps('issuer')} />
        <Group grow align="flex-start">
          <TextInput label="Client id" required {...form.getInputProps('client_id')} />
          <TextInput
            label="Client secret"
            type="password"
            autoComplete="off"
            placeholder={provider.has_secret ? 'kept; type to replace' : 'empty: PKCE alone'}
            {...form.getInputProps('client_secret')}
          />
        </Group>
        <Radio.Group label="At the first sign-in, a person is found by" {...form.getInputProps('link_by')}>
          <Group mt={4}>
            <Radio value="email" label="verified e-mail address" />
            <Radio value="subject" label="subject: it is the user’s name" />
          </Group>
        </Radio.Group>
        <TagsInput label="E-mail domains" description="Empty: all that the issuer verifies" placeholder="example.com" {...form.getInputProps('email_domains')} />
        <Checkbox label="Make users for people who are unknown here" {...form.getInputProps('create_users', { type: 'checkbox' })} />
        {form.values.create_users && <TagsInput label="Groups of new users" {...form.getInputProps('groups')} />}
        <Group justify="flex-end">
          <Button type="submit" loading={put.isPending}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
