// Instances: the list, and one instance by itself.
import { Route, Routes } from 'react-router';

import { InstanceList } from './InstanceList';
import { InstancePage } from './InstancePage';

export default function Instances() {
  return (
    <Routes>
      <Route index element={<InstanceList />} />
      <Route path=":id" element={<InstancePage />} />
    </Routes>
  );
}
