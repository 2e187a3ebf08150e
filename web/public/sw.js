// The service worker: the console's frame without a network, and notices while no page is open.
// Only the built files are kept, never an answer of an API: what one person read must not stay for another.
const CACHE = 'volano-frame-1';
const FRAME = '/index.html';

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll([FRAME, '/favicon.svg', '/icon-192.png'])));
  self.skipWaiting();
});

self.addEventListener('activate', (event) => {
  const old = caches.keys().then((names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name))));
  event.waitUntil(old.then(() => self.clients.claim()));
});

// Doors of the server: what is asked there is never the frame.
const DOORS = /^\/(volano|v1|api|slack|files|scim|oauth|readyz)(\/|$)/;

self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== self.location.origin || DOORS.test(url.pathname)) return;
  if (event.request.mode === 'navigate') event.respondWith(freshFrame(event));
  else if (url.pathname.startsWith('/assets/')) event.respondWith(keptAsset(event.request));
});

// The newest page when there is a network, the last one without.
async function freshFrame(event) {
  try {
    const answer = await fetch(event.request);
    if (answer.ok) event.waitUntil(caches.open(CACHE).then((cache) => cache.add(FRAME)).catch(() => undefined));
    return answer;
  } catch {
    return (await caches.match(FRAME)) ?? Response.error();
  }
}

// The names of assets change with their content.
async function keptAsset(request) {
  const kept = await caches.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await (await caches.open(CACHE)).put(request, answer.clone());
  return answer;
}

self.addEventListener('push', (event) => {
  const { title, body, path, tag } = event.data?.json() ?? {};
  const show = async () => {
    const pages = await self.clients.matchAll({ type: 'window' });
    if (pages.some((page) => page.focused)) return;
    await self.registration.showNotification(title ?? 'Volano', { body, tag, icon: '/icon-192.png', data: { path } });
  };
  event.waitUntil(show());
});

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  const path = event.notification.data?.path ?? '/chat';
  const open = async () => {
    const [page] = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
    if (page === undefined) return self.clients.openWindow(path);
    await page.focus();
    return page.navigate(path);
  };
  event.waitUntil(open());
});
