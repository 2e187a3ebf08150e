// What administrators of the workplace do: bring another workplace in, take this one out, invite guests.
import { Stack } from '@mantine/core';
import { IconTransfer } from '@tabler/icons-react';

import { t } from '../../i18n/text';
import { useWorkplace } from '../context';
import { Nothing, View } from '../desk/View';
import { Exports } from './Exports';
import { Guests } from './Guests';
import { Imports } from './Imports';

export function Administration() {
  const { me } = useWorkplace();
  return (
    <View title={t('importAndExport')} icon={<IconTransfer size={20} aria-hidden />}>
      {me.is_admin ? (
        <Stack gap="xl" p="md" maw={760}>
          <Imports />
          <Exports />
          <Guests />
        </Stack>
      ) : (
        <Nothing>{t('onlyAdministrators')}</Nothing>
      )}
    </View>
  );
}
