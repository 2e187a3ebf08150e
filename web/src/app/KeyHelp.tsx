// What can be done by keyboard, shown by `?`.
import { Kbd, Modal, Stack, Table, Text } from '@mantine/core';
import { useWindowEvent } from '@mantine/hooks';

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
    ...PLACES.map((place): [string[], string] => [['g', place.key], `Go to ${place.label}`]),
    [['↑', '↓'], 'Move in a list of objects'],
    [['Enter'], 'Open the object or folder'],
    [['Space'], 'Select it'],
    [['Backspace'], 'One folder up'],
    [['Delete'], 'Delete what is selected'],
    [['Ctrl', 'K'], 'Chat: go to a channel or person'],
    [['Alt', '↑'], 'Chat: the channel above, with ↓ the one below'],
    [['Alt', 'U'], 'Chat: catch up with everything unread'],
    [['Alt', 'F'], 'Chat: search'],
    [['↑'], 'Chat: edit your last message, in an empty field'],
    [['?'], 'This help'],
  ];
  return (
    <Modal opened={opened} onClose={close} title="Keyboard" centered>
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
          Two keys are typed one after the other; with Ctrl and Alt, together.
        </Text>
      </Stack>
    </Modal>
  );
}
