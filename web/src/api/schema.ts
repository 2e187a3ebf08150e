// Made by tools/gen_web_client.py from the OpenAPI document of Volano's REST API. Do not edit.

export interface AccessAnswer {
  action: string;
  resource: string;
  access: AccessView;
}

export interface AccessList {
  action: string;
  resource: string;
  items: AccessView[];
  outsiders: OutsiderView[];
  next_cursor: string | null;
}

// `outcome` is allowed, conditional (if the conditions in `waits_for` hold) or denied.
// `reason` says why not; `statements` are those that decided, `others` the rest that matched.
export interface AccessView {
  principal: string;
  name: string;
  kind: string;
  outcome: string;
  reason: string;
  note: string;
  waits_for: string[];
  statements: StatementView[];
  others: StatementView[];
}

export interface AccountList {
  items: AccountView[];
  next_cursor: string | null;
}

export interface AccountView {
  id: string;
  alias: string | null;
  name: string;
  created_us: number;
  login_url: string | null;
}

export interface AuditList {
  items: AuditRecord[];
  next_cursor: string | null;
}

// One call, allowed or not. Field names follow CloudTrail's record contents where they can.
// `unproven` says that the credential was refused: anyone can cause such records, so the journal
// keeps a limited number a second. It is not stored.
export interface AuditRecord {
  id: string;
  time_us: number;
  account: string;
  principal_id: string;
  principal_arn: string;
  door: string;
  action: string;
  resource: string;
  source_ip: string;
  user_agent: string;
  request_id: string;
  status: number;
  error_code: string;
  read_only: boolean;
  duration_us: number;
  unproven: boolean;
}

// `output` as boto3 gives it, without ResponseMetadata.
export interface AwsAnswer {
  output: Record<string, unknown>;
}

export interface BillObject {
  account: string;
  period: string;
  currency: string;
  total: string;
  lines: LineObject[];
  days: DayObject[];
  unpriced: string[];
}

export interface BucketPage {
  items: BucketView[];
  next_cursor: string | null;
}

// A bucket; `objects` and `size_bytes` are as last counted (`counted_us`, 0 for never).
export interface BucketView {
  name: string;
  region: string;
  created_us: number;
  objects: number;
  size_bytes: number;
  counted_us: number;
  is_complete: boolean;
}

export interface CatalogObject {
  types: TypeObject[];
  images: ImageObject[];
  zones: string[];
  runtime: RuntimeObject;
}

// `old` is not needed for a first password, in a session opened by a one-time link.
export interface ChangePassword {
  new: string;
  old?: string;
}

// A channel of the caller. `channel` and `latest` have Slack's shape.
export interface ChatChannel {
  channel: Record<string, unknown>;
  unread: number;
  latest: Record<string, unknown> | null;
}

// `topic` is for `/volano/v1/live`; users and channels have Slack's shape.
export interface ChatHome {
  team: Record<string, unknown>;
  user: Record<string, unknown>;
  topic: string;
  copilot: Record<string, unknown>;
  channels: ChatChannel[];
  users: Record<string, unknown>[];
}

// One thing that was looked at: how many there are, or why it could not be looked at.
export interface Check {
  name: string;
  text: string;
  looked_at: number;
  unchecked: string;
}

export interface Code {
  code: string;
}

export interface ConsoleOutput {
  id: string;
  output: string;
}

export interface CopilotSetting {
  enabled: boolean;
}

// `name` follows S3's rules for bucket names.
export interface CreateBucketFields {
  name: string;
}

// The only time that `secret` is shown; for an access key it belongs to the id.
export interface CreatedKey {
  id: string;
  kind: string;
  name: string;
  hint: string;
  active: boolean;
  scopes: string[] | null;
  created_us: number;
  expires_us: number | null;
  last_used_us: number | null;
  secret: string;
}

export interface CreatedPerson {
  id: string;
  kind: string;
  name: string;
  arn: string;
  display_name: string;
  email: string;
  disabled: boolean;
  has_password: boolean;
  groups: string[];
  policies: string[];
  created_us: number;
  password_used_us: number | null;
  login_url: string | null;
}

export interface DayObject {
  day: string;
  cost: string;
  services: Record<string, string>;
}

export interface DeletedModel {
  id: string;
  object: string;
  deleted: boolean;
}

// `errors` maps a key that was not deleted to the reason.
export interface DeletedView {
  deleted: string[];
  errors: Record<string, string>;
}

