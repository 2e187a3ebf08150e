// The console's places, in the order of the menu; the keys are typed after `g`.
import { IconBox, IconCalendar, IconCoin, IconCpu, IconFileText, IconHome, IconMessages, IconRobot, IconRubberStamp, IconServer, IconShieldHalf, IconUsers } from '@tabler/icons-react';

export const PLACES = [
  { path: '/', label: 'Home', icon: IconHome, key: 'h' },
  { path: '/objects', label: 'Objects', icon: IconBox, key: 'o' },
  { path: '/instances', label: 'Instances', icon: IconServer, key: 'i' },
  { path: '/models', label: 'Models', icon: IconCpu, key: 'm' },
  { path: '/chat', label: 'Chat', icon: IconMessages, key: 'c' },
  { path: '/calendar', label: 'Calendar', icon: IconCalendar, key: 'l' },
  { path: '/docs', label: 'Documents', icon: IconFileText, key: 'd' },
  { path: '/office', label: 'Office', icon: IconRubberStamp, key: 't' },
  { path: '/assistants', label: 'Assistants', icon: IconRobot, key: 'a' },
  { path: '/bill', label: 'Bill', icon: IconCoin, key: 'b' },
  { path: '/people', label: 'People and keys', icon: IconUsers, key: 'p' },
  { path: '/security', label: 'Security', icon: IconShieldHalf, key: 's' },
] as const;
