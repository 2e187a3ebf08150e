import { Page } from '../app/parts';

export default function Chat() {
  return <Page title="Chat">{null}</Page>;
}
