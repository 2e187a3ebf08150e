// All settings of a bucket on one page: what protects it, who reaches it, what happens by itself.
import { Anchor, Breadcrumbs, Stack } from '@mantine/core';
import { Link, useParams } from 'react-router';

import { useAws } from '../../api/aws';
import { Failed, Page } from '../../app/parts';
import { t } from '../../i18n/text';
import { Events } from './Events';
import { Lifecycle } from './Lifecycle';
import { Policy } from './Policy';
import { Encryption, ObjectLock, Versioning } from './Protection';
import { Cors, PublicAccess } from './Sharing';
import { Tags } from './Tags';

const SETTINGS = [Versioning, ObjectLock, Encryption, Lifecycle, PublicAccess, Policy, Cors, Events, Tags];

export function BucketSettings() {
  const bucket = useParams().bucket!;
  const found = useAws('s3', 'GetBucketLocation', { Bucket: bucket });
  const path = (
    <Breadcrumbs separatorMargin={6} style={{ flexWrap: 'wrap' }}>
      <Anchor component={Link} to="/objects" inherit c="dimmed">
        {t('placeObjects')}
      </Anchor>
      <Anchor component={Link} to={`/objects/${bucket}`} inherit>
        {bucket}
      </Anchor>
      <span>{t('settings')}</span>
    </Breadcrumbs>
  );
  return (
    <Page title={path} about={t('theSameSettingsThat')}>
      {found.error !== null && <Failed error={found.error} />}
      {found.data && (
        <Stack gap="md">
          {SETTINGS.map((Part) => (
            <Part key={Part.name} bucket={bucket} />
          ))}
        </Stack>
      )}
    </Page>
  );
}
