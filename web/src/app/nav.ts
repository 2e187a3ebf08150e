// The console's places, in the order of the menu; the keys are typed after `g`.
import { IconBox, IconCalendar, IconCoin, IconCpu, IconFileText, IconHome, IconInbox, IconMessages, IconRobot, IconRubberStamp, IconServer, IconShieldHalf, IconUsers } from '@tabler/icons-react';

export const PLACES = [
  { path: '/', label: 'placeHome', icon: IconHome, key: 'h' },
  { path: '/objects', label: 'placeObjects', icon: IconBox, key: 'o' },
  { path: '/instances', label: 'placeInstances', icon: IconServer, key: 'i' },
  { path: '/queues', label: 'placeQueues', icon: IconInbox, key: 'q' },
  { path: '/models', label: 'placeModels', icon: IconCpu, key: 'm' },
  { path: '/chat', label: 'chat', icon: IconMessages, key: 'c' },
  { path: '/calendar', label: 'calendar', icon: IconCalendar, key: 'l' },
  { path: '/docs', label: 'documents', icon: IconFileText, key: 'd' },
  { path: '/office', label: 'placeOffice', icon: IconRubberStamp, key: 't' },
  { path: '/assistants', label: 'assistants', icon: IconRobot, key: 'a' },
  { path: '/bill', label: 'placeBill', icon: IconCoin, key: 'b' },
  { path: '/people', label: 'placePeople', icon: IconUsers, key: 'p' },
  { path: '/security', label: 'placeSecurity', icon: IconShieldHalf, key: 's' },
] as const;
