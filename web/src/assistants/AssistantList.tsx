// The assistants of the account: who can be mentioned, what they know and may use.
import { ActionIcon, Badge, Button, Group, Menu, Stack, Table, Text } from '@mantine/core';
import { IconDots, IconPlus, IconRobot } from '@tabler/icons-react';
import { useState } from 'react';

import { useCall, useChange } from '../api/call';
import type { AssistantView } from '../api/schema';
import { useConfirm } from '../app/confirm';
import { formatAgo } from '../app/format';
import { Empty, Failed, Surface, Waiting } from '../app/parts';
import { t } from '../i18n/text';
import { AssistantDialog } from './AssistantDialog';
import { Templates, type Template } from './Templates';

export function AssistantList() {
  const { data, error, isPending } = useCall('listAssistants', {});
  const remove = useChange('deleteAssistant', { reads: ['listAssistants'], done: t('assistantDeleted') });
  const [edited, setEdited] = useState<AssistantView | 'new' | null>(null);
  const [template, setTemplate] = useState<Template | null>(null);
  const close = () => {
    setEdited(null);
    setTemplate(null);
  };
  const begin = (chosen: Template) => {
    setTemplate(chosen);
    setEdited('new');
  };
  const { ask, dialog } = useConfirm();
  const drop = async (item: AssistantView) => {
    const text = t('assistantDeleteAbout');
    if (await ask({ title: t('deleteAsk', { title: item.title }), text, yes: t('delete') })) remove.mutate({ id: item.id });
  };
  const add = (
    <Button leftSection={<IconPlus size={16} />} onClick={() => setEdited('new')}>
      {t('makeAssistant')}
    </Button>
  );
  if (isPending) return <Waiting />;
  if (error !== null) return <Failed error={error} />;
  return (
    <Stack>
      {dialog}
      {edited !== null && <AssistantDialog known={edited === 'new' ? null : edited} template={template} onClose={close} />}
      {data.items.length === 0 ? (
        <Surface>
          <Empty icon={<IconRobot size={28} />} title={t('noAssistant')} action={add}>
            {t('noAssistantAbout')}
          </Empty>
        </Surface>
      ) : (
        <Surface title={t('assistants')} aside={add}>
          <Table.ScrollContainer minWidth={560}>
            <Table verticalSpacing={8}>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{t('name')}</Table.Th>
                  <Table.Th>{t('knows')}</Table.Th>
                  <Table.Th>{t('mayUse')}</Table.Th>
                  <Table.Th>{t('changedAt')}</Table.Th>
                  <Table.Th aria-label={t('actions')} />
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {data.items.map((item) => (
                  <Table.Tr key={item.id}>
                    <Table.Td>
                      <Stack gap={0}>
                        <Group gap={6}>
                          <Text size="sm" fw={600}>
                            {item.title}
                          </Text>
                          {!item.enabled && (
                            <Badge size="sm" variant="light" color="gray" tt="none">
                              {t('isOff')}
                            </Badge>
                          )}
                        </Group>
                        <Text size="xs" c="dimmed">
                          @{item.name}
                        </Text>
                      </Stack>
                    </Table.Td>
                    <Table.Td>
                      <Text size="sm">{item.knowledge.length > 0 ? item.knowledge.join(', ') : t('whatAskerReads')}</Text>
                    </Table.Td>
                    <Table.Td>
                      <Text size="sm">{item.tools.length > 0 ? item.tools.join(', ') : t('noActions')}</Text>
                    </Table.Td>
                    <Table.Td>
                      <Text size="sm">{formatAgo(item.updated_us)}</Text>
                    </Table.Td>
                    <Table.Td ta="right">
                      <Menu position="bottom-end">
                        <Menu.Target>
                          <ActionIcon variant="subtle" aria-label={t('actionsOf', { title: item.title })}>
                            <IconDots size={18} />
                          </ActionIcon>
                        </Menu.Target>
                        <Menu.Dropdown>
                          <Menu.Item onClick={() => setEdited(item)}>{t('edit')}</Menu.Item>
                          <Menu.Item color="red" onClick={() => void drop(item)}>
                            {t('delete')}
                          </Menu.Item>
                        </Menu.Dropdown>
                      </Menu>
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        </Surface>
      )}
      <Templates choose={begin} />
    </Stack>
  );
}
