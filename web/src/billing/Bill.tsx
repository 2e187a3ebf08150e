import { Page } from '../app/parts';

export default function Bill() {
  return <Page title="Bill">{null}</Page>;
}
