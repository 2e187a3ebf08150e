// People and keys: who may do what in this account, with which keys, and what they did.
import { Tabs } from '@mantine/core';
import { useLocation, useNavigate } from 'react-router';

import { Page } from '../app/parts';
import { Account } from './Account';
import { Audit } from './Audit';
import { Groups } from './Groups';
import { MyKeys } from './MyKeys';
import { PeopleList } from './PeopleList';
import { Policies } from './Policies';
import { Providers } from './Providers';
import { Quotas } from './Quotas';

const TABS = [
  { value: 'people', label: 'People', panel: PeopleList },
  { value: 'keys', label: 'My keys', panel: MyKeys },
  { value: 'groups', label: 'Groups and roles', panel: Groups },
  { value: 'policies', label: 'Policies', panel: Policies },
  { value: 'sign-in', label: 'Sign-in', panel: Providers },
  { value: 'audit', label: 'Audit', panel: Audit },
  { value: 'quotas', label: 'Quotas', panel: Quotas },
  { value: 'account', label: 'My account', panel: Account },
];

export default function People() {
  const navigate = useNavigate();
  const wanted = useLocation().pathname.split('/')[2] ?? '';
  const tab = TABS.find((item) => item.value === wanted)?.value ?? 'people';
  return (
    <Page title="People and keys" about="One identity for S3, instances, models and chat; one set of policies; one trail.">
      <Tabs value={tab} onChange={(value) => void navigate(value === 'people' ? '/people' : `/people/${value}`)} keepMounted={false}>
        <Tabs.List mb="lg" className="tab-scroller">
          {TABS.map((item) => (
            <Tabs.Tab key={item.value} value={item.value}>
              {item.label}
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
