import { Page } from '../app/parts';

export default function People() {
  return <Page title="People">{null}</Page>;
}
