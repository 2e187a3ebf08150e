import { Page } from '../app/parts';

export default function Models() {
  return <Page title="Models">{null}</Page>;
}
