// Routes. Pages are loaded when they are first visited.
import { Fragment, Suspense } from 'react';
import { Navigate, Route, Routes, useLocation } from 'react-router';

import { t, useLanguage } from '../i18n/text';
import { Authorize } from '../identity/Authorize';
import { ConfirmPrompt } from '../identity/Confirm';
import { Login } from '../identity/Login';
import { PasswordPrompt } from '../identity/Password';
import { arrival } from '../identity/departure';
import { Boundary } from './Boundary';
import { page } from './page';
import { Waiting } from './parts';
import { SessionProvider, useSessionState } from './session';
import { Shell } from './Shell';

const Home = page(() => import('../home/Home'));
const Objects = page(() => import('../objects/Objects'));
const Instances = page(() => import('../compute/Instances'));
const Queues = page(() => import('../queues/Queues'));
const Models = page(() => import('../models/Models'));
const Chat = page(() => import('../chat/Chat'));
const Assistants = page(() => import('../assistants/Assistants'));
const Bill = page(() => import('../billing/Bill'));
const Calendar = page(() => import('../calendar/Calendar'));
const Docs = page(() => import('../docs/Docs'));
const Office = page(() => import('../office/Office'));
const People = page(() => import('../identity/People'));
const Security = page(() => import('../security/Security'));

export function App() {
  const language = useLanguage();
  return (
    <SessionProvider>
      <Fragment key={language}>
        <Gate />
      </Fragment>
    </SessionProvider>
  );
}

function Gate() {
  const { session, loading } = useSessionState();
  const location = useLocation();
  if (loading) return <Waiting label={t('signingIn')} />;
  if (session === null) return <Login />;
  if (location.pathname === '/oauth/authorize') {
    return (
      <>
        <ConfirmPrompt />
        <Authorize />
      </>
    );
  }
  return (
    <Shell>
      <PasswordPrompt />
      <ConfirmPrompt />
      <Boundary key={location.pathname.split('/')[1]}>
        <Suspense fallback={<Waiting />}>
          <Routes>
            <Route path="/" element={<Home />} />
            <Route path="/objects/*" element={<Objects />} />
            <Route path="/instances/*" element={<Instances />} />
            <Route path="/queues" element={<Queues />} />
            <Route path="/models/*" element={<Models />} />
            <Route path="/chat/*" element={<Chat />} />
            <Route path="/archives/*" element={<Chat />} />
            <Route path="/calendar" element={<Calendar />} />
            <Route path="/docs/*" element={<Docs />} />
            <Route path="/office/*" element={<Office />} />
            <Route path="/assistants/*" element={<Assistants />} />
            <Route path="/bill" element={<Bill />} />
            <Route path="/people/*" element={<People />} />
            <Route path="/security" element={<Security />} />
            <Route path="/login/*" element={<Navigate to={arrival()} replace />} />
            <Route path="*" element={<Navigate to="/" replace />} />
          </Routes>
        </Suspense>
      </Boundary>
    </Shell>
  );
}