// Where to go. The browser's tab keeps `binding` and sends it when it is back.
export interface DepartureView {
  url: string;
  binding: string;
}

// One weakness. `severity` is high, medium or low; `link` is the console's page to mend it.
export interface Finding {
  check: string;
  severity: string;
  resource: string;
  text: string;
  mend: string;
  link: string;
}

export interface GroupList {
  items: GroupView[];
  next_cursor: string | null;
}

export interface GroupView {
  name: string;
  id: string;
  arn: string;
  policies: string[];
  created_us: number;
}

export interface HookPage {
  items: HookView[];
  next_cursor: string | null;
}

// A hook; `arn` is what a notification rule names.
export interface HookView {
  name: string;
  arn: string;
  url: string;
  created_us: number;
}

// `preparing` says how far the build is while one runs, `fraction` from 0 to 1.
export interface ImageObject {
  id: string;
  name: string;
  description: string;
  prepared: boolean;
  preparing: string;
  fraction: number;
}

// The engine: off, installing, starting, ready or failed.
export interface InferenceObject {
  state: string;
  fraction: number;
  text: string;
  loaded: string[];
}

export interface InstanceList {
  items: InstanceObject[];
  next_cursor: string | null;
}

export interface InstanceObject {
  id: string;
  name: string;
  type: string;
  image: string;
  zone: string;
  state: string;
  reason: string;
  address: string;
  key_name: string;
  role: string;
  launched_us: number;
  tags: Record<string, string>;
}

// A long piece of work. `state` is queued, running, done or failed.
// `fraction` is 0.0 to 1.0; `text` says what is being done now; `result` is the job's answer as
// JSON text, or the error message when it failed.
export interface Job {
  id: string;
  kind: string;
  key: string;
  account: string;
  state: string;
  fraction: number;
  text: string;
  result: string;
  created_us: number;
  updated_us: number;
}

export interface JobList {
  items: Job[];
  next_cursor: string | null;
}

export interface KeyList {
  items: KeyView[];
  next_cursor: string | null;
}

// A key without its secret; `hint` is how it ends.
export interface KeyView {
  id: string;
  kind: string;
  name: string;
  hint: string;
  active: boolean;
  scopes: string[] | null;
  created_us: number;
  expires_us: number | null;
  last_used_us: number | null;
}

// `user_data` is plain text: a script that begins with `#!`.
export interface LaunchRequest {
  name?: string;
  type?: string;
  image?: string;
  zone?: string | null;
  count?: number;
  user_data?: string;
  key_name?: string;
  role?: string;
  tags?: Record<string, string>;
}

// Decimal strings are exact: quantity x price = cost.
export interface LineObject {
  service: string;
  meter: string;
  text: string;
  quantity: string;
  unit: string;
  price: string;
  cost: string;
}

export interface LinkView {
  url: string;
  method: string;
  expires_us: number;
}

export interface LoginLink {
  login_url: string;
  valid_s: number;
}

export interface ModelItems {
  items: ModelObject[];
  next_cursor: string | null;
}

// OpenAI's model object, with what Volano adds after `owned_by`.
export interface ModelObject {
  id: string;
  object: string;
  created: number;
  owned_by: string;
  task: string;
  description: string;
  license: string;
  size_bytes: number;
  built_in: boolean;
}

// `administrator` is the name of its first user.
export interface NewAccount {
  name: string;
  alias: string;
  administrator?: string;
}

// `uri` is what a QR code shows; `secret` is the same to type.
export interface NewAuthenticator {
  uri: string;
  secret: string;
}

export interface NewGroup {
  name: string;
}

// `secret` signs what the hook gets; it is not shown again.
export interface NewHookView {
  secret: string;
  name: string;
  arn: string;
  url: string;
  created_us: number;
}

// `kind` is access-key, api or slack-user. `scopes` are permission patterns (`models:*`).
export interface NewKey {
  kind: string;
  name?: string;
  scopes?: string[] | null;
  expires_days?: number | null;
}

// What `navigator.credentials.create` gave, in base64url.
export interface NewPasskey {
  name: string;
  challenge: string;
  client_data: string;
  attestation: string;
}

// Without a password the answer has a one-time link for the person.
export interface NewPerson {
  name: string;
  kind?: string;
  display_name?: string;
  email?: string;
  password?: string;
  policies?: string[];
  groups?: string[];
}

