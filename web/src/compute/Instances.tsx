import { Page } from '../app/parts';

export default function Instances() {
  return <Page title="Instances">{null}</Page>;
}
