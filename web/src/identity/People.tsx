// People and keys: who may do what in this account, with which keys, and what they did.
import { Tabs } from '@mantine/core';
import { useLocation, useNavigate } from 'react-router';

import { Page } from '../app/parts';
import { t } from '../i18n/text';
import { Account } from './Account';
import { Audit } from './Audit';
import { Groups } from './Groups';
import { MyKeys } from './MyKeys';
import { PeopleList } from './PeopleList';
import { Policies } from './Policies';
import { Providers } from './Providers';
import { Quotas } from './Quotas';

const TABS = [
  { value: 'people', label: 'people', panel: PeopleList },
  { value: 'keys', label: 'myKeys', panel: MyKeys },
  { value: 'groups', label: 'groupsAndRoles', panel: Groups },
  { value: 'policies', label: 'policies', panel: Policies },
  { value: 'sign-in', label: 'signInTab', panel: Providers },
  { value: 'audit', label: 'audit', panel: Audit },
  { value: 'quotas', label: 'quotas', panel: Quotas },
  { value: 'account', label: 'myAccount', panel: Account },
] as const;

export default function People() {
  const navigate = useNavigate();
  const wanted = useLocation().pathname.split('/')[2] ?? '';
  const tab = TABS.find((item) => item.value === wanted)?.value ?? 'people';
  return (
    <Page title={t('placePeople')} about={t('oneIdentityForS3')}>
      <Tabs value={tab} onChange={(value) => void navigate(value === 'people' ? '/people' : `/people/${value}`)} keepMounted={false}>
        <Tabs.List mb="lg" className="tab-scroller">
          {TABS.map((item) => (
            <Tabs.Tab key={item.value} value={item.value}>
              {t(item.label)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {TABS.map((item) => (
          <Tabs.Panel key={item.value} value={item.value}>
            <item.panel />
          </Tabs.Panel>
        ))}
      </Tabs>
    </Page>
  );
}
