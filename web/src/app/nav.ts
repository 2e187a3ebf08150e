// The console's places, in the order of the menu; the keys are typed after `g`. A place that names
// permissions is shown to who has one of them.
import { IconBox, IconCalendar, IconCoin, IconCpu, IconFileText, IconHome, IconInbox, IconMessages, IconRobot, IconRubberStamp, IconServer, IconShieldHalf, IconUsers, type TablerIcon } from '@tabler/icons-react';

import type { TextKey } from '../i18n/text';

interface Place {
  path: string;
  label: TextKey;
  icon: TablerIcon;
  key: string;
  needs?: string[];
}

export const PLACES: Place[] = [
  { path: '/', label: 'placeHome', icon: IconHome, key: 'h' },
  { path: '/objects', label: 'placeObjects', icon: IconBox, key: 'o', needs: ['s3:ListAllMyBuckets', 's3:ListBucket', 's3:GetObject'] },
  { path: '/instances', label: 'placeInstances', icon: IconServer, key: 'i', needs: ['ec2:DescribeInstances'] },
  { path: '/queues', label: 'placeQueues', icon: IconInbox, key: 'q', needs: ['sqs:ListQueues', 'sqs:ReceiveMessage', 'sns:ListTopics'] },
  { path: '/models', label: 'placeModels', icon: IconCpu, key: 'm', needs: ['models:ListModels', 'models:InvokeModel'] },
  { path: '/chat', label: 'chat', icon: IconMessages, key: 'c', needs: ['chat:ListChannels'] },
  { path: '/calendar', label: 'calendar', icon: IconCalendar, key: 'l', needs: ['calendar:ListEvents'] },
  { path: '/docs', label: 'documents', icon: IconFileText, key: 'd', needs: ['documents:ListDocuments'] },
  { path: '/office', label: 'placeOffice', icon: IconRubberStamp, key: 't', needs: ['office:ListApprovals', 'office:ListTasks'] },
  { path: '/assistants', label: 'assistants', icon: IconRobot, key: 'a', needs: ['assistants:ListAssistants'] },
  { path: '/bill', label: 'placeBill', icon: IconCoin, key: 'b', needs: ['billing:GetBill'] },
  { path: '/people', label: 'placePeople', icon: IconUsers, key: 'p' },
  { path: '/security', label: 'placeSecurity', icon: IconShieldHalf, key: 's', needs: ['iam:ListUsers'] },
];