// The request of an action that takes nothing.
export interface NoFields {
}

// All that is known of an object but its bytes.
export interface ObjectDetails {
  bucket: string;
  key: string;
  size_bytes: number;
  etag: string;
  modified_us: number;
  storage_class: string;
  content_type: string;
  headers: Record<string, string>;
  metadata: Record<string, string>;
  tags: Record<string, string>;
  checksum: string;
  zones: string[];
  parts: number;
}

export interface ObjectPage {
  items: ObjectView[];
  prefixes: string[];
  next_cursor: string | null;
}

export interface ObjectView {
  key: string;
  size_bytes: number;
  etag: string;
  modified_us: number;
  storage_class: string;
}

export interface OpenSession {
  id: string;
  created_us: number;
  seen_us: number;
  expires_us: number;
  source_ip: string;
  user_agent: string;
  method: string;
  is_current: boolean;
}

// `origin` is the page that asks (`location.origin`).
export interface Origin {
  origin: string;
}

// Somebody outside of the account whom the resource's policy lets in.
export interface OutsiderView {
  principal: string;
  statement: StatementView;
}

// What `navigator.credentials.get` gave, in base64url.
export interface PasskeyAnswer {
  id: string;
  challenge: string;
  client_data: string;
  authenticator_data: string;
  signature: string;
}

// `site` is the host name where it works.
export interface PasskeyView {
  id: string;
  name: string;
  site: string;
  backed_up: boolean;
  created_us: number;
  used_us: number | null;
}

export interface PersonList {
  items: PersonView[];
  next_cursor: string | null;
}

export interface PersonView {
  id: string;
  kind: string;
  name: string;
  arn: string;
  display_name: string;
  email: string;
  disabled: boolean;
  has_password: boolean;
  groups: string[];
  policies: string[];
  created_us: number;
  password_used_us: number | null;
}

export interface PolicyList {
  items: PolicyView[];
  next_cursor: string | null;
}

export interface PolicyView {
  name: string;
  arn: string;
  description: string;
  is_managed: boolean;
  attachments: number;
  updated_us: number;
}

export interface PriceListObject {
  currency: string;
  items: PriceObject[];
}

export interface PriceObject {
  meter: string;
  service: string;
  text: string;
  price: string;
  per: string;
  unit: string;
  effective_from: string;
}

export interface ProfileList {
  items: ProfileView[];
  next_cursor: string | null;
}

// What an instance is launched with to have a role; `role` is empty while it has none.
export interface ProfileView {
  name: string;
  role: string;
}

// One of the three.
export interface Proof {
  password?: string;
  code?: string;
  passkey?: PasskeyAnswer | null;
}

export interface ProviderButton {
  name: string;
  title: string;
}

export interface ProviderButtons {
  items: ProviderButton[];
  next_cursor: string | null;
}

export interface ProviderList {
  items: ProviderView[];
  next_cursor: string | null;
}

// The client secret is never shown; `return_url` is what the issuer must allow.
export interface ProviderView {
  name: string;
  title: string;
  issuer: string;
  client_id: string;
  has_secret: boolean;
  link_by: string;
  create_users: boolean;
  email_domains: string[];
  groups: string[];
  created_us: number;
  return_url: string;
}

// `source` is empty for the hub or mirror of the config, else a URL, `s3://…` or a folder.
export interface PullModel {
  name: string;
  source?: string;
}

export interface QuotaList {
  items: QuotaView[];
  next_cursor: string | null;
}

export interface QuotaView {
  name: string;
  value: number;
  default: number;
}

// Shown this once; each signs in once.
export interface RecoveryCodes {
  codes: string[];
}

// What the issuer added to the address, and what the tab kept.
export interface Return {
  code: string;
  state: string;
  binding: string;
}

export interface RoleList {
  items: RoleView[];
  next_cursor: string | null;
}

export interface RoleView {
  name: string;
  id: string;
  arn: string;
  description: string;
  trust: string;
  max_session_s: number;
  policies: string[];
  created_us: number;
  last_used_us: number | null;
}

// What runs instances here, and how isolated they are.
export interface RuntimeObject {
  kind: string;
  engine: string;
  isolation: string;
  limits: boolean;
  internet: boolean;
  notes: string[];
}

