// How policies, keys and actions are called on the page.

// `arn:aws:iam::aws:policy/ReadOnlyAccess` is ReadOnlyAccess.
export function policyName(arn: string): string {
  return arn.slice(arn.indexOf(':policy/') + ':policy/'.length).split('/').pop() ?? arn;
}

export const KEY_KINDS: Record<string, { title: string; about: string }> = {
  'access-key': { title: 'AWS access key', about: 'For aws-cli, boto3 and everything that speaks AWS: an id and a secret.' },
  api: { title: 'API key', about: 'For OpenAI clients and Volano’s own API: one secret.' },
  'slack-user': { title: 'Slack token', about: 'For slack_sdk, as you: one secret.' },
};

export function keyKind(kind: string): string {
  return KEY_KINDS[kind]?.title ?? kind;
}

export function userNameProblem(name: string): string | null {
  return /^[\w+=,.@-]{1,64}$/.test(name) ? null : 'Use 1 to 64 letters, digits and + = , . @ _ -';
}
