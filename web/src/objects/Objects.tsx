import { Page } from '../app/parts';

export default function Objects() {
  return <Page title="Objects">{null}</Page>;
}
