// Notices of the browser: while the page is open it shows them itself; when it is closed the browser's
// maker brings them (Web Push) to the service worker.
import { rest } from '../../api/client';
import { t } from '../../i18n/text';

const KEPT = 'volano.notices';

export function isPushOn(): boolean {
  return 'Notification' in window && Notification.permission === 'granted' && localStorage.getItem(KEPT) === 'on';
}

// Switches notices in this browser; answers whether they are on now.
export async function switchPush(isWanted: boolean): Promise<boolean> {
  if (!isWanted) {
    localStorage.removeItem(KEPT);
    await unsubscribe();
    return false;
  }
  if ((await Notification.requestPermission()) !== 'granted') throw new Error(t('noticesRefused'));
  localStorage.setItem(KEPT, 'on');
  await subscribe();
  return true;
}

async function subscription(): Promise<PushSubscription | null> {
  const worker = await navigator.serviceWorker?.getRegistration();
  return (await worker?.pushManager?.getSubscription()) ?? null;
}

// A browser without a push service (or without one that can be reached) still shows notices of an open page.
async function subscribe(): Promise<void> {
  const worker = await navigator.serviceWorker?.getRegistration();
  if (!worker?.pushManager) return;
  const { key } = await rest.get<{ key: string }>('/chat/push/key');
  const made = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key }).catch(() => null);
  if (made === null) return;
  const { endpoint, keys } = made.toJSON();
  await rest.post('/chat/push', { endpoint, p256dh: keys?.p256dh, auth: keys?.auth });
}

async function unsubscribe(): Promise<void> {
  const made = await subscription();
  if (made === null) return;
  await rest.post('/chat/push/forget', { endpoint: made.endpoint });
  await made.unsubscribe();
}

// Shows a notice of the open page unless one looks at it.
export function showNotice(title: string, body: string, tag: string, onPress: () => void): void {
  if (!isPushOn() || (document.visibilityState === 'visible' && document.hasFocus())) return;
  const notice = new Notification(title, { body, tag, icon: '/icon-192.png' });
  notice.onclick = () => {
    window.focus();
    onPress();
    notice.close();
  };
}
