import { Page } from '../app/parts';

export default function Home() {
  return <Page title="Home">{null}</Page>;
}
