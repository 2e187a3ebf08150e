// How policies, keys and actions are called on the page.
import { t, type TextKey } from '../i18n/text';

// `arn:aws:iam::aws:policy/ReadOnlyAccess` is ReadOnlyAccess.
export function policyName(arn: string): string {
  return arn.slice(arn.indexOf(':policy/') + ':policy/'.length).split('/').pop() ?? arn;
}

interface Holder {
  policies: string[];
  inline_policies: string[];
}

// What a person, group or role holds: attached policies by name, then what is written on it.
export function policyNames({ policies, inline_policies }: Holder): string[] {
  return [...policies.map(policyName), ...inline_policies.map((name) => t('inlinePolicy', { name }))];
}

export const KEY_KINDS: Record<string, { title: TextKey; about: TextKey }> = {
  'access-key': { title: 'keyKindAws', about: 'keyKindAwsAbout' },
  api: { title: 'keyKindApi', about: 'keyKindApiAbout' },
  'slack-user': { title: 'keyKindSlack', about: 'keyKindSlackAbout' },
};

export function keyKind(kind: string): string {
  const known = KEY_KINDS[kind];
  return known ? t(known.title) : kind;
}

export function userNameProblem(name: string): string | null {
  return /^[\w+=,.@-]{1,64}$/.test(name) ? null : t('userNameRule');
}
