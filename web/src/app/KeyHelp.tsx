// What can be done by keyboard, shown by `?`.
import { Kbd, Modal, Stack, Table, Text } from '@mantine/core';
import { useWindowEvent } from '@mantine/hooks';

import { t } from '../i18n/text';
import { PLACES } from './nav';

interface Props {
  opened: boolean;
  open: () => void;
  close: () => void;
}

export function KeyHelp({ opened, open, close }: Props) {
  useWindowEvent('keydown', (event) => {
    if (event.key === '?' && !(event.target as HTMLElement).closest('input, textarea, select, [contenteditable]')) open();
  });
  const rows: [string[], string][] = [
    ...PLACES.map((place): [string[], string] => [['g', place.key], t('goToPlace', { place: t(place.label) })]),
    [['↑', '↓'], t('keyMove')],
    [['Enter'], t('keyOpen')],
    [['Space'], t('keySelect')],
    [['Backspace'], t('keyUp')],
    [['Delete'], t('keyDelete')],
    [['Ctrl', 'K'], t('keySwitch')],
    [['Alt', '↑'], t('keyStep')],
    [['Alt', 'U'], t('keyCatchUp')],
    [['Alt', 'F'], t('keySearch')],
    [['↑'], t('keyEdit')],
    [['?'], t('keyHelp')],
  ];
  return (
    <Modal opened={opened} onClose={close} title={t('keyboard')} centered>
      <Stack>
        <Table verticalSpacing={5}>
          <Table.Tbody>
            {rows.map(([keys, text]) => (
              <Table.Tr key={text}>
                <Table.Td w={130}>
                  {keys.map((key) => (
                    <Kbd key={key} mr={4}>
                      {key}
                    </Kbd>
                  ))}
                </Table.Td>
                <Table.Td>{text}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
        <Text size="xs" c="dimmed">
          {t('keyHow')}
        </Text>
      </Stack>
    </Modal>
  );
}