// How the caller signs in. An MFA device of IAM makes `asks_code` true without an app.
export interface Security {
  passkeys: PasskeyView[];
  has_authenticator: boolean;
  asks_code: boolean;
  recovery_codes_left: number;
}

// `findings` are the worst first.
export interface SecurityOverview {
  findings: Finding[];
  checks: Check[];
  checked_us: number;
}

export interface SessionList {
  items: OpenSession[];
  next_cursor: string | null;
}

// Who is signed in. `csrf` goes into the header `X-Volano-CSRF` of every change.
// `aws_url` is where AWS clients go.
export interface SessionView {
  account: string;
  account_alias: string | null;
  account_name: string;
  region: string;
  principal_id: string;
  kind: string;
  name: string;
  display_name: string;
  email: string;
  arn: string;
  csrf: string;
  has_password: boolean;
  must_change_password: boolean;
  is_operator: boolean;
  aws_url: string;
}

// `account` is an id or alias; empty means the first account of this cloud.
export interface SignIn {
  user: string;
  password: string;
  account?: string;
}

// `code` is six digits of the authenticator app, or a recovery code.
export interface SignInByCode {
  challenge: string;
  code: string;
}

export interface SignInByLink {
  token: string;
}

// A statement about the request. `kind` says what its policy does: identity, boundary, session,
// resource, service-control or resource-control. `through` is the group or unit that it hangs on.
// `number` counts statements from 1; `waits_for` are the condition keys that only a request has.
export interface StatementView {
  effect: string;
  kind: string;
  policy: string;
  policy_arn: string;
  through: string;
  sid: string;
  number: number;
  line: number;
  column: number;
  end_line: number;
  end_column: number;
  statement: Record<string, unknown>;
  waits_for: string[];
}

export interface TargetPage {
  items: TargetView[];
  next_cursor: string | null;
}

// A target without its secret; `arn` is what a replication rule names.
export interface TargetView {
  name: string;
  arn: string;
  endpoint: string;
  region: string;
  bucket: string;
  access_key_id: string;
  created_us: number;
}

export interface TypeObject {
  name: string;
  family: string;
  vcpus: number;
  memory_bytes: number;
  guaranteed_cpu: number;
  price_per_hour: string | null;
  currency: string;
}

export interface TypingArguments {
  channel: string;
}

export interface ZoneList {
  region: string;
  zones: ZoneView[];
}

// One zone; `stored_bytes` is what its byte store holds.
export interface ZoneView {
  name: string;
  id: string;
  region: string;
  state: string;
  reason: string;
  changed_us: number;
  stored_bytes: number;
}

