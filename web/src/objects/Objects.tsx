// Objects: the list of buckets, and inside one a browser of its folders.
import { Route, Routes } from 'react-router';

import { BucketPage } from './BucketPage';
import { Buckets } from './Buckets';
import { BucketSettings } from './settings/BucketSettings';
import { UploadPanel } from './UploadPanel';

export default function Objects() {
  return (
    <>
      <Routes>
        <Route index element={<Buckets />} />
        <Route path=":bucket" element={<BucketPage />} />
        <Route path=":bucket/settings" element={<BucketSettings />} />
      </Routes>
      <UploadPanel />
    </>
  );
}
