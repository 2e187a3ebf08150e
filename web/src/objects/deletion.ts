// Deleting a folder is deleting every object under its prefix, a page at a time.
import { call } from '../api/call';

const PAGE = 1000;

// Answers how many objects went; stops with the first refusal.
export async function deleteFolder(bucket: string, prefix: string): Promise<number> {
  let count = 0;
  for (;;) {
    const page = await call('listObjects', { bucket, prefix, limit: PAGE });
    if (page.items.length === 0) return count;
    const answer = await call('deleteObjects', { bucket, keys: page.items.map((item) => item.key) });
    count += answer.deleted.length;
    const [problem] = Object.values(answer.errors);
    if (problem !== undefined) throw new Error(problem);
  }
}
