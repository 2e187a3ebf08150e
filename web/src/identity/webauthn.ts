// Passkeys in the browser: options from the server in, answers of the authenticator out. All bytes
// travel as base64url.
import { call } from '../api/call';
import type { PasskeyAnswer, PasskeyView } from '../api/schema';

interface Descriptor {
  type: 'public-key';
  id: string;
}

interface CreateOptions {
  challenge: string;
  rp: { id: string; name: string };
  user: { id: string; name: string; displayName: string };
  pubKeyCredParams: PublicKeyCredentialParameters[];
  excludeCredentials: Descriptor[];
  authenticatorSelection: AuthenticatorSelectionCriteria;
  attestation: 'none';
  timeout: number;
}

interface GetOptions {
  challenge: string;
  rpId: string;
  userVerification: UserVerificationRequirement;
  timeout: number;
}

// A passkey belongs to a host name; an address such as 127.0.0.1 has none.
export function canUsePasskeys(): boolean {
  const isAddress = /^[\d.]+$|:/.test(location.hostname);
  return window.isSecureContext && 'PublicKeyCredential' in window && !isAddress;
}

export async function createPasskey(name: string): Promise<PasskeyView> {
  const options = (await call('beginPasskey', { origin: location.origin })) as CreateOptions;
  const made = (await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: toBytes(options.challenge),
      user: { ...options.user, id: toBytes(options.user.id) },
      excludeCredentials: options.excludeCredentials.map((one) => ({ type: one.type, id: toBytes(one.id) })),
    },
  })) as PublicKeyCredential;
  const response = made.response as AuthenticatorAttestationResponse;
  return call('createPasskey', {
    name,
    challenge: options.challenge,
    client_data: toText(response.clientDataJSON),
    attestation: toText(response.attestationObject),
  });
}

export async function askPasskey(): Promise<PasskeyAnswer> {
  const options = (await call('beginPasskeySignIn', { origin: location.origin })) as GetOptions;
  const got = (await navigator.credentials.get({
    publicKey: {
      challenge: toBytes(options.challenge),
      rpId: options.rpId,
      userVerification: options.userVerification,
      timeout: options.timeout,
    },
  })) as PublicKeyCredential;
  const response = got.response as AuthenticatorAssertionResponse;
  return {
    id: got.id,
    challenge: options.challenge,
    client_data: toText(response.clientDataJSON),
    authenticator_data: toText(response.authenticatorData),
    signature: toText(response.signature),
  };
}

// Browsers tell of a person who changed their mind as of a failure.
export function wasCancelled(error: unknown): boolean {
  return error instanceof DOMException && (error.name === 'NotAllowedError' || error.name === 'AbortError');
}

function toBytes(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}

function toText(buffer: ArrayBuffer): string {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
