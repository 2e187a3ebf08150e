// Start, stop, reboot, terminate: what can be done in which state, each asked for once more.
import { useCallback, type ReactNode } from 'react';

import { useChange, type Operation } from '../api/call';
import type { InstanceObject } from '../api/schema';
import { useConfirm } from '../app/confirm';
import { t } from '../i18n/text';

const READS: Operation[] = ['listInstances', 'getInstance'];

export interface InstanceActions {
  start: () => void;
  stop: () => Promise<void>;
  reboot: () => Promise<void>;
  terminate: () => Promise<void>;
  busy: boolean;
  dialog: ReactNode;
}

export const canStart = (instance: InstanceObject) => instance.state === 'stopped';
export const canStop = (instance: InstanceObject) => instance.state === 'running';
export const canTerminate = (instance: InstanceObject) => !['terminated', 'shutting-down'].includes(instance.state);

export function useInstanceActions(instance: InstanceObject): InstanceActions {
  const { ask, dialog } = useConfirm();
  const start = useChange('startInstance', { reads: READS, done: t('theInstanceIsStarting') });
  const stop = useChange('stopInstance', { reads: READS, done: t('theInstanceIsStopping') });
  const reboot = useChange('rebootInstance', { reads: READS, done: t('theInstanceIsRebooting') });
  const terminate = useChange('terminateInstance', { reads: READS, done: t('theInstanceIsEnding') });
  const { id } = instance;
  const name = instance.name || id;
  const confirmed = useCallback(
    async (title: string, text: string, yes: string, work: () => void, calm = false) => {
      if (await ask({ title, text, yes, calm })) work();
    },
    [ask],
  );
  return {
    start: () => start.mutate({ id }),
    stop: () => confirmed(t('stopAsk', { name }), t('itsProgramsEndIts'), t('stopIt'), () => stop.mutate({ id }), true),
    reboot: () => confirmed(t('rebootAsk', { name }), t('itsProgramsEndAnd'), t('reboot'), () => reboot.mutate({ id }), true),
    terminate: () => confirmed(t('terminateAsk', { name }), t('itEndsForGood'), t('terminate'), () => terminate.mutate({ id })),
    busy: [start, stop, reboot, terminate].some((change) => change.isPending),
    dialog,
  };
}
