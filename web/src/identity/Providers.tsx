// The account's sign-in providers: OpenID Connect issuers by which its people may come in.
import { ActionIcon, Alert, Badge, Button, Checkbox, Group, Modal, Radio, Stack, Table, TagsInput, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconLogin2, IconPencil, IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';

import { useCall, useChange } from '../api/call';
import type { ProviderView } from '../api/schema';
import { useConfirm } from '../app/confirm';
import { Empty, Failed, Surface, Waiting } from '../app/parts';
import { t } from '../i18n/text';
import { Copyable } from '../objects/Details';
import { RETURN_PATH } from './departure';

type Edited = Partial<ProviderView>;

export function Providers() {
  const { data, error, isPending, refetch } = useCall('listSignInProviders', {});
  const [edited, setEdited] = useState<Edited | null>(null);
  const remove = useChange('deleteSignInProvider', { reads: ['listSignInProviders'], done: t('theProviderIsRemoved') });
  const { ask, dialog } = useConfirm();
  const removeIt = async (provider: ProviderView) => {
    const text = t('nobodyComesInBy');
    if (await ask({ title: t('removeTitle', { title: provider.title }), text, yes: t('remove') })) remove.mutate({ name: provider.name });
  };
  const button = (
    <Button size="xs" leftSection={<IconPlus size={15} />} onClick={() => setEdited({})}>
      {t('addProvider')}
    </Button>
  );
  if (isPending) return <Waiting />;
  if (error !== null) return <Failed error={error} retry={() => void refetch()} />;
  return (
    <Surface title={t('signInProviders')} aside={data.items.length > 0 && button}>
      {dialog}
      <Modal opened={edited !== null} onClose={() => setEdited(null)} title={edited?.name ? edited.title : t('addASignIn')} centered size="lg">
        {edited && <Edit provider={edited} close={() => setEdited(null)} />}
      </Modal>
      {data.items.length === 0 ? (
        <Empty icon={<IconLogin2 size={26} />} title={t('noSignInProvider')} action={button}>
          {t('letPeopleComeIn')}
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
                          {t('makesUsers')}
                        </Badge>
                      )}
                    </Group>
                    <Text size="xs" c="dimmed" className="wrap-anywhere">
                      {t('providerFacts', { issuer: provider.issuer, by: provider.link_by === 'email' ? t('byEmail') : t('bySubject') })}
                    </Text>
                  </Table.Td>
                  <Table.Td ta="right">
                    <Group gap={2} justify="flex-end" wrap="nowrap">
                      <ActionIcon variant="subtle" color="gray" aria-label={t('editTitle', { title: provider.title })} onClick={() => setEdited(provider)}>
                        <IconPencil size={16} />
                      </ActionIcon>
                      <ActionIcon variant="subtle" color="red" aria-label={t('removeName', { name: provider.title })} onClick={() => void removeIt(provider)}>
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
  const put = useChange('putSignInProvider', { reads: ['listSignInProviders'], done: t('theProviderIsSaved') });
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
    validate: { name: (value) => (/^[a-z0-9][a-z0-9-]{0,31}$/.test(value) ? null : t('providerNameRule')) },
  });
  return (
    <form onSubmit={form.onSubmit((values) => put.mutate(values, { onSuccess: close }))}>
      <Stack>
        <Alert color="gray" title={t('allowThisAddressAt')}>
          <Copyable value={provider.return_url ?? location.origin + RETURN_PATH} />
        </Alert>
        <Group grow align="flex-start">
          <TextInput label={t('name')} placeholder={t('workExample')} required disabled={!isNew} data-autofocus {...form.getInputProps('name')} />
          <TextInput label={t('shownAs')} placeholder={t('workAccount')} {...form.getInputProps('title')} />
        </Group>
        <TextInput label={t('issuer')} required {...form.getInputProps('issuer')} />
        <Group grow align="flex-start">
          <TextInput label={t('clientId')} required {...form.getInputProps('client_id')} />
          <TextInput
            label={t('clientSecret')}
            type="password"
            autoComplete="off"
            placeholder={provider.has_secret ? t('keptTypeToReplace') : t('emptyPkceAlone')}
            {...form.getInputProps('client_secret')}
          />
        </Group>
        <Radio.Group label={t('atTheFirstSign')} {...form.getInputProps('link_by')}>
          <Group mt={4}>
            <Radio value="email" label={t('verifiedEmail')} />
            <Radio value="subject" label={t('subjectItIsThe')} />
          </Group>
        </Radio.Group>
        <TagsInput label={t('emailDomains')} description={t('emptyAllThatThe')} placeholder="example.com" {...form.getInputProps('email_domains')} />
        <Checkbox label={t('makeUsersForPeople')} {...form.getInputProps('create_users', { type: 'checkbox' })} />
        {form.values.create_users && <TagsInput label={t('groupsOfNewUsers')} {...form.getInputProps('groups')} />}
        <Group justify="flex-end">
          <Button type="submit" loading={put.isPending}>
            {t('save')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
