// Inside a bucket: folders and objects, upload by button or drop, search, details.
import { Anchor, Box, Breadcrumbs, Button, FileButton, Group, Switch, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useInfiniteQuery } from '@tanstack/react-query';
import { IconCloudUpload, IconFolderOpen, IconSearch, IconSettings, IconUpload } from '@tabler/icons-react';
import { useCallback, useState, type DragEvent } from 'react';
import { Link, useParams, useSearchParams } from 'react-router';

import { call, useReadAgain } from '../api/call';
import { Empty, Failed, Page, Surface, Waiting } from '../app/parts';
import { t } from '../i18n/text';
import { DetailsDrawer } from './Details';
import { ObjectTable } from './ObjectTable';
import { addUploads, droppedFiles } from './uploads';
import { VersionTable } from './Versions';

const PAGE = 200;

export function BucketPage() {
  const bucket = useParams().bucket!;
  const [params, setParams] = useSearchParams();
  const prefix = params.get('prefix') ?? '';
  const opened = params.get('key');
  const versions = params.get('versions') !== null;
  const [wanted, setWanted] = useState('');
  const [search] = useDebouncedValue(wanted, 250);
  const listing = useListing(bucket, prefix + search);
  const readAgain = useReadAgain();

  const go = useCallback(
    (next: string) => {
      setWanted('');
      setParams(next ? { prefix: next } : {});
    },
    [setParams],
  );
  const show = (key: string | null) => setParams({ ...(prefix ? { prefix } : {}), ...(key === null ? {} : { key }) }, { replace: key === null });
  const changed = useCallback(() => readAgain('listObjects', 'getBucket', 'listBuckets'), [readAgain]);
  const add = (files: { key: string; file: File }[]) => addUploads(bucket, files.map(({ key, file }) => ({ key: prefix + key, file })), changed);

  const uploadButton = (
    <FileButton multiple onChange={(files) => add(files.map((file) => ({ key: file.name, file })))} inputProps={{ 'aria-label': t('filesToUpload') }}>
      {(props) => (
        <Button leftSection={<IconUpload size={16} />} {...props}>
          {t('upload')}
        </Button>
      )}
    </FileButton>
  );
  const settings = (
    <Button component={Link} to={`/objects/${bucket}/settings`} variant="default" leftSection={<IconSettings size={16} />}>
      {t('settings')}
    </Button>
  );
  const actions = (
    <>
      {settings}
      {uploadButton}
    </>
  );
  const showVersions = (on: boolean) => setParams({ ...(prefix ? { prefix } : {}), ...(on ? { versions: '1' } : {}) });
  const isEmpty = listing.data && listing.folders.length + listing.objects.length === 0;
  return (
    <Page title={<Path bucket={bucket} prefix={prefix} go={go} />} actions={actions}>
      <DropZone onFiles={add} into={`${bucket}/${prefix}`}>
        <Surface>
          <Group justify="space-between" mb="sm">
            <TextInput
              placeholder={t('findByBeginning', { inFolder: prefix ? t('inThisFolder') : '' })}
              aria-label={t('findByTheBeginning')}
              leftSection={<IconSearch size={16} />}
              value={wanted}
              onChange={(event) => setWanted(event.currentTarget.value)}
              style={{ flex: '1 1 240px' }}
              maw={420}
            />
            <Switch size="sm" label={t('showVersions')} checked={versions} onChange={(event) => showVersions(event.currentTarget.checked)} />
          </Group>
          {versions ? (
            <VersionTable bucket={bucket} prefix={prefix + search} changed={changed} />
          ) : (
            <>
              {listing.isPending && <Waiting />}
              {listing.error !== null && <Failed error={listing.error} retry={() => void listing.refetch()} />}
              {isEmpty && search !== '' && (
                <Empty icon={<IconSearch size={26} />} title={t('nothingBeginsWith', { search })}>
                  {t('theSearchComparesThe')}
                </Empty>
              )}
              {isEmpty && search === '' && (
                <Empty icon={<IconFolderOpen size={26} />} title={prefix ? t('nothingInThisFolder') : t('thisBucketIsEmpty')} action={uploadButton}>
                  {t('dropFilesOrFolders')}
                </Empty>
              )}
              {listing.data && !isEmpty && (
                <ObjectTable key={prefix} bucket={bucket} prefix={prefix} folders={listing.folders} objects={listing.objects} go={go} show={show} changed={changed} />
              )}
              {listing.hasNextPage && (
                <Group justify="center" mt="sm">
                  <Button variant="default" loading={listing.isFetchingNextPage} onClick={() => void listing.fetchNextPage()}>
                    {t('loadMore')}
                  </Button>
                </Group>
              )}
            </>
          )}
        </Surface>
      </DropZone>
      <DetailsDrawer bucket={bucket} objectKey={opened} close={() => show(null)} changed={changed} />
    </Page>
  );
}

function useListing(bucket: string, prefix: string) {
  const query = useInfiniteQuery({
    queryKey: ['listObjects', bucket, prefix],
    queryFn: ({ pageParam }) => call('listObjects', { bucket, prefix, delimiter: '/', limit: PAGE, cursor: pageParam }),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  const pages = query.data?.pages ?? [];
  return { ...query, folders: pages.flatMap((page) => page.prefixes), objects: pages.flatMap((page) => page.items).filter((item) => item.key !== prefix) };
}

function Path({ bucket, prefix, go }: { bucket: string; prefix: string; go: (prefix: string) => void }) {
  const parts = prefix.split('/').slice(0, -1);
  return (
    <Breadcrumbs separatorMargin={6} style={{ flexWrap: 'wrap' }}>
      <Anchor component={Link} to="/objects" inherit c="dimmed">
        {t('placeObjects')}
      </Anchor>
      {parts.length === 0 ? (
        <span>{bucket}</span>
      ) : (
        <Anchor component="button" type="button" inherit onClick={() => go('')}>
          {bucket}
        </Anchor>
      )}
      {parts.map((part, index) =>
        index === parts.length - 1 ? (
          <span key={index}>{part || '/'}</span>
        ) : (
          <Anchor key={index} component="button" type="button" inherit onClick={() => go(`${parts.slice(0, index + 1).join('/')}/`)}>
            {part || '/'}
          </Anchor>
        ),
      )}
    </Breadcrumbs>
  );
}

interface DropZoneProps {
  onFiles: (files: { key: string; file: File }[]) => void;
  into: string;
  children: React.ReactNode;
}

function DropZone({ onFiles, into, children }: DropZoneProps) {
  const [depth, setDepth] = useState(0);
  const hasFiles = (event: DragEvent) => event.dataTransfer.types.includes(t('files'));
  return (
    <Box
      pos="relative"
      data-dropzone
      onDragEnter={(event: DragEvent) => hasFiles(event) && setDepth((now) => now + 1)}
      onDragLeave={(event: DragEvent) => hasFiles(event) && setDepth((now) => now - 1)}
      onDragOver={(event: DragEvent) => hasFiles(event) && event.preventDefault()}
      onDrop={(event: DragEvent) => {
        event.preventDefault();
        setDepth(0);
        void droppedFiles(event.dataTransfer.items).then(onFiles);
      }}
    >
      {children}
      {depth > 0 && (
        <div className="drop-here">
          <IconCloudUpload size={34} />
          <Text fw={600}>{t('dropToUploadInto', { into })}</Text>
        </div>
      )}
    </Box>
  );
}
