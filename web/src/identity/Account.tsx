// The own account: who I am, how I sign in, where I am signed in.
import { Grid } from '@mantine/core';

import { useCall } from '../api/call';
import { Failed, Surface, Waiting } from '../app/parts';
import { useSession } from '../app/session';
import { t } from '../i18n/text';
import { Copyable, FactTable } from '../objects/Details';
import { Grants } from './Grants';
import { Passkeys } from './Passkeys';
import { PasswordForm } from './Password';
import { SecondFactor } from './SecondFactor';
import { Sessions } from './Sessions';

export function Account() {
  const session = useSession();
  const { data: security, error, isPending } = useCall('getSecurity', {});
  return (
    <Grid gap="lg">
      <Grid.Col span={{ base: 12, md: 6 }}>
        <Surface title={session.has_password ? t('changePassword') : t('setAPassword')}>
          <PasswordForm />
        </Surface>
      </Grid.Col>
      <Grid.Col span={{ base: 12, md: 6 }}>
        <Surface title={t('whoIAm')}>
          <FactTable
            rows={[
              [t('name'), session.display_name],
              [t('emailAddressShort'), session.email],
              [t('account'), `${session.account_name} (${session.account})`],
              ['ARN', <Copyable key="arn" value={session.arn} />],
              [t('region'), session.region],
              [t('operatorOfCloud'), session.is_operator ? t('yesOfTheWhole') : ''],
            ]}
          />
        </Surface>
      </Grid.Col>
      {isPending && <Waiting />}
      {error !== null && <Failed error={error} />}
      {security && (
        <>
          <Grid.Col span={{ base: 12, md: 6 }}>
            <Passkeys passkeys={security.passkeys} />
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 6 }}>
            <SecondFactor security={security} />
          </Grid.Col>
        </>
      )}
      <Grid.Col span={{ base: 12, lg: 6 }}>
        <Sessions />
      </Grid.Col>
      <Grid.Col span={{ base: 12, lg: 6 }}>
        <Grants />
      </Grid.Col>
    </Grid>
  );
}
