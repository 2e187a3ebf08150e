// What to do first, ticked off by what is really there; gone when all is done or it is put away.
import { Anchor, Box, CloseButton, Group, Progress, SimpleGrid, Text } from '@mantine/core';
import { useLocalStorage } from '@mantine/hooks';
import { IconCircle, IconCircleCheckFilled } from '@tabler/icons-react';
import { Link } from 'react-router';

import { useCall } from '../api/call';
import { Surface } from '../app/parts';
import { useSession } from '../app/session';
import { t } from '../i18n/text';

interface Step {
  title: string;
  about: string;
  to: string;
  done: boolean;
}

export function FirstSteps() {
  const session = useSession();
  const [hidden, setHidden] = useLocalStorage({ key: `volano-steps-${session.principal_id}`, defaultValue: false });
  const steps = useSteps();
  if (hidden || steps === null) return null;
  const done = steps.filter((step) => step.done).length;
  if (done === steps.length) return null;
  return (
    <Surface title={t('firstSteps')} aside={<CloseButton onClick={() => setHidden(true)} aria-label={t('hideFirstSteps')} />}>
      <Progress value={(done / steps.length) * 100} size="xs" mb="md" aria-label={t('stepsDone', { done, count: steps.length })} />
      <SimpleGrid cols={{ base: 1, xs: 2, md: steps.length }} component="ul" style={{ listStyle: 'none', margin: 0, padding: 0 }}>
        {steps.map((step) => (
          <StepItem key={step.title} step={step} />
        ))}
      </SimpleGrid>
    </Surface>
  );
}

function StepItem({ step }: { step: Step }) {
  return (
    <Group gap={10} wrap="nowrap" align="flex-start" component="li">
      <Box c={step.done ? 'volano' : 'dimmed'} mt={1}>
        {step.done ? <IconCircleCheckFilled size={20} aria-label={t('stepDone')} /> : <IconCircle size={20} stroke={1.5} aria-label={t('stepToDo')} />}
      </Box>
      <div>
        {step.done ? (
          <Text size="sm" fw={600} td="line-through" c="dimmed">
            {step.title}
          </Text>
        ) : (
          <Anchor component={Link} to={step.to} size="sm" fw={600}>
            {step.title}
          </Anchor>
        )}
        <Text size="xs" c="dimmed">
          {step.about}
        </Text>
      </div>
    </Group>
  );
}

// Null until all is known; a step that the person may not look at is left out.
function useSteps(): Step[] | null {
  const session = useSession();
  const buckets = useCall('listBuckets', { limit: 1000 });
  const instances = useCall('listInstances', {});
  const bill = useCall('getBill', {});
  const people = useCall('listPeople', {});
  if ([buckets, instances, bill, people].some((query) => query.isPending)) return null;
  const steps: Step[] = [];
  const add = (known: boolean, step: Step) => known && steps.push(step);
  add(true, { title: t('stepPassword'), about: t('stepPasswordAbout'), to: '/people/account', done: session.has_password });
  add(buckets.isSuccess, { title: t('stepBucket'), about: t('stepBucketAbout'), to: '/objects?create=1', done: (buckets.data?.items.length ?? 0) > 0 });
  add(instances.isSuccess, { title: t('stepInstance'), about: t('stepInstanceAbout'), to: '/instances?launch=1', done: (instances.data?.items.length ?? 0) > 0 });
  const asked = bill.data?.lines.some((line) => line.service === 'Models') ?? false;
  add(bill.isSuccess, { title: t('askTheCopilot'), about: t('stepCopilotAbout'), to: '/chat', done: asked });
  const humans = people.data?.items.filter((person) => person.kind === 'user').length ?? 0;
  add(people.isSuccess, { title: t('stepInvite'), about: t('stepInviteAbout'), to: '/people?new=1', done: humans > 1 });
  return steps;
}