// Fields of path, query and body are given together; their names never meet.
export interface Operations {
  // Put a user into a group.
  addPersonToGroup: { input: { user: string; group: string }; answer: void };
  // Attach a policy by ARN; it holds for every member.
  attachGroupPolicy: { input: { group: string; policy: string }; answer: void };
  // Attach a policy by ARN.
  attachPersonPolicy: { input: { user: string; policy: string }; answer: PersonView };
  // A secret for an authenticator app; it counts once a code of it was given.
  beginAuthenticator: { input: NoFields; answer: NewAuthenticator };
  // Options for `navigator.credentials.create`.
  beginPasskey: { input: Origin; answer: unknown };
  // Options for `navigator.credentials.get`.
  beginPasskeySignIn: { input: Origin; answer: unknown };
  // The issuer's address for this sign-in.
  beginProviderSignIn: { input: { name: string; account?: string; hint?: string }; answer: DepartureView };
  // Run an AWS operation by JSON; it is authorized as the operation that it is.
  callAws: { input: { service: string; operation: string; input?: Record<string, unknown> }; answer: AwsAnswer };
  // Change the own password; other sessions end.
  changePassword: { input: ChangePassword; answer: void };
  // Ask for codes of the app at every sign-in from now on.
  confirmAuthenticator: { input: Code; answer: RecoveryCodes };
  // An account with an administrator, who gets a one-time link.
  createAccount: { input: NewAccount; answer: AccountView };
  // Make a bucket; an error when it exists already.
  createBucket: { input: CreateBucketFields; answer: BucketView };
  // An empty group.
  createGroup: { input: NewGroup; answer: GroupView };
  // A key for the caller; its secret is shown once.
  createKey: { input: NewKey; answer: CreatedKey };
  // A link that signs the user in once.
  createLoginLink: { input: { user: string }; answer: LoginLink };
  // A presigned URL on the AWS port; it can do this one thing, and the caller must be able to.
  createObjectLink: { input: { bucket: string; key: string; expires_s?: number; method?: string }; answer: LinkView };
  // Keep a passkey that the browser made.
  createPasskey: { input: NewPasskey; answer: PasskeyView };
  // A user with a password or one-time link, or a service account; with policies and groups.
  createPerson: { input: NewPerson; answer: CreatedPerson };
  // A key for another user or service account; its secret is shown once.
  createPersonKey: { input: { user: string; kind: string; name?: string; scopes?: string[] | null; expires_days?: number | null }; answer: CreatedKey };
  // Ask for no code any more; recovery codes end too.
  deleteAuthenticator: { input: Record<string, never>; answer: void };
  // Delete an empty bucket.
  deleteBucket: { input: { bucket: string }; answer: void };
  // Delete a group that has no members and no policies.
  deleteGroup: { input: { group: string }; answer: void };
  // Delete a hook and what is on its way to it.
  deleteHook: { input: { name: string }; answer: void };
  // Revoke one of the own keys at once.
  deleteKey: { input: { id: string }; answer: void };
  // Forget a pulled model and remove its files; built-in ones stay.
  deleteModel: { input: { model: string }; answer: DeletedModel };
  // Delete one object; no error when it is not there.
  deleteObject: { input: { bucket: string; key: string }; answer: void };
  // Delete several objects; each is authorized as `s3:DeleteObject` by itself.
  deleteObjects: { input: { bucket: string; keys: string[] }; answer: DeletedView };
  // Forget a passkey; it signs in no more.
  deletePasskey: { input: { id: string }; answer: void };
  // Delete a user with all keys, memberships and policies.
  deletePerson: { input: { user: string }; answer: void };
  // Revoke a user's key at once.
  deletePersonKey: { input: { user: string; id: string }; answer: void };
  // Delete a target; what is on its way to it fails.
  deleteReplicationTarget: { input: { name: string }; answer: void };
  // Nobody comes in by it any more.
  deleteSignInProvider: { input: { name: string }; answer: void };
  // Detach a policy; `policy` is its ARN, in the query.
  detachGroupPolicy: { input: { group: string; policy: string }; answer: void };
  // Detach a policy; `policy` is its ARN, in the query.
  detachPersonPolicy: { input: { user: string; policy: string }; answer: void };
  // Sign out everywhere but here.
  endOtherSessions: { input: Record<string, never>; answer: void };
  // Sign a user out everywhere.
  endPersonSessions: { input: { user: string }; answer: void };
  // End one of the own sessions.
  endSession: { input: { id: string }; answer: void };
  // Why a principal may do an action on a resource, or why not.
  explainAccess: { input: { principal: string; action: string; resource?: string }; answer: AccessAnswer };
  // Drill: treat a zone as gone until it is restored.
  failZone: { input: { zone: string; reason?: string }; answer: ZoneView };
  // The account's bill of a month, line by line and day by day.
  getBill: { input: { period?: string }; answer: BillObject };
  // One bucket, its objects counted now as far as that is quick.
  getBucket: { input: { bucket: string }; answer: BucketView };
  // The caller's workplace: team, user, people, channels with what is unread, live topic.
  getChatHome: { input: Record<string, never>; answer: ChatHome };
  // What can be launched, at which price, and what will run it.
  getComputeCatalog: { input: Record<string, never>; answer: CatalogObject };
  // The end of what the instance wrote.
  getConsoleOutput: { input: { id: string }; answer: ConsoleOutput };
  // What the inference engine is doing, with progress while it installs.
  getInference: { input: Record<string, never>; answer: InferenceObject };
  // One instance.
  getInstance: { input: { id: string }; answer: InstanceObject };
  // One job; poll it until `state` is done or failed.
  getJob: { input: { id: string }; answer: Job };
  // The bytes of an object, of one of its versions, or of a range of it.
  getObject: { input: { bucket: string; key: string; range?: string; download?: boolean; version_id?: string }; answer: unknown };
  // All that is known of an object but its bytes.
  getObjectDetails: { input: { bucket: string; key: string }; answer: ObjectDetails };
  // One user or service account.
  getPerson: { input: { user: string }; answer: PersonView };
  // The own passkeys and second factor.
  getSecurity: { input: Record<string, never>; answer: Security };
  // What is weak in this account and how to mend it, as far as the caller may look.
  getSecurityOverview: { input: Record<string, never>; answer: SecurityOverview };
  // Who am I?
  getSession: { input: Record<string, never>; answer: SessionView };
  // getTopicCertificate
  getTopicCertificate: { input: { name: string }; answer: unknown };
  // Launch instances.
  launchInstances: { input: LaunchRequest; answer: InstanceList };
  // Every account of this cloud.
  listAccounts: { input: Record<string, never>; answer: AccountList };
  // Every call of this account, the newest first.
  listAudit: { input: { limit?: number; cursor?: string; principal?: string; action?: string; resource?: string; errors?: boolean; changes?: boolean; since_us?: number }; answer: AuditList };
  // Buckets of the account by name, with what they held when last counted.
  listBuckets: { input: { limit?: number; cursor?: string }; answer: BucketPage };
  // Groups, by name.
  listGroups: { input: { limit?: number; cursor?: string }; answer: GroupList };
  // Hooks of the account by name.
  listHooks: { input: { cursor?: string; limit?: number }; answer: HookPage };
  // Instance profiles, by name.
  listInstanceProfiles: { input: { limit?: number; cursor?: string }; answer: ProfileList };
  // The account's instances, newest first.
  listInstances: { input: Record<string, never>; answer: InstanceList };
  // The account's jobs, newest first.
  listJobs: { input: Record<string, never>; answer: JobList };
  // The own keys.
  listKeys: { input: Record<string, never>; answer: KeyList };
  // The models that the caller can use.
  listModels: { input: Record<string, never>; answer: ModelItems };
  // Keys of a bucket, and common prefixes when a delimiter is given.
  listObjects: { input: { bucket: string; prefix?: string; delimiter?: string; limit?: number; cursor?: string }; answer: ObjectPage };
  // Users and service accounts, by name.
  listPeople: { input: { kind?: string; limit?: number; cursor?: string }; answer: PersonList };
  // A user's keys.
  listPersonKeys: { input: { user: string }; answer: KeyList };
  // Policies that come with Volano, then the account's own.
  listPolicies: { input: { limit?: number; cursor?: string }; answer: PolicyList };
  // Today's price of every meter.
  listPrices: { input: Record<string, never>; answer: PriceListObject };
  // What this account may have.
  listQuotas: { input: Record<string, never>; answer: QuotaList };
  // Targets of the account by name.
  listReplicationTargets: { input: { cursor?: string; limit?: number }; answer: TargetPage };
  // Roles, by name.
  listRoles: { input: { limit?: number; cursor?: string }; answer: RoleList };
  // The own open sessions.
  listSessions: { input: Record<string, never>; answer: SessionList };
  // By whom one may sign in to an account.
  listSignInButtons: { input: { account?: string }; answer: ProviderButtons };
  // The account's sign-in providers.
  listSignInProviders: { input: Record<string, never>; answer: ProviderList };
  // The region's zones and how they are.
  listZones: { input: Record<string, never>; answer: ZoneList };
  // Build an image now instead of at its first launch; repeating joins the build that runs.
  prepareImage: { input: { name: string }; answer: ImageObject };
  // Confirm who one is, before making keys, passkeys or codes; it counts for half an hour.
  proveSession: { input: Proof; answer: void };
  // Start pulling a model; the answer is a job to poll.
  pullModel: { input: PullModel; answer: Job };
  // Make or replace a hook; its secret is new each time.
  putHook: { input: { name: string; url: string }; answer: NewHookView };
  // Store the request's body as an object.
  putObject: { input: { bucket: string; key: string }; answer: ObjectDetails };
  // Make or replace a target.
  putReplicationTarget: { input: { name: string; endpoint: string; bucket: string; access_key_id: string; secret_access_key: string; region?: string }; answer: TargetView };
  // Make or change a provider; an empty secret keeps the known one.
  putSignInProvider: { input: { name: string; issuer: string; client_id: string; client_secret?: string; title?: string; link_by?: string; create_users?: boolean; email_domains?: string[]; groups?: string[] }; answer: ProviderView };
  // Stop and start in one.
  rebootInstance: { input: { id: string }; answer: InstanceObject };
  // Take a user out of a group.
  removePersonFromGroup: { input: { user: string; group: string }; answer: void };
  // Call a passkey something else.
  renamePasskey: { input: { id: string; name: string }; answer: void };
  // Ten new recovery codes; older ones end.
  renewRecoveryCodes: { input: NoFields; answer: RecoveryCodes };
  // For a lost phone: remove a user's passkeys and authenticator app; their sessions end.
  resetPersonSecurity: { input: { user: string }; answer: void };
  // Bring a zone back after a drill.
  restoreZone: { input: { zone: string; reason?: string }; answer: ZoneView };
  // Switch the copilot on or off for everyone in the workspace.
  setCopilot: { input: CopilotSetting; answer: CopilotSetting };
  // A password that the user must change after signing in; open sessions end.
  setPersonPassword: { input: { user: string; password: string }; answer: void };
  // Set an account's quota.
  setQuota: { input: { owner: string; name: string; value: number | null }; answer: void };
  // Tell the other members of a channel that one is typing.
  showTyping: { input: TypingArguments; answer: void };
  // Open a session by password; the answer sets its cookie.
  signIn: { input: SignIn; answer: unknown };
  // Open a session whose first factor was right, by a code of the second.
  signInByCode: { input: SignInByCode; answer: unknown };
  // Open a session by one-time link; the link is used up.
  signInByLink: { input: SignInByLink; answer: unknown };
  // Open a session by passkey; no name, password or code is needed.
  signInByPasskey: { input: PasskeyAnswer; answer: unknown };
  // Open a session by what the issuer sent back.
  signInByProvider: { input: Return; answer: unknown };
  // End this session.
  signOut: { input: Record<string, never>; answer: unknown };
  // Start a stopped instance.
  startInstance: { input: { id: string }; answer: InstanceObject };
  // Stop an instance; its disk stays.
  stopInstance: { input: { id: string }; answer: InstanceObject };
  // End an instance for good.
  terminateInstance: { input: { id: string }; answer: InstanceObject };
  // Change what people see, or disable: keys, tokens and sessions then stop at once.
  updatePerson: { input: { user: string; display_name?: string | null; email?: string | null; disabled?: boolean | null }; answer: PersonView };
  // Who may do an action on a resource, by which statement, and who may not.
  whoCan: { input: { action: string; resource?: string; limit?: number; cursor?: string }; answer: AccessList };
}

export const ROUTES = {
  addPersonToGroup: ['PUT', '/people/{user}/groups/{group}'],
  attachGroupPolicy: ['POST', '/groups/{group}/policies'],
  attachPersonPolicy: ['POST', '/people/{user}/policies'],
  beginAuthenticator: ['POST', '/security/authenticator'],
  beginPasskey: ['POST', '/security/passkeys/options'],
  beginPasskeySignIn: ['POST', '/session/passkey/options'],
  beginProviderSignIn: ['POST', '/session/providers/{name}'],
  callAws: ['POST', '/aws/{service}/{operation}'],
  changePassword: ['POST', '/session/password'],
  confirmAuthenticator: ['POST', '/security/authenticator/confirmation'],
  createAccount: ['POST', '/accounts'],
  createBucket: ['POST', '/buckets'],
  createGroup: ['POST', '/groups'],
  createKey: ['POST', '/keys'],
  createLoginLink: ['POST', '/people/{user}/login-link'],
  createObjectLink: ['POST', '/buckets/{bucket}/links'],
  createPasskey: ['POST', '/security/passkeys'],
  createPerson: ['POST', '/people'],
  createPersonKey: ['POST', '/people/{user}/keys'],
  deleteAuthenticator: ['DELETE', '/security/authenticator'],
  deleteBucket: ['DELETE', '/buckets/{bucket}'],
  deleteGroup: ['DELETE', '/groups/{group}'],
  deleteHook: ['DELETE', '/hooks/{name}'],
  deleteKey: ['DELETE', '/keys/{id}'],
  deleteModel: ['DELETE', '/models/{model}'],
  deleteObject: ['DELETE', '/buckets/{bucket}/objects/{key}'],
  deleteObjects: ['POST', '/buckets/{bucket}/delete-objects'],
  deletePasskey: ['DELETE', '/security/passkeys/{id}'],
  deletePerson: ['DELETE', '/people/{user}'],
  deletePersonKey: ['DELETE', '/people/{user}/keys/{id}'],
  deleteReplicationTarget: ['DELETE', '/replication-targets/{name}'],
  deleteSignInProvider: ['DELETE', '/sign-in-providers/{name}'],
  detachGroupPolicy: ['DELETE', '/groups/{group}/policies'],
  detachPersonPolicy: ['DELETE', '/people/{user}/policies'],
  endOtherSessions: ['DELETE', '/sessions'],
  endPersonSessions: ['DELETE', '/people/{user}/sessions'],
  endSession: ['DELETE', '/sessions/{id}'],
  explainAccess: ['GET', '/access/explain'],
  failZone: ['POST', '/zones/{zone}/fail'],
  getBill: ['GET', '/bill'],
  getBucket: ['GET', '/buckets/{bucket}'],
  getChatHome: ['GET', '/chat/me'],
  getComputeCatalog: ['GET', '/compute/catalog'],
  getConsoleOutput: ['GET', '/instances/{id}/console'],
  getInference: ['GET', '/inference'],
  getInstance: ['GET', '/instances/{id}'],
  getJob: ['GET', '/jobs/{id}'],
  getObject: ['GET', '/buckets/{bucket}/objects/{key}'],
  getObjectDetails: ['GET', '/buckets/{bucket}/details/{key}'],
  getPerson: ['GET', '/people/{user}'],
  getSecurity: ['GET', '/security'],
  getSecurityOverview: ['GET', '/security-overview'],
  getSession: ['GET', '/session'],
  getTopicCertificate: ['GET', '/topics/certificates/{name}'],
  launchInstances: ['POST', '/instances'],
  listAccounts: ['GET', '/accounts'],
  listAudit: ['GET', '/audit'],
  listBuckets: ['GET', '/buckets'],
  listGroups: ['GET', '/groups'],
  listHooks: ['GET', '/hooks'],
  listInstanceProfiles: ['GET', '/instance-profiles'],
  listInstances: ['GET', '/instances'],
  listJobs: ['GET', '/jobs'],
  listKeys: ['GET', '/keys'],
  listModels: ['GET', '/models'],
  listObjects: ['GET', '/buckets/{bucket}/objects'],
  listPeople: ['GET', '/people'],
  listPersonKeys: ['GET', '/people/{user}/keys'],
  listPolicies: ['GET', '/policies'],
  listPrices: ['GET', '/prices'],
  listQuotas: ['GET', '/quotas'],
  listReplicationTargets: ['GET', '/replication-targets'],
  listRoles: ['GET', '/roles'],
  listSessions: ['GET', '/sessions'],
  listSignInButtons: ['GET', '/session/providers'],
  listSignInProviders: ['GET', '/sign-in-providers'],
  listZones: ['GET', '/zones'],
  prepareImage: ['POST', '/compute/images/{name}/prepare'],
  proveSession: ['POST', '/session/proof'],
  pullModel: ['POST', '/models/pull'],
  putHook: ['PUT', '/hooks/{name}'],
  putObject: ['PUT', '/buckets/{bucket}/objects/{key}'],
  putReplicationTarget: ['PUT', '/replication-targets/{name}'],
  putSignInProvider: ['PUT', '/sign-in-providers/{name}'],
  rebootInstance: ['POST', '/instances/{id}/reboot'],
  removePersonFromGroup: ['DELETE', '/people/{user}/groups/{group}'],
  renamePasskey: ['PATCH', '/security/passkeys/{id}'],
  renewRecoveryCodes: ['POST', '/security/recovery-codes'],
  resetPersonSecurity: ['DELETE', '/people/{user}/security'],
  restoreZone: ['POST', '/zones/{zone}/restore'],
  setCopilot: ['PUT', '/chat/copilot'],
  setPersonPassword: ['PUT', '/people/{user}/password'],
  setQuota: ['PUT', '/accounts/{owner}/quotas/{name}'],
  showTyping: ['POST', '/chat/typing'],
  signIn: ['POST', '/session'],
  signInByCode: ['POST', '/session/code'],
  signInByLink: ['POST', '/session/link'],
  signInByPasskey: ['POST', '/session/passkey'],
  signInByProvider: ['POST', '/session/provider'],
  signOut: ['DELETE', '/session'],
  startInstance: ['POST', '/instances/{id}/start'],
  stopInstance: ['POST', '/instances/{id}/stop'],
  terminateInstance: ['DELETE', '/instances/{id}'],
  updatePerson: ['PATCH', '/people/{user}'],
  whoCan: ['GET', '/access/who-can'],
} as const satisfies Record<keyof Operations, [string, string]>;
