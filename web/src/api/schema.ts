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

export interface Address {
  redirect_to: string;
}

export interface AliasList {
  items: AliasObject[];
  next_cursor: string | null;
}

export interface AliasObject {
  alias: string;
  model: string;
}

export interface AnswerList {
  items: AnswerObject[];
  next_cursor: string | null;
}

// One answer or failed attempt; times in seconds, cost as decimal text.
export interface AnswerObject {
  id: string;
  at: number;
  principal: string;
  route: string;
  model: string;
  engine: string;
  error: string;
  cached: boolean;
  first_token_s: number;
  latency_s: number;
  input_tokens: number;
  output_tokens: number;
  cost: string;
  currency: string;
}

export interface AppHomeView {
  view: Record<string, unknown> | null;
}

export interface AppToken {
  token: string;
}

export interface ApprovalDetails {
  id: string;
  title: string;
  form: string;
  fields: FormField[];
  values: Record<string, string>;
  asker: string;
  state: string;
  step: number;
  steps: FormStep[];
  created_us: number;
  updated_us: number;
  turns: TurnView[];
  notes: NoteView[];
}

export interface ApprovalList {
  items: ApprovalView[];
  next_cursor: string | null;
}

// `state` is running, approved, rejected, returned or withdrawn; users are chat users.
export interface ApprovalView {
  id: string;
  title: string;
  form: string;
  fields: FormField[];
  values: Record<string, string>;
  asker: string;
  state: string;
  step: number;
  steps: FormStep[];
  created_us: number;
  updated_us: number;
}

export interface ArchiveSize {
  name: string;
  size_bytes: number;
}

// POST the bytes to `upload_url`, then name `file` in the import.
export interface ArchiveUpload {
  file: string;
  upload_url: string;
}

// Who asks, and where the browser would go next.
export interface Asking {
  client_name: string;
  returns_to: string;
}

export interface AssistantList {
  items: AssistantView[];
  next_cursor: string | null;
}

// `user_id` is its chat user: whom to mention.
export interface AssistantView {
  title: string;
  instructions: string;
  model: string;
  knowledge: string[];
  tools: string[];
  audience: string[];
  enabled: boolean;
  id: string;
  name: string;
  user_id: string;
  owner_id: string;
  created_us: number;
  updated_us: number;
}

export interface AuditList {
  items: AuditRecord[];
  next_cursor: string | null;
}

// One call, allowed or not. Field names follow CloudTrail's record contents where they can.
// `unproven` says that the credential was refused: anyone can cause such records, so the journal
// keeps a limited number a second. It is not stored. `details` is what the door tells besides, a
// JSON object with CloudTrail's names (`accessKeyId`, `requestParameters`, `responseElements`).
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
  details: string;
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

export interface BusyList {
  items: BusyTimes[];
}

export interface BusyTimes {
  user: string;
  busy: Time[];
}

export interface CacheList {
  items: CacheObject[];
  next_cursor: string | null;
}

// Answers kept for exact repeats of requests to a model or route.
export interface CacheObject {
  model: string;
  answers: number;
  size_bytes: number;
  hits: number;
}

export interface CanaryObject {
  model: string;
  percent: number;
  since: number;
}

export interface CatalogObject {
  types: TypeObject[];
  images: ImageObject[];
  zones: string[];
  runtime: RuntimeObject;
}

export interface Catalogue {
  items: CatalogueObject[];
  machine: MachineObject;
  next_cursor: string | null;
}

// A model. `kind` is built-in, pulled, upstream, route or available (to pull);
// `memory_bytes` is null for what others serve; `live` is null while it is not in memory.
export interface CatalogueObject {
  id: string;
  kind: string;
  task: string;
  description: string;
  license: string;
  owned_by: string;
  engine: string;
  size_bytes: number;
  memory_bytes: number | null;
  fits: boolean;
  price: ModelsUpstreamsPriceObject | null;
  currency: string;
  pinned: boolean;
  live: LiveObject | null;
  pull: PullState | null;
}

// `old` is not needed for a first password, in a session opened by a one-time link.
export interface ChangePassword {
  new: string;
  old?: string;
}

export interface ChannelReader {
  user: string;
  last_read: string;
}

export interface ChannelReaders {
  readers: ChannelReader[];
}

// `retention_days` 0 keeps everything; `held` since `held_at` (seconds) by `held_by`.
export interface ChannelRules {
  channel: string;
  retention_days: number;
  held: boolean;
  held_at: number;
  held_by: string;
  held_why: string;
}

// An app; the first one of a workspace has no manifest.
export interface ChatApp {
  id: string;
  name: string;
  user: string;
  client_id: string;
  installed: boolean;
  socket_mode: boolean;
  home_tab: boolean;
  manifest: Record<string, unknown>;
}

export interface ChatApps {
  apps: ChatApp[];
}

// A channel of the caller. `channel` and `latest` have Slack's shape.
export interface ChatChannel {
  channel: Record<string, unknown>;
  unread: number;
  latest: Record<string, unknown> | null;
}

// `app_id` is '' for a command of the workplace itself.
export interface ChatCommand {
  app_id: string;
  command: string;
  description: string;
  usage_hint: string;
}

export interface ChatCommands {
  commands: ChatCommand[];
}

export interface ChatDesk {
  drafts: ChatDraft[];
  saved: SavedPlace[];
  unread_threads: number;
  preferences: Preferences;
}

// `thread_ts` is '' for the channel itself; `updated` is in seconds.
export interface ChatDraft {
  channel: string;
  thread_ts: string;
  text: string;
  updated: number;
}

export interface ChatEmoji {
  name: string;
  url: string;
}

// Parameters have `name`, `type`, `title`, `description` and `is_required`.
export interface ChatFunction {
  app_id: string;
  callback_id: string;
  title: string;
  description: string;
  input_parameters: Record<string, unknown>[];
  output_parameters: Record<string, unknown>[];
}

export interface ChatFunctions {
  functions: ChatFunction[];
}

// A person as guests are described; `guest` is '' for members. `login_url` is shown once.
export interface ChatGuest {
  user: string;
  email: string;
  guest: string;
  until: number;
  login_url: string;
  mailed: boolean;
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

export interface ChatHook {
  id: string;
  app_id: string;
  channel: string;
  created_by: string;
  created: number;
}

export interface ChatHooks {
  hooks: ChatHook[];
}

// `state` is running, done or failed.
export interface ChatRun {
  id: string;
  app_id: string;
  callback_id: string;
  inputs: Record<string, unknown>;
  outputs: Record<string, unknown>;
  state: string;
  error: string;
}

// An import or export: what was done, what was skipped by reason, notes on it. `fraction` is
// 0.0 to 1.0; `link` leads to an export's archive; times are in seconds.
export interface ChatTransfer {
  id: string;
  state: string;
  fraction: number;
  text: string;
  counts: Record<string, number>;
  skipped: Record<string, number>;
  notes: string[];
  error: string;
  link: string;
  by: string;
  created: number;
  ended: number;
}

export interface ChatTransfers {
  items: ChatTransfer[];
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

// `text` is the whole line, `/command` first.
export interface CommandFields {
  channel: string;
  text: string;
  thread_ts?: string;
}

export interface CommentList {
  items: CommentView[];
}

export interface CommentView {
  id: string;
  user: string;
  quote: string;
  text: string;
  resolved: boolean;
  created_us: number;
}

// Whether administrators may export what is private, since when (seconds) and by whose word.
export interface Compliance {
  enabled: boolean;
  by: string;
  since: number;
}

export interface ComplianceSwitch {
  enabled: boolean;
}

// For `apps.manifest.*`: the token is good for twelve hours, the refresh token once.
export interface ConfigToken {
  token: string;
  refresh_token: string;
  iat: number;
  exp: number;
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

// `{{name}}` in the instructions is a variable; `model` serves requests that name none.
export interface CreatePrompt {
  name: string;
  instructions: string;
  model?: string;
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
  inline_policies: string[];
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

// What a deleted message said; `by` deleted it at `at` (seconds).
export interface DeletedText {
  ts: string;
  text: string;
  by: string;
  at: number;
}

export interface DeletedTexts {
  items: DeletedText[];
}

// `errors` maps a key that was not deleted to the reason.
export interface DeletedView {
  deleted: string[];
  errors: Record<string, string>;
}

export interface DepartmentId {
  id: string;
}

// Where to go. The browser's tab keeps `binding` and sends it when it is back.
export interface DepartureView {
  url: string;
  binding: string;
}

// A chat user, '' for nobody, and for which time.
export interface DeputyFields {
  deputy?: string;
  from_us?: number;
  until_us?: number;
}

// As it was named; `deputy` is '' while there is none.
export interface DeputyView {
  deputy: string;
  from_us: number;
  until_us: number;
}

export interface DirectoryDepartment {
  id: string;
  name: string;
  parent: string;
}

export interface DirectoryPage {
  departments: DirectoryDepartment[];
  positions: DirectoryPosition[];
}

// Where somebody stands; '' where nothing is set.
export interface DirectoryPosition {
  user: string;
  department: string;
  manager: string;
  title: string;
  phone: string;
}

export interface DocumentList {
  items: DocumentView[];
  next_cursor: string | null;
}

// `role` is the caller's: view, edit or own. Users are chat users.
export interface DocumentView {
  id: string;
  title: string;
  owner: string;
  role: string;
  editor: string;
  edited_us: number;
  created_us: number;
}

export interface Done {
  ok: boolean;
}

export interface DraftText {
  channel: string;
  text: string;
  thread_ts?: string;
}

// `start` and `end` are `2026-11-22T10:00` in `zone`, or days, both included, with `all_day`.
// `rule` is an RRULE (`FREQ=WEEKLY;BYDAY=MO`), `guests` are chat users, `channels` stand for the
// people in them now, `outsiders` are mail addresses of people beyond the workplace (null leaves
// those of before). `remind_minutes` -1 is no reminder. `busy` false keeps the time free.
export interface EventFields {
  title: string;
  start: string;
  end: string;
  zone?: string;
  all_day?: boolean;
  rule?: string;
  location?: string;
  notes?: string;
  guests?: string[];
  channels?: string[];
  outsiders?: string[] | null;
  remind_minutes?: number;
  busy?: boolean;
}

// An event; users are chat users, `outsiders` addresses of people beyond the workplace, and
// `mailed` those of them whom Volano tells of it.
export interface EventView {
  title: string;
  start: string;
  end: string;
  zone: string;
  all_day: boolean;
  rule: string;
  location: string;
  notes: string;
  guests: string[];
  channels: string[];
  outsiders: string[];
  remind_minutes: number;
  busy: boolean;
  id: string;
  owner: string;
  uid: string;
  cancelled: boolean;
  answers: GuestView[];
  mailed: MailedView[];
  updated_us: number;
}

export interface ExplanationFields {
  channel: string;
  ts: string;
  language?: string;
}

// What was said from `after` to before `before` (seconds, 0 for no limit).
export interface ExportSpan {
  after?: number;
  before?: number;
  files?: boolean;
}

export interface FiguresList {
  items: FiguresObject[];
  next_cursor: string | null;
}

// How a model did: seconds to the first token and in all, money as decimal text.
export interface FiguresObject {
  model: string;
  requests: number;
  errors: number;
  cached: number;
  input_tokens: number;
  output_tokens: number;
  tokens_per_s: number;
  first_token_s_p50: number;
  first_token_s_p95: number;
  latency_s_p50: number;
  latency_s_p95: number;
  cost: string;
  cost_per_request: string;
  currency: string;
}

// `form` is an id or a name; values are texts by field name.
export interface Filled {
  form: string;
  values?: Record<string, string>;
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

export interface FollowMark {
  channel: string;
  thread_ts: string;
  following: boolean;
}

// Who will decide, step by step; chat users.
export interface Foreseen {
  steps: FormStep[];
  copies: string[];
}

export interface Forgotten {
  answers: number;
}

export interface Form {
  name: string;
  title: string;
  about: string;
  fields: FormField[];
  steps: FormStep[];
  copies: string[];
  enabled: boolean;
  id: string;
  updated_us: number;
}

// `kind` is text, long-text, number, money, date (`2026-11-22`) or choice.
export interface FormField {
  name: string;
  label: string;
  kind?: string;
  required?: boolean;
  choices?: string[];
}

export interface FormList {
  items: Form[];
  next_cursor: string | null;
}

// `kind` is people (chat users) or manager (the asker's; `level` 2 is that one's manager).
// `everyone` must agree, else one is enough. With `over_field` the step counts only when that
// number is over `over`.
export interface FormStep {
  kind: string;
  people?: string[];
  level?: number;
  everyone?: boolean;
  over_field?: string;
  over?: string;
}

export interface GrantList {
  items: GrantView[];
  next_cursor: string | null;
}

export interface GrantView {
  id: string;
  client_name: string;
  scope: string;
  created_us: number;
  used_us: number;
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
  inline_policies: string[];
  created_us: number;
}

// `answer` is none, yes, no or maybe.
export interface GuestView {
  user: string;
  answer: string;
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

// `ics` is an iCalendar file with any number of events.
export interface Import {
  ics: string;
}

// What was taken in, and what could not be, in words.
export interface Imported {
  added: number;
  changed: number;
  refused: string[];
}

// The engine: off, installing, starting, ready or failed.
export interface InferenceObject {
  state: string;
  fraction: number;
  text: string;
  loaded: string[];
}

// Shown once; '' where the manifest asks for no scopes of the kind.
export interface InstalledTokens {
  bot_token: string;
  user_token: string;
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

export interface ItemFields {
  channel: string;
  thread_ts?: string;
}

export interface ItemList {
  items: ItemView[];
  missing: string;
  next_cursor: string | null;
}

// `assignee` is a name as it was said, `assignee_id` the chat user when it is sure who it is;
// `ts` is the message that says it, '' in a transcript; `due_us` 0 is no date.
export interface ItemView {
  title: string;
  assignee: string;
  assignee_id: string;
  due_us: number;
  ts: string;
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

// `channels` maps channels to the languages chosen for them; `languages` names all.
export interface LanguageChoices {
  channels: Record<string, string>;
  languages: Record<string, string>;
}

// `language` '' ends it.
export interface LanguageFields {
  channel: string;
  language?: string;
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

export interface LimitList {
  items: LimitObject[];
  next_cursor: string | null;
}

// A limit and what was used of it; `held` is for answers under way.
export interface LimitObject {
  scope: string;
  subject: string;
  requests_per_minute: number;
  tokens_per_minute: number;
  day_budget: string;
  month_budget: string;
  day_spent: string;
  month_spent: string;
  held: string;
  currency: string;
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

export interface Live {
  items: LiveObject[];
  machine: MachineObject;
  next_cursor: string | null;
}

// A model in memory. `tier` is resident or host; `zones` counts replicas by zone; `kv_used` is
// 0 to 1; tokens a second are those of the last few seconds.
export interface LiveObject {
  model: string;
  tier: string;
  replicas: number;
  zones: Record<string, number>;
  pinned: boolean;
  size_bytes: number;
  running: number;
  waiting: number;
  kv_blocks: number;
  kv_blocks_free: number;
  kv_used: number;
  tokens_per_s: number;
  generated_tokens: number;
  prompt_tokens: number;
  cached_tokens: number;
  late_tokens: number;
}

export interface LoginLink {
  login_url: string;
  valid_s: number;
}

// The engine (off, installing, starting, ready or failed) and the machine's memory.
export interface MachineObject {
  state: string;
  text: string;
  memory_bytes: number;
  memory_free_bytes: number;
  engine_bytes: number;
}

// A guest invited by mail: `state` is waiting, sent or failed (`error` says why). Whoever has
// `link` answers in their name; only the event's owner sees it.
export interface MailedView {
  address: string;
  answer: string;
  state: string;
  error: string;
  link: string;
}

// What a message said until `at` (seconds).
export interface MessageRevision {
  at: number;
  user: string;
  text: string;
}

export interface MessageRevisions {
  revisions: MessageRevision[];
}

export interface ModelItems {
  items: ModelObject[];
  next_cursor: string | null;
}

// OpenAI's model object, with what Volano adds after `shutdown_date`.
// A model here ends when its owner deletes it, so the date is null.
export interface ModelObject {
  id: string;
  object: string;
  created: number;
  owned_by: string;
  shutdown_date: string | null;
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

export interface NewAssistant {
  title: string;
  instructions?: string;
  model?: string;
  knowledge?: string[];
  tools?: string[];
  audience?: string[];
  enabled?: boolean;
  name: string;
}

// `uri` is what a QR code shows; `secret` is the same to type.
export interface NewAuthenticator {
  uri: string;
  secret: string;
}

export interface NewDepartment {
  name: string;
  parent?: string;
}

// `text` is Markdown.
export interface NewDocument {
  title: string;
  text?: string;
}

// `image` is the picture's bytes in base64.
export interface NewEmoji {
  name: string;
  image: string;
}

export interface NewGroup {
  name: string;
}

// `guest` is multi or single, `until` the end of their time in seconds (0 for none).
export interface NewGuest {
  email: string;
  channels: string[];
  real_name?: string;
  guest?: string;
  until?: number;
}

// `url` is shown once.
export interface NewHook {
  id: string;
  url: string;
  channel: string;
}

// `secret` signs what the hook gets; it is not shown again.
export interface NewHookView {
  secret: string;
  name: string;
  arn: string;
  url: string;
  created_us: number;
}

// Either `file`, an uploaded archive, or `bucket` and `key`. `files` is links or fetch.
export interface NewImport {
  file?: string;
  bucket?: string;
  key?: string;
  files?: string;
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

// No `assignee` means oneself, `due_us` 0 no date. `channel` and `message_ts` name the message
// that it comes from; its words are the title when none is given.
export interface NewTask {
  title?: string;
  note?: string;
  assignee?: string;
  due_us?: number;
  channel?: string;
  message_ts?: string;
}

// `kind` is sent, approved, rejected, returned, delegated (to `other`), urged, commented or
// withdrawn.
export interface NoteView {
  user: string;
  kind: string;
  text: string;
  other: string;
  step: number;
  created_us: number;
}

// A message in Slack's shape, where it stands, and what is noted of it.
export interface NotedMessage {
  channel: string;
  message: Record<string, unknown>;
  note: Record<string, unknown>;
}

export interface NotedMessages {
  items: NotedMessage[];
}

// A transcript as `text`, or as `file`, the id of a file in the chat (txt, md, vtt, srt).
export interface NotesFields {
  text?: string;
  file?: string;
  language?: string;
}

// `questions` are only filled without a model; `speakers` counts what each said.
export interface NotesView {
  points: string[];
  decisions: string[];
  questions: string[];
  items: ItemView[];
  speakers: Record<string, number>;
  model: string;
  missing: string;
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

export interface OccurrenceList {
  items: OccurrenceView[];
  next_cursor: string | null;
}

// One time of an event, 1970-based; all-day ones from midnight to midnight, UTC. `occurrence`
// names it among the times of a repeating event. `answer` is the caller's, '' for their own.
export interface OccurrenceView {
  event: string;
  occurrence: string;
  title: string;
  location: string;
  starts_us: number;
  ends_us: number;
  all_day: boolean;
  owner: string;
  repeats: boolean;
  cancelled: boolean;
  answer: string;
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

// Slack's `options` or `option_groups`, as the app answered.
export interface Options {
  options: Record<string, unknown>[];
  option_groups: Record<string, unknown>[];
}

export interface OptionsFields {
  action_id: string;
  block_id?: string;
  channel?: string;
  message_ts?: string;
  view_id?: string;
  choice?: Record<string, unknown>;
  state?: Record<string, unknown>;
  value?: string;
}

// `origin` is the page that asks (`location.origin`).
export interface Origin {
  origin: string;
}

export interface OutsideToolView {
  name: string;
  description: string;
  schema: Record<string, unknown>;
  allowed: boolean;
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

// Names such as `s3:GetObject`.
export interface Permissions {
  permissions: string[];
}

export interface PersonList {
  items: PersonView[];
  next_cursor: string | null;
}

// `policies` are ARNs of what is attached, `inline_policies` the names of what is written on
// the user itself.
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
  inline_policies: string[];
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

// A person's own settings. `notify` is all, calls (mentions and direct messages) or none.
export interface Preferences {
  language?: string;
  notify?: string;
  keywords?: string[];
  muted?: string[];
  quiet?: QuietHours | null;
}

export interface Present {
  present: string[];
}

// `choice` is what was chosen (`selected_option`, `selected_date`, `value` ...); `state` holds
// all inputs by block and action, as Slack's `state.values`.
export interface PressFields {
  action_id: string;
  block_id?: string;
  channel?: string;
  message_ts?: string;
  view_id?: string;
  choice?: Record<string, unknown>;
  state?: Record<string, unknown>;
}

export interface PriceListObject {
  currency: string;
  items: BillingBillsPriceObject[];
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

export interface PromptList {
  items: PromptSummary[];
  next_cursor: string | null;
}

// A prompt in one of its versions; `created` is when that was made, in Unix seconds.
export interface PromptObject {
  id: string;
  name: string;
  version: string;
  latest_version: string;
  instructions: string;
  model: string;
  created: number;
}

export interface PromptSummary {
  id: string;
  name: string;
  latest_version: string;
  created: number;
}

// One of the three.
export interface Proof {
  password?: string;
  code?: string;
  passkey?: PasskeyAnswer | null;
}

export interface ProposalList {
  items: ProposalView[];
  next_cursor: string | null;
}

// `state` is waiting, running, done, failed, refused or expired.
export interface ProposalView {
  id: string;
  tool: string;
  arguments: Record<string, unknown>;
  state: string;
  result: string;
  channel: string;
  created_us: number;
  expires_us: number;
  decided_by: string;
  decided_us: number;
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

export interface PullList {
  items: Job[];
  next_cursor: string | null;
}

// `source` is empty for the hub or mirror of the config, else a URL, `s3://…` or a folder.
export interface PullModel {
  name: string;
  source?: string;
}

// A pull under way: poll `/jobs/{job}` or ask again.
export interface PullState {
  job: string;
  state: string;
  fraction: number;
  text: string;
}

// A browser's PushSubscription; the keys are base64url.
export interface PushBrowser {
  endpoint: string;
  p256dh: string;
  auth: string;
}

export interface PushEndpoint {
  endpoint: string;
}

// `key` is the applicationServerKey that a browser subscribes with.
export interface PushKey {
  key: string;
}

// Daily times without notices: minutes since midnight in `zone`; weekdays from Monday as 0.
export interface QuietHours {
  from_minute?: number;
  until_minute?: number;
  days?: number[];
  zone?: string;
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

export interface RecapLine {
  channel: string;
  ts: string;
  thread_ts: string;
  user: string;
  words: string;
}

// `name` is mentions, questions, decisions or lively.
export interface RecapSection {
  name: string;
  title: string;
  lines: RecapLine[];
}

// `more` when a conversation has more unread messages than were looked at.
export interface RecapView {
  messages: number;
  channels: number;
  more: boolean;
  sections: RecapSection[];
}

// Shown this once; each signs in once.
export interface RecoveryCodes {
  codes: string[];
}

export interface RemoteModelList {
  items: RemoteModelObject[];
  next_cursor: string | null;
}

// A model of the upstream; `model` is its name here, when it has one.
export interface RemoteModelObject {
  id: string;
  owned_by: string;
  model: string | null;
}

// `hint` is what the caller wants to say.
export interface ReplyFields {
  channel: string;
  thread_ts?: string;
  hint?: string;
}

// What the issuer added to the address, and what the tab kept.
export interface Return {
  code: string;
  state: string;
  binding: string;
}

// `tone` is clear, fix, formal, friendly or short.
export interface RewriteFields {
  text: string;
  tone: string;
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
  inline_policies: string[];
  created_us: number;
  last_used_us: number | null;
}

export interface RouteList {
  items: RouteObject[];
  next_cursor: string | null;
}

// `resting` are models that failed a moment ago; `previous` what a roll-back brings back.
export interface RouteObject {
  name: string;
  task: string;
  targets: TargetObject[];
  fallbacks: string[];
  retries: number;
  rest_s: number;
  sticky: boolean;
  cache_ttl_s: number;
  canary: CanaryObject | null;
  previous: TargetObject[];
  resting: string[];
  changed: number;
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

export interface SavedMark {
  channel: string;
  ts: string;
  saved?: boolean;
  done?: boolean;
}

export interface SavedPlace {
  channel: string;
  ts: string;
  done: boolean;
}

export interface ScalingObject {
  model: string;
  replicas_min: number;
  replicas_max: number;
  queue_per_replica: number;
  deadline_ms: number;
  idle_s: number;
  pinned: boolean;
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

export interface ServerList {
  items: ServerView[];
  next_cursor: string | null;
}

// `changed`: it describes its tools in another way than approved and is not used any more.
export interface ServerView {
  name: string;
  url: string;
  has_token: boolean;
  tools: OutsideToolView[];
  changed: boolean;
  approved_us: number;
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

// `model` '' answers by quotations; `may_act` false switches every tool off for everyone;
// `tokens_per_day` is what one person may spend.
export interface SettingsView {
  model: string;
  may_act: boolean;
  tokens_per_day: number;
}

export interface ShareList {
  items: ShareView[];
}

// `target` is a chat user or a channel, `role` view or edit.
export interface ShareView {
  target: string;
  role: string;
}

export interface ShortcutFields {
  app_id: string;
  callback_id: string;
  channel?: string;
  message_ts?: string;
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

export interface StartedThread {
  channel: string;
  thread_ts: string;
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

// A way that is tried `after_s` seconds after sending: email, or webhook to `url`.
export interface Step {
  way: string;
  after_s: number;
  url?: string;
}

// Of a channel, or of the thread `thread_ts`; `language` '' is that of the messages.
export interface SummaryFields {
  channel: string;
  thread_ts?: string;
  language?: string;
}

export interface TargetObject {
  model: string;
  weight?: number;
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

export interface TaskList {
  items: TaskView[];
  next_cursor: string | null;
}

// Users are chat users; `done_us` is 0 while it is open.
export interface TaskView {
  id: string;
  title: string;
  note: string;
  creator: string;
  assignee: string;
  due_us: number;
  done_us: number;
  channel: string;
  message_ts: string;
  created_us: number;
  updated_us: number;
}

export interface TemplateList {
  items: TemplateView[];
  next_cursor: string | null;
}

// A beginning of an assistant; `needs_model` when it is of no use without one.
export interface TemplateView {
  id: string;
  name: string;
  title: string;
  about: string;
  instructions: string;
  tools: string[];
  knowledge_hint: string;
  example: string;
  needs_model: boolean;
}

export interface Text {
  text: string;
}

export interface ThreadMark {
  channel: string;
  thread_ts: string;
  ts: string;
}

export interface Time {
  starts_us: number;
  ends_us: number;
}

export interface TimeList {
  items: Time[];
}

// For chat users, within hours of the day in a zone; weekends only when asked for.
export interface TimeSearch {
  users: string[];
  minutes?: number;
  from_us: number;
  to_us: number;
  zone?: string;
  first_hour?: number;
  last_hour?: number;
  weekends?: boolean;
}

// A way that was tried at `at` (seconds); `error` is '' when it went through.
export interface Told {
  way: string;
  at: number;
  error: string;
}

// `language` is a code such as `en` or `zh`.
export interface TranslationFields {
  channel: string;
  ts: string;
  language: string;
}

// `role` is decides or reads; `waiting` while it is the user's turn.
export interface TurnView {
  user: string;
  step: number;
  role: string;
  waiting: boolean;
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

// Unread messages in Slack's shape, oldest first; 30 at most, `more` when there are others.
export interface UnreadChannel {
  channel: string;
  messages: Record<string, unknown>[];
  more: boolean;
}

export interface UnreadChannels {
  channels: UnreadChannel[];
}

export interface UpstreamList {
  items: UpstreamObject[];
  next_cursor: string | null;
}

export interface UpstreamModelObject {
  model: string;
  upstream: string;
  remote: string;
  task: string;
  price: ModelsUpstreamsPriceObject;
}

// An upstream; its key is never shown. `secret` is the ARN of the secret that holds it.
export interface UpstreamObject {
  name: string;
  kind: string;
  base_url: string;
  secret: string;
  timeout_s: number;
  retries: number;
  created: number;
}

// Who is called (`users`), and the ways tried for who does not acknowledge (`steps`).
export interface UrgentCall {
  text: string;
  users: string[];
  channel?: string;
  ts?: string;
  steps?: Step[];
}

export interface UrgentId {
  id: string;
}

// `ts` is '' unless it is about a message; `sent` is in seconds.
export interface UrgentMessage {
  id: string;
  channel: string;
  ts: string;
  sender: string;
  text: string;
  sent: number;
  recalled: boolean;
  to: UrgentReceiver[];
}

export interface UrgentMessages {
  items: UrgentMessage[];
}

// `acknowledged` is in seconds, 0 while it is open; `told` are the ways that were tried.
export interface UrgentReceiver {
  user: string;
  acknowledged: number;
  told: Told[];
}

export interface Verified {
  verified: boolean;
}

export interface VersionObject {
  version: string;
  instructions: string;
  model: string;
  created: number;
}

export interface VersionView {
  version: number;
  editor: string;
  characters: number;
  created_us: number;
}

// What the screen does now: close, clear, errors (by block id), update or push `view`.
export interface ViewOutcome {
  action: string;
  errors: Record<string, unknown>;
  view: Record<string, unknown> | null;
}

// Chat users, 50 at most.
export interface WhoAndWhen {
  users: string[];
  from_us: number;
  to_us: number;
}

// `text` is mrkdwn. `model` '' means that nothing was generated, and `missing` says why.
export interface WrittenAnswer {
  text: string;
  model: string;
  missing: string;
  sources: WrittenSource[];
}

// A message that the text names as `[number]`.
export interface WrittenSource {
  number: number;
  channel: string;
  ts: string;
  thread_ts: string;
  label: string;
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

export interface BillingBillsPriceObject {
  meter: string;
  service: string;
  text: string;
  price: string;
  per: string;
  unit: string;
  effective_from: string;
}

export interface ChatDeskNoFields {
}

export interface ChatManifestsNoFields {
}

export interface DocumentsDocumentsVersionList {
  items: VersionView[];
}

// `scope` is all or read; `code_challenge` is by S256.
export interface IdentityOauthApproval {
  client_id: string;
  redirect_uri: string;
  code_challenge: string;
  scope?: string;
  state?: string;
}

// The request of an action that takes nothing.
export interface IdentitySessionNoFields {
}

// Decimal texts, for a million tokens, in the price list's currency.
export interface ModelsUpstreamsPriceObject {
  input: string;
  output: string;
}

export interface StudioPromptsVersionList {
  items: VersionObject[];
  next_cursor: string | null;
}

// Fields of path, query and body are given together; their names never meet.
export interface Operations {
  // The caller has seen an urgent message.
  acknowledgeUrgent: { input: { id: string }; answer: Done };
  // Add an emoji from a picture's bytes.
  addChatEmoji: { input: NewEmoji; answer: ChatEmoji };
  // Put a user into a group.
  addPersonToGroup: { input: { user: string; group: string }; answer: void };
  // Say whether one comes.
  answerEvent: { input: { id: string; answer: string }; answer: EventView };
  // Say whether one comes; answers the page again.
  answerInvitation: { input: { id: string; key: string; answer: string; lang?: string }; answer: unknown };
  // Say yes.
  approveApproval: { input: { id: string; text?: string }; answer: ApprovalView };
  // Let a program act for the caller; the browser goes to the address next.
  approveOauthRequest: { input: IdentityOauthApproval; answer: Address };
  // Allow an MCP server as it describes itself now; without `allowed` its tools are only read.
  approveOutsideServer: { input: { name: string; url: string; token?: string; allowed?: string[] }; answer: ServerView };
  // Run what was proposed, as the caller; the action's own permission decides.
  approveProposal: { input: { id: string; state?: Record<string, unknown> }; answer: ProposalView };
  // Send the card to somebody else who may run it.
  askToRunProposal: { input: { id: string; user: string }; answer: ProposalView };
  // Attach a policy by ARN; it holds for every member.
  attachGroupPolicy: { input: { group: string; policy: string }; answer: void };
  // Attach a policy by ARN.
  attachPersonPolicy: { input: { user: string; policy: string }; answer: PersonView };
  // A secret for an authenticator app; it counts once a code of it was given.
  beginAuthenticator: { input: IdentitySessionNoFields; answer: NewAuthenticator };
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
  // Close a modal; what lay below it is shown again.
  closeView: { input: { view_id: string; state?: Record<string, unknown>; all?: boolean }; answer: ViewOutcome };
  // Say something about it.
  commentApproval: { input: { id: string; text?: string }; answer: void };
  // Comment on a passage, or on the whole.
  commentDocument: { input: { id: string; text: string; quote?: string }; answer: CommentView };
  // How each of the route's models did: latency, tokens, errors, cost.
  compareModelRoute: { input: { route: string; since?: number | null }; answer: FiguresList };
  // Ask for codes of the app at every sign-in from now on.
  confirmAuthenticator: { input: Code; answer: RecoveryCodes };
  // An account with an administrator, who gets a one-time link.
  createAccount: { input: NewAccount; answer: AccountView };
  // Make a pair of configuration tokens for the caller.
  createAppConfigToken: { input: ChatManifestsNoFields; answer: ConfigToken };
  // An app-level token (`xapp-`) for Socket Mode, shown once.
  createAppToken: { input: { app_id: string; name?: string; scopes?: string[] }; answer: AppToken };
  // Make an assistant; it can be mentioned at once, where it is invited.
  createAssistant: { input: NewAssistant; answer: AssistantView };
  // Make a bucket; an error when it exists already.
  createBucket: { input: CreateBucketFields; answer: BucketView };
  // An incoming webhook of an app into one channel.
  createChatHook: { input: { app_id: string; channel: string }; answer: NewHook };
  // Make a department, below another or at the top.
  createDepartment: { input: NewDepartment; answer: DepartmentId };
  // Make a document, shared with nobody yet.
  createDocument: { input: NewDocument; answer: DocumentView };
  // Make an event; guests get a card in the chat.
  createEvent: { input: EventFields; answer: EventView };
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
  // Keep instructions for responses that name them.
  createPrompt: { input: CreatePrompt; answer: PromptObject };
  // Other instructions, for requests that name no version; older versions stay.
  createPromptVersion: { input: { prompt_id: string; instructions: string; model?: string }; answer: PromptObject };
  // Something to do, for oneself or somebody else.
  createTask: { input: NewTask; answer: TaskView };
  // Let somebody else decide in the caller's place.
  delegateApproval: { input: { id: string; user: string; text?: string }; answer: ApprovalView };
  // Delete an assistant of one's own; what it said stays.
  deleteAssistant: { input: { id: string }; answer: void };
  // Ask for no code any more; recovery codes end too.
  deleteAuthenticator: { input: Record<string, never>; answer: void };
  // Delete an empty bucket.
  deleteBucket: { input: { bucket: string }; answer: void };
  // Remove a webhook; its address is good no more.
  deleteChatHook: { input: { hook_id: string }; answer: void };
  // Remove a department; its people and departments move to the one above.
  deleteDepartment: { input: { id: string }; answer: Done };
  // Delete a document of the caller's own with all of its versions.
  deleteDocument: { input: { id: string }; answer: void };
  // Call off an event that the caller made, or one time of it.
  deleteEvent: { input: { id: string; occurrence?: string }; answer: void };
  // Delete a form; what was sent with it goes on.
  deleteForm: { input: { id: string }; answer: void };
  // Delete a group that has no members and no policies.
  deleteGroup: { input: { group: string }; answer: void };
  // Delete a hook and what is on its way to it.
  deleteHook: { input: { name: string }; answer: void };
  // Revoke one of the own keys at once.
  deleteKey: { input: { id: string }; answer: void };
  // Forget a pulled model and remove its files; built-in ones stay.
  deleteModel: { input: { model: string }; answer: DeletedModel };
  // Forget an alias.
  deleteModelAlias: { input: { alias: string }; answer: void };
  // Lift a limit.
  deleteModelLimit: { input: { scope: string; subject: string }; answer: void };
  // Forget a route; its models stay.
  deleteModelRoute: { input: { route: string }; answer: void };
  // Go back to one engine for all models, which leave when room is needed.
  deleteModelScaling: { input: { model: string }; answer: void };
  // End a program's access at once.
  deleteOauthGrant: { input: { id: string }; answer: void };
  // Delete one object; no error when it is not there.
  deleteObject: { input: { bucket: string; key: string }; answer: void };
  // Delete several objects; each is authorized as `s3:DeleteObject` by itself.
  deleteObjects: { input: { bucket: string; keys: string[] }; answer: DeletedView };
  // Forget an outside server.
  deleteOutsideServer: { input: { name: string }; answer: void };
  // Forget a passkey; it signs in no more.
  deletePasskey: { input: { id: string }; answer: void };
  // Delete a user with all keys, memberships and policies.
  deletePerson: { input: { user: string }; answer: void };
  // Revoke a user's key at once.
  deletePersonKey: { input: { user: string; id: string }; answer: void };
  // Forget a prompt with all its versions.
  deletePrompt: { input: { prompt_id: string }; answer: void };
  // Delete a target; what is on its way to it fails.
  deleteReplicationTarget: { input: { name: string }; answer: void };
  // Nobody comes in by it any more.
  deleteSignInProvider: { input: { name: string }; answer: void };
  // Delete a task that the caller made.
  deleteTask: { input: { id: string }; answer: void };
  // Forget an upstream that serves no model, and the secret that was made for it.
  deleteUpstream: { input: { upstream: string }; answer: void };
  // Detach a policy; `policy` is its ARN, in the query.
  detachGroupPolicy: { input: { group: string; policy: string }; answer: void };
  // Detach a policy; `policy` is its ARN, in the query.
  detachPersonPolicy: { input: { user: string; policy: string }; answer: void };
  // What the caller could answer to a conversation; nothing is posted.
  draftReply: { input: ReplyFields; answer: WrittenAnswer };
  // Sign out everywhere but here.
  endOtherSessions: { input: Record<string, never>; answer: void };
  // Sign a user out everywhere.
  endPersonSessions: { input: { user: string }; answer: void };
  // End one of the own sessions.
  endSession: { input: { id: string }; answer: void };
  // Why a principal may do an action on a resource, or why not.
  explainAccess: { input: { principal: string; action: string; resource?: string }; answer: AccessAnswer };
  // What a message means, from the conversation and from what the caller may read elsewhere.
  explainMessage: { input: ExplanationFields; answer: WrittenAnswer };
  // The text as a Markdown file.
  exportDocument: { input: { id: string }; answer: unknown };
  // The caller's calendar as one iCalendar file.
  exportEvents: { input: Record<string, never>; answer: unknown };
  // Export private and direct conversations too; needs the compliance switch.
  exportEverything: { input: ExportSpan; answer: ChatTransfer };
  // Export public channels in Slack's form.
  exportPublicChannels: { input: ExportSpan; answer: ChatTransfer };
  // Drill: treat a zone as gone until it is restored.
  failZone: { input: { zone: string; reason?: string }; answer: ZoneView };
  // What is to be done after a conversation; each may become a task (`volano:createTask`).
  findItems: { input: ItemFields; answer: ItemList };
  // The first 20 times at which all of them are free.
  findTimes: { input: TimeSearch; answer: TimeList };
  // Hear of a thread's replies from now on, or no more.
  followThread: { input: FollowMark; answer: Done };
  // Who will decide about a form filled in like this.
  forecastApproval: { input: Filled; answer: Foreseen };
  // Forget kept answers.
  forgetModelCache: { input: { model?: string }; answer: Forgotten };
  // An approval that concerns the caller, with its history.
  getApproval: { input: { id: string }; answer: ApprovalDetails };
  // One assistant.
  getAssistant: { input: { id: string }; answer: AssistantView };
  // The model, the switch of actions and the daily budget.
  getAssistantSettings: { input: Record<string, never>; answer: SettingsView };
  // The account's bill of a month, line by line and day by day.
  getBill: { input: { period?: string }; answer: BillObject };
  // One bucket, its objects counted now as far as that is quick.
  getBucket: { input: { bucket: string }; answer: BucketView };
  // How long messages stay in a channel, and whether it is on legal hold.
  getChannelRules: { input: { channel: string }; answer: ChannelRules };
  // The caller's drafts, saved messages, unread threads and settings.
  getChatDesk: { input: Record<string, never>; answer: ChatDesk };
  // getChatExport
  getChatExport: { input: { id: string }; answer: ChatTransfer };
  // How a run of one's own stands.
  getChatFunctionRun: { input: { run_id: string }; answer: ChatRun };
  // The caller's workplace: team, user, people, channels with what is unread, live topic.
  getChatHome: { input: Record<string, never>; answer: ChatHome };
  // getChatImport
  getChatImport: { input: { id: string }; answer: ChatTransfer };
  // getComplianceExport
  getComplianceExport: { input: Record<string, never>; answer: Compliance };
  // What can be launched, at which price, and what will run it.
  getComputeCatalog: { input: Record<string, never>; answer: CatalogObject };
  // The end of what the instance wrote.
  getConsoleOutput: { input: { id: string }; answer: ConsoleOutput };
  // Who decides in the caller's place, and when.
  getDeputy: { input: Record<string, never>; answer: DeputyView };
  // Every department and where people stand in them.
  getDirectory: { input: Record<string, never>; answer: DirectoryPage };
  // A document, without its text (`exportDocument`).
  getDocument: { input: { id: string }; answer: DocumentView };
  // The text of a version.
  getDocumentVersion: { input: { id: string; version: number }; answer: Text };
  // An event of the caller, or one that they are invited to.
  getEvent: { input: { id: string }; answer: EventView };
  // When people of the workplace are busy; nothing of why.
  getFreeBusy: { input: WhoAndWhen; answer: BusyList };
  // What the inference engine is doing, with progress while it installs.
  getInference: { input: Record<string, never>; answer: InferenceObject };
  // One instance.
  getInstance: { input: { id: string }; answer: InstanceObject };
  // A page that shows the event of an invitation by mail and asks whether one comes.
  getInvitation: { input: { id: string; key: string; lang?: string }; answer: unknown };
  // The event of an invitation as an iCalendar file.
  getInvitationFile: { input: { id: string; key: string; lang?: string }; answer: unknown };
  // One job; poll it until `state` is done or failed.
  getJob: { input: { id: string }; answer: Job };
  // What is kept for exact repeats, and how often it served.
  getModelCache: { input: Record<string, never>; answer: CacheList };
  // Every model that can be asked or pulled: size, licence, memory, whether it fits, price.
  getModelCatalogue: { input: Record<string, never>; answer: Catalogue };
  // One route.
  getModelRoute: { input: { route: string }; answer: RouteObject };
  // How many replicas a model may have.
  getModelScaling: { input: { model: string }; answer: ScalingObject };
  // The models in memory: replicas, queue, keys and values, tokens a second.
  getModelsLive: { input: Record<string, never>; answer: Live };
  // Which program asks to act for the caller, before they approve.
  getOauthRequest: { input: { client_id: string; redirect_uri: string }; answer: Asking };
  // The bytes of an object, of one of its versions, or of a range of it.
  getObject: { input: { bucket: string; key: string; range?: string; download?: boolean; version_id?: string }; answer: unknown };
  // All that is known of an object but its bytes.
  getObjectDetails: { input: { bucket: string; key: string }; answer: ObjectDetails };
  // One user or service account.
  getPerson: { input: { user: string }; answer: PersonView };
  // A prompt in a version of it.
  getPrompt: { input: { prompt_id: string; version?: string }; answer: PromptObject };
  // One proposal that the caller may see.
  getProposal: { input: { id: string }; answer: ProposalView };
  // The public key that names this cloud to push services.
  getPushKey: { input: Record<string, never>; answer: PushKey };
  // What the caller missed: mentions, open questions, decisions, what was answered most.
  getRecap: { input: Record<string, never>; answer: RecapView };
  // The own passkeys and second factor.
  getSecurity: { input: Record<string, never>; answer: Security };
  // What is weak in this account and how to mend it, as far as the caller may look.
  getSecurityOverview: { input: Record<string, never>; answer: SecurityOverview };
  // Who am I?
  getSession: { input: Record<string, never>; answer: SessionView };
  // Whether the caller follows a thread.
  getThreadFollow: { input: { channel: string; thread_ts: string }; answer: FollowMark };
  // getTopicCertificate
  getTopicCertificate: { input: { name: string }; answer: unknown };
  // One upstream.
  getUpstream: { input: { upstream: string }; answer: UpstreamObject };
  // What serves a model of ours elsewhere, and its price. `DELETE /models/{model}` forgets it.
  getUpstreamModel: { input: { model: string }; answer: UpstreamModelObject };
  // Take in an iCalendar file; events that are there already (by UID) are changed.
  importEvents: { input: Import; answer: Imported };
  // Install an app with all scopes of its manifest.
  installChatApp: { input: { app_id: string }; answer: InstalledTokens };
  // Invite a guest to channels; answers a link that signs them in once, to pass on.
  inviteGuest: { input: NewGuest; answer: ChatGuest };
  // Launch instances.
  launchInstances: { input: LaunchRequest; answer: InstanceList };
  // Every account of this cloud.
  listAccounts: { input: Record<string, never>; answer: AccountList };
  // What waits for the caller, what they decided, or what they sent; the newest first.
  listApprovals: { input: { limit?: number; cursor?: string; box?: 'decided' | 'sent' | 'waiting' }; answer: ApprovalList };
  // Templates to make an assistant from: a listing writer, support, an analyst and others.
  listAssistantTemplates: { input: Record<string, never>; answer: TemplateList };
  // The account's assistants, by name.
  listAssistants: { input: Record<string, never>; answer: AssistantList };
  // Every call of this account, the newest first.
  listAudit: { input: { limit?: number; cursor?: string; principal?: string; action?: string; resource?: string; errors?: boolean; changes?: boolean; since_us?: number }; answer: AuditList };
  // Buckets of the account by name, with what they held when last counted.
  listBuckets: { input: { limit?: number; cursor?: string }; answer: BucketPage };
  // The workspace's apps with their manifests (1,000 at most).
  listChatApps: { input: Record<string, never>; answer: ChatApps };
  // The slash commands of installed apps, and those of the workplace itself.
  listChatCommands: { input: Record<string, never>; answer: ChatCommands };
  // The newest first; a link is there for who asked for the export.
  listChatExports: { input: Record<string, never>; answer: ChatTransfers };
  // The functions that installed apps offer.
  listChatFunctions: { input: Record<string, never>; answer: ChatFunctions };
  // The workspace's incoming webhooks (1,000 at most).
  listChatHooks: { input: Record<string, never>; answer: ChatHooks };
  // The newest first.
  listChatImports: { input: Record<string, never>; answer: ChatTransfers };
  // What was deleted in a channel while it was on legal hold; the newest 500.
  listDeletedMessages: { input: { channel: string }; answer: DeletedTexts };
  // Comments, the oldest first.
  listDocumentComments: { input: { id: string }; answer: CommentList };
  // With whom a document is shared.
  listDocumentShares: { input: { id: string }; answer: ShareList };
  // What is kept of how the document was, the latest first, 100 at most.
  listDocumentVersions: { input: { id: string }; answer: DocumentsDocumentsVersionList };
  // Documents that the caller may see, the latest first, 200 at most; all, or by words.
  listDocuments: { input: { words?: string }; answer: DocumentList };
  // What takes place in the caller's calendar: every time of every event, 2,000 at most.
  listEvents: { input: { from_us: number; to_us: number }; answer: OccurrenceList };
  // The forms that can be sent for approval, by title.
  listForms: { input: Record<string, never>; answer: FormList };
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
  // Messages that call the caller, newest first; the note says by what.
  listMentions: { input: { before?: string }; answer: NotedMessages };
  // The account's aliases.
  listModelAliases: { input: Record<string, never>; answer: AliasList };
  // Which model and engine answered what, how fast, for how much; texts are not kept.
  listModelAnswers: { input: { model?: string; route?: string; limit?: number; cursor?: string }; answer: AnswerList };
  // How each model did lately: requests, errors, latency, tokens, cost.
  listModelFigures: { input: { hours?: number }; answer: FiguresList };
  // The account's limits and budgets, with what was used of them.
  listModelLimits: { input: Record<string, never>; answer: LimitList };
  // The account's pulls, newest first, with their progress.
  listModelPulls: { input: Record<string, never>; answer: PullList };
  // The account's routes.
  listModelRoutes: { input: Record<string, never>; answer: RouteList };
  // The models that the caller can use.
  listModels: { input: Record<string, never>; answer: ModelItems };
  // The programs that act for the caller.
  listOauthGrants: { input: Record<string, never>; answer: GrantList };
  // Keys of a bucket, and common prefixes when a delimiter is given.
  listObjects: { input: { bucket: string; prefix?: string; delimiter?: string; limit?: number; cursor?: string }; answer: ObjectPage };
  // The outside MCP servers, by name.
  listOutsideServers: { input: Record<string, never>; answer: ServerList };
  // Users and service accounts, by name.
  listPeople: { input: { kind?: string; limit?: number; cursor?: string }; answer: PersonList };
  // A user's keys.
  listPersonKeys: { input: { user: string }; answer: KeyList };
  // Policies that come with Volano, then the account's own.
  listPolicies: { input: { limit?: number; cursor?: string }; answer: PolicyList };
  // Users of the workplace who have it open now.
  listPresent: { input: Record<string, never>; answer: Present };
  // Today's price of every meter.
  listPrices: { input: Record<string, never>; answer: PriceListObject };
  // What a prompt said, newest first.
  listPromptVersions: { input: { prompt_id: string; cursor?: string; limit?: number }; answer: StudioPromptsVersionList };
  // The account's prompts, newest first.
  listPrompts: { input: { cursor?: string; limit?: number }; answer: PromptList };
  // What the caller asked assistants to do, the newest first.
  listProposals: { input: { limit?: number; cursor?: string }; answer: ProposalList };
  // What this account may have.
  listQuotas: { input: Record<string, never>; answer: QuotaList };
  // Who is in a channel and how far each has read: a message up to there was read.
  listReaders: { input: { channel: string }; answer: ChannelReaders };
  // Targets of the account by name.
  listReplicationTargets: { input: { cursor?: string; limit?: number }; answer: TargetPage };
  // What a message said before it was edited, the newest first.
  listRevisions: { input: { channel: string; ts: string }; answer: MessageRevisions };
  // Roles, by name.
  listRoles: { input: { limit?: number; cursor?: string }; answer: RoleList };
  // The caller's messages for later, the newest first; the note says when and whether done.
  listSavedMessages: { input: Record<string, never>; answer: NotedMessages };
  // The own open sessions.
  listSessions: { input: Record<string, never>; answer: SessionList };
  // By whom one may sign in to an account.
  listSignInButtons: { input: { account?: string }; answer: ProviderButtons };
  // The account's sign-in providers.
  listSignInProviders: { input: Record<string, never>; answer: ProviderList };
  // The caller's tasks by date, 500 at most.
  listTasks: { input: { done?: boolean; given?: boolean }; answer: TaskList };
  // Threads that the caller follows, the one answered last first.
  listThreads: { input: Record<string, never>; answer: NotedMessages };
  // The caller's channels that are translated for them, and the languages that there are.
  listTranslatedChannels: { input: Record<string, never>; answer: LanguageChoices };
  // What the caller has not read yet, by channel; 60 channels at most.
  listUnread: { input: Record<string, never>; answer: UnreadChannels };
  // What the upstream says it has: asks it, so it tells whether address and key are right.
  listUpstreamModels: { input: { upstream: string }; answer: RemoteModelList };
  // The account's upstreams.
  listUpstreams: { input: Record<string, never>; answer: UpstreamList };
  // Urgent messages that the caller sent or received, newest first; 50 at most.
  listUrgent: { input: Record<string, never>; answer: UrgentMessages };
  // Those of the named permissions that a policy of the caller gives for anything at all.
  listUsable: { input: Permissions; answer: Permissions };
  // The region's zones and how they are.
  listZones: { input: Record<string, never>; answer: ZoneList };
  // Have a model in memory now, so that its first request does not wait.
  loadModel: { input: { model: string }; answer: Live };
  // What an app's own menu offers for the text typed so far.
  loadOptions: { input: OptionsFields; answer: Options };
  // Every channel and followed thread of the caller is read.
  markAllRead: { input: ChatDeskNoFields; answer: Done };
  // Replies of a thread up to `ts` are read.
  markThread: { input: ThreadMark; answer: Done };
  // Open an app's Home tab; the app hears of it and may publish another view.
  openAppHome: { input: { app_id: string; tab?: string }; answer: AppHomeView };
  // Keep a model in memory, or no longer; the operator's permission is needed.
  pinModel: { input: { model: string; pinned: boolean }; answer: ScalingObject };
  // Build an image now instead of at its first launch; repeating joins the build that runs.
  prepareImage: { input: { name: string }; answer: ImageObject };
  // Press a button or choose something in a message or view of an app.
  pressElement: { input: PressFields; answer: void };
  // Let the version on trial serve the route from now on.
  promoteModelCanary: { input: { route: string }; answer: RouteObject };
  // Confirm who one is, before making keys, passkeys or codes; it counts for half an hour.
  proveSession: { input: Proof; answer: unknown };
  // Start pulling a model; the answer is a job to poll.
  pullModel: { input: PullModel; answer: Job };
  // Choose the model, switch actions off for everybody, set the daily budget.
  putAssistantSettings: { input: SettingsView; answer: SettingsView };
  // Keep the channel's messages for so many days, 0 for ever.
  putChannelRetention: { input: { channel: string; days: number }; answer: ChannelRules };
  // Keep what the caller is writing; an empty text takes it away.
  putChatDraft: { input: DraftText; answer: Done };
  // Set all of the caller's chat settings.
  putChatPreferences: { input: Preferences; answer: Preferences };
  // Rename a department or move it below another.
  putDepartment: { input: { id: string; name: string; parent?: string }; answer: DepartmentId };
  // Name who decides in the caller's place about what is sent in that time.
  putDeputy: { input: DeputyFields; answer: DeputyView };
  // Make a form, or change the one of that name.
  putForm: { input: { name: string; title: string; about?: string; fields: FormField[]; steps: FormStep[]; copies?: string[]; enabled?: boolean }; answer: Form };
  // Make or replace a hook; its secret is new each time.
  putHook: { input: { name: string; url: string }; answer: NewHookView };
  // Put a channel on legal hold, so that nothing is lost, or release it.
  putLegalHold: { input: { channel: string; held: boolean; why?: string }; answer: ChannelRules };
  // Let a name that programs ask for mean a model that is here.
  putModelAlias: { input: { alias: string; model: string }; answer: AliasObject };
  // Try a version: give it some percent of the route's requests.
  putModelCanary: { input: { route: string; model: string; percent: number }; answer: RouteObject };
  // Limit what a key, a person, a project or the account may use of models.
  putModelLimit: { input: { scope: string; subject: string; requests_per_minute?: number; tokens_per_minute?: number; day_budget?: string; month_budget?: string }; answer: LimitObject };
  // Let a name stand for several models, or change which.
  putModelRoute: { input: { route: string; targets: TargetObject[]; fallbacks?: string[]; task?: 'embed' | 'generate'; retries?: number; rest_s?: number; sticky?: boolean; cache_ttl_s?: number }; answer: RouteObject };
  // Scale a model by its queue; the operator's permission is needed.
  putModelScaling: { input: { model: string; replicas_min?: number; replicas_max?: number; queue_per_replica?: number; deadline_ms?: number; idle_s?: number }; answer: ScalingObject };
  // Store the request's body as an object.
  putObject: { input: { bucket: string; key: string }; answer: ObjectDetails };
  // Say where somebody stands: department, manager, title, telephone.
  putPosition: { input: { user: string; department?: string; manager?: string; title?: string; phone?: string }; answer: DirectoryPosition };
  // Make or replace a target.
  putReplicationTarget: { input: { name: string; endpoint: string; bucket: string; access_key_id: string; secret_access_key: string; region?: string }; answer: TargetView };
  // Make or change a provider; an empty secret keeps the known one.
  putSignInProvider: { input: { name: string; issuer: string; client_id: string; client_secret?: string; title?: string; link_by?: string; create_users?: boolean; email_domains?: string[]; groups?: string[] }; answer: ProviderView };
  // Have a channel translated for the caller whenever they read it, or no longer.
  putTranslatedChannel: { input: LanguageFields; answer: void };
  // Register a service with OpenAI's API, or change it.
  putUpstream: { input: { upstream: string; kind: string; base_url: string; api_key?: string; secret?: string; timeout_s?: number; retries?: number }; answer: UpstreamObject };
  // Let a model of the upstream be asked by a name of ours, at a price.
  putUpstreamModel: { input: { upstream: string; model: string; remote: string; task?: 'embed' | 'generate'; price: ModelsUpstreamsPriceObject }; answer: UpstreamModelObject };
  // Pack a pulled model's weights into fewer bits; the answer is a job to poll.
  quantizeModel: { input: { model: string; form: string }; answer: Job };
  // Stop and start in one.
  rebootInstance: { input: { id: string }; answer: InstanceObject };
  // Take an urgent message back: nobody is called any more.
  recallUrgent: { input: { id: string }; answer: Done };
  // Say no.
  refuseProposal: { input: { id: string }; answer: ProposalView };
  // Say no.
  rejectApproval: { input: { id: string; text?: string }; answer: ApprovalView };
  // Take a user out of a group.
  removePersonFromGroup: { input: { user: string; group: string }; answer: void };
  // Give a document another title.
  renameDocument: { input: { id: string; title: string }; answer: DocumentView };
  // Call a passkey something else.
  renamePasskey: { input: { id: string; name: string }; answer: void };
  // Ten new recovery codes; older ones end.
  renewRecoveryCodes: { input: IdentitySessionNoFields; answer: RecoveryCodes };
  // For a lost phone: remove a user's passkeys and authenticator app; their sessions end.
  resetPersonSecurity: { input: { user: string }; answer: void };
  // Resolve a comment, or open it again.
  resolveDocumentComment: { input: { id: string; comment: string; resolved?: boolean }; answer: CommentView };
  // Make the text what it was then; what it is now is kept as a version.
  restoreDocumentVersion: { input: { id: string; version: number }; answer: void };
  // Bring a zone back after a drill.
  restoreZone: { input: { zone: string; reason?: string }; answer: ZoneView };
  // Give it back to who sent it, to be changed.
  returnApproval: { input: { id: string; text?: string }; answer: ApprovalView };
  // The caller's own text in another tone.
  rewriteText: { input: RewriteFields; answer: WrittenAnswer };
  // End the trial, or undo the last promotion.
  rollBackModelRoute: { input: { route: string }; answer: RouteObject };
  // Let an app run one of its functions.
  runChatFunction: { input: { app_id: string; callback_id: string; inputs?: Record<string, unknown>; channel?: string }; answer: ChatRun };
  // Run a slash command in a channel.
  runCommand: { input: CommandFields; answer: void };
  // Put a message on the caller's list for later, tick it off, or take it from there.
  saveChatMessage: { input: SavedMark; answer: Done };
  // scimCreateGroup
  scimCreateGroup: { input: { version: string; id?: string; schemas?: unknown[]; userName?: string; displayName?: string; name?: Record<string, unknown> | null; emails?: Record<string, unknown>[]; active?: boolean | null; 'urn:ietf:params:scim:schemas:extension:slack:guest:2.0:User'?: Record<string, unknown> | null; members?: Record<string, unknown>[] | null; Operations?: Record<string, unknown>[] | null }; answer: unknown };
  // Make a user of the account, with the workplace's policy.
  scimCreateUser: { input: { version: string; id?: string; schemas?: unknown[]; userName?: string; displayName?: string; name?: Record<string, unknown> | null; emails?: Record<string, unknown>[]; active?: boolean | null; 'urn:ietf:params:scim:schemas:extension:slack:guest:2.0:User'?: Record<string, unknown> | null; members?: Record<string, unknown>[] | null; Operations?: Record<string, unknown>[] | null }; answer: unknown };
  // scimDeleteGroup
  scimDeleteGroup: { input: { version: string; id: string }; answer: void };
  // Switch the user off; what they wrote stays theirs. Slack answers 200 here, not 204.
  scimDeleteUser: { input: { version: string; id: string }; answer: void };
  // scimGetGroup
  scimGetGroup: { input: { version: string; id: string }; answer: void };
  // scimGetUser
  scimGetUser: { input: { version: string; id: string }; answer: void };
  // scimListGroups
  scimListGroups: { input: { version: string; filter?: string; count?: number; startIndex?: number }; answer: void };
  // People, filtered by one attribute (`userName eq "ann"`).
  scimListUsers: { input: { version: string; filter?: string; count?: number; startIndex?: number }; answer: void };
  // scimPatchGroup
  scimPatchGroup: { input: { version: string; id: string; schemas?: unknown[]; userName?: string; displayName?: string; name?: Record<string, unknown> | null; emails?: Record<string, unknown>[]; active?: boolean | null; 'urn:ietf:params:scim:schemas:extension:slack:guest:2.0:User'?: Record<string, unknown> | null; members?: Record<string, unknown>[] | null; Operations?: Record<string, unknown>[] | null }; answer: void };
  // scimPatchUser
  scimPatchUser: { input: { version: string; id: string; schemas?: unknown[]; userName?: string; displayName?: string; name?: Record<string, unknown> | null; emails?: Record<string, unknown>[]; active?: boolean | null; 'urn:ietf:params:scim:schemas:extension:slack:guest:2.0:User'?: Record<string, unknown> | null; members?: Record<string, unknown>[] | null; Operations?: Record<string, unknown>[] | null }; answer: void };
  // scimReplaceGroup
  scimReplaceGroup: { input: { version: string; id: string; schemas?: unknown[]; userName?: string; displayName?: string; name?: Record<string, unknown> | null; emails?: Record<string, unknown>[]; active?: boolean | null; 'urn:ietf:params:scim:schemas:extension:slack:guest:2.0:User'?: Record<string, unknown> | null; members?: Record<string, unknown>[] | null; Operations?: Record<string, unknown>[] | null }; answer: void };
  // scimReplaceUser
  scimReplaceUser: { input: { version: string; id: string; schemas?: unknown[]; userName?: string; displayName?: string; name?: Record<string, unknown> | null; emails?: Record<string, unknown>[]; active?: boolean | null; 'urn:ietf:params:scim:schemas:extension:slack:guest:2.0:User'?: Record<string, unknown> | null; members?: Record<string, unknown>[] | null; Operations?: Record<string, unknown>[] | null }; answer: void };
  // Send a filled form; whoever decides first gets a card in the chat.
  sendApproval: { input: Filled; answer: ApprovalView };
  // Send what was returned, with other values, from the first step.
  sendApprovalAgain: { input: { id: string; values?: Record<string, string> }; answer: ApprovalView };
  // Call people who must acknowledge; e-mail and webhooks follow when they do not.
  sendUrgent: { input: UrgentCall; answer: UrgentId };
  // Let administrators export private conversations, or not any more.
  setComplianceExport: { input: ComplianceSwitch; answer: Compliance };
  // Switch the copilot on or off for everyone in the workspace.
  setCopilot: { input: CopilotSetting; answer: CopilotSetting };
  // Make somebody a guest, or a member again.
  setGuest: { input: { user: string; guest: string; channels?: string[] | null; until?: number }; answer: ChatGuest };
  // A password that the user must change after signing in; open sessions end.
  setPersonPassword: { input: { user: string; password: string }; answer: void };
  // Set an account's quota.
  setQuota: { input: { owner: string; name: string; value: number | null }; answer: void };
  // Say anew with whom a document of the caller's own is shared.
  shareDocument: { input: { id: string; shares: ShareView[] }; answer: ShareList };
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
  // The names of actions by what they are about.
  slackAuditActions: { input: Record<string, never>; answer: void };
  // What was done in this account, as Slack's audit logs tell it, the newest first.
  slackAuditLogs: { input: { latest?: number; oldest?: number; limit?: number; action?: string; actor?: string; entity?: string; cursor?: string }; answer: void };
  // The kinds of things that entries name.
  slackAuditSchemas: { input: Record<string, never>; answer: void };
  // Open a new conversation with an app that is an assistant.
  startAssistantThread: { input: { app_id: string; channel?: string }; answer: StartedThread };
  // Import an archive of Slack, Mattermost or Zulip; repeating changes nothing.
  startChatImport: { input: NewImport; answer: ChatTransfer };
  // Start a stopped instance.
  startInstance: { input: { id: string }; answer: InstanceObject };
  // Stop an instance; its disk stays.
  stopInstance: { input: { id: string }; answer: InstanceObject };
  // Hand a form in.
  submitView: { input: { view_id: string; state?: Record<string, unknown> }; answer: ViewOutcome };
  // Tell this browser when something calls the caller.
  subscribePush: { input: PushBrowser; answer: Done };
  // A channel or thread in a few points, each with the message that it comes from.
  summarizeConversation: { input: SummaryFields; answer: WrittenAnswer };
  // The minutes of a meeting: points, decisions and items to do.
  takeNotes: { input: NotesFields; answer: NotesView };
  // End an instance for good.
  terminateInstance: { input: { id: string }; answer: InstanceObject };
  // A message in another language; made once and kept until the message changes.
  translateMessage: { input: TranslationFields; answer: WrittenAnswer };
  // Free a model's memory; its next request loads it again.
  unloadModel: { input: { model: string }; answer: void };
  // Tell this browser no more.
  unsubscribePush: { input: PushEndpoint; answer: Done };
  // Put all fields of an assistant of one's own.
  updateAssistant: { input: { id: string; title: string; instructions?: string; model?: string; knowledge?: string[]; tools?: string[]; audience?: string[]; enabled?: boolean }; answer: AssistantView };
  // Change an event that the caller made; guests are told, and asked anew when it moved.
  updateEvent: { input: { id: string; title: string; start: string; end: string; zone?: string; all_day?: boolean; rule?: string; location?: string; notes?: string; guests?: string[]; channels?: string[]; outsiders?: string[] | null; remind_minutes?: number; busy?: boolean }; answer: EventView };
  // Change what people see, or disable: keys, tokens and sessions then stop at once.
  updatePerson: { input: { user: string; display_name?: string | null; email?: string | null; disabled?: boolean | null }; answer: PersonView };
  // Change a task, or mark it as done or open again.
  updateTask: { input: { id: string; title: string; note?: string; assignee?: string; due_us?: number; done?: boolean | null }; answer: TaskView };
  // An address that takes an archive's bytes by POST, once.
  uploadChatArchive: { input: ArchiveSize; answer: ArchiveUpload };
  // Remind those whose turn it is; once an hour.
  urgeApproval: { input: { id: string }; answer: ApprovalView };
  // Use an app's shortcut, on a message or anywhere.
  useShortcut: { input: ShortcutFields; answer: void };
  // Ask the app's URL for events to answer a challenge.
  verifyAppUrl: { input: { app_id: string }; answer: Verified };
  // Who may do an action on a resource, by which statement, and who may not.
  whoCan: { input: { action: string; resource?: string; limit?: number; cursor?: string }; answer: AccessList };
  // Take it back.
  withdrawApproval: { input: { id: string }; answer: ApprovalView };
  // Put another text in its place; whoever edits now sees it at once.
  writeDocument: { input: { id: string; text: string }; answer: void };
}

export const ROUTES = {
  acknowledgeUrgent: ['POST', '/chat/urgent/{id}/acknowledge'],
  addChatEmoji: ['POST', '/chat/emoji'],
  addPersonToGroup: ['PUT', '/people/{user}/groups/{group}'],
  answerEvent: ['POST', '/calendar/events/{id}/answer'],
  answerInvitation: ['POST', '/calendar/invitations/{id}/{key}/{answer}'],
  approveApproval: ['POST', '/approvals/{id}/approve'],
  approveOauthRequest: ['POST', '/oauth/grants'],
  approveOutsideServer: ['PUT', '/assistants-servers/{name}'],
  approveProposal: ['POST', '/proposals/{id}/approve'],
  askToRunProposal: ['POST', '/proposals/{id}/ask'],
  attachGroupPolicy: ['POST', '/groups/{group}/policies'],
  attachPersonPolicy: ['POST', '/people/{user}/policies'],
  beginAuthenticator: ['POST', '/security/authenticator'],
  beginPasskey: ['POST', '/security/passkeys/options'],
  beginPasskeySignIn: ['POST', '/session/passkey/options'],
  beginProviderSignIn: ['POST', '/session/providers/{name}'],
  callAws: ['POST', '/aws/{service}/{operation}'],
  changePassword: ['POST', '/session/password'],
  closeView: ['POST', '/chat/views/{view_id}/close'],
  commentApproval: ['POST', '/approvals/{id}/comments'],
  commentDocument: ['POST', '/documents/{id}/comments'],
  compareModelRoute: ['GET', '/models/routes/{route}/figures'],
  confirmAuthenticator: ['POST', '/security/authenticator/confirmation'],
  createAccount: ['POST', '/accounts'],
  createAppConfigToken: ['POST', '/chat/apps/config-token'],
  createAppToken: ['POST', '/chat/apps/{app_id}/tokens'],
  createAssistant: ['POST', '/assistants'],
  createBucket: ['POST', '/buckets'],
  createChatHook: ['POST', '/chat/apps/{app_id}/hooks'],
  createDepartment: ['POST', '/chat/departments'],
  createDocument: ['POST', '/documents'],
  createEvent: ['POST', '/calendar/events'],
  createGroup: ['POST', '/groups'],
  createKey: ['POST', '/keys'],
  createLoginLink: ['POST', '/people/{user}/login-link'],
  createObjectLink: ['POST', '/buckets/{bucket}/links'],
  createPasskey: ['POST', '/security/passkeys'],
  createPerson: ['POST', '/people'],
  createPersonKey: ['POST', '/people/{user}/keys'],
  createPrompt: ['POST', '/prompts'],
  createPromptVersion: ['POST', '/prompts/{prompt_id}/versions'],
  createTask: ['POST', '/tasks'],
  delegateApproval: ['POST', '/approvals/{id}/delegate'],
  deleteAssistant: ['DELETE', '/assistants/{id}'],
  deleteAuthenticator: ['DELETE', '/security/authenticator'],
  deleteBucket: ['DELETE', '/buckets/{bucket}'],
  deleteChatHook: ['DELETE', '/chat/hooks/{hook_id}'],
  deleteDepartment: ['DELETE', '/chat/departments/{id}'],
  deleteDocument: ['DELETE', '/documents/{id}'],
  deleteEvent: ['DELETE', '/calendar/events/{id}'],
  deleteForm: ['DELETE', '/forms/{id}'],
  deleteGroup: ['DELETE', '/groups/{group}'],
  deleteHook: ['DELETE', '/hooks/{name}'],
  deleteKey: ['DELETE', '/keys/{id}'],
  deleteModel: ['DELETE', '/models/{model}'],
  deleteModelAlias: ['DELETE', '/models/aliases/{alias}'],
  deleteModelLimit: ['DELETE', '/models/limits/{scope}/{subject}'],
  deleteModelRoute: ['DELETE', '/models/routes/{route}'],
  deleteModelScaling: ['DELETE', '/models/{model}/scaling'],
  deleteOauthGrant: ['DELETE', '/oauth/grants/{id}'],
  deleteObject: ['DELETE', '/buckets/{bucket}/objects/{key}'],
  deleteObjects: ['POST', '/buckets/{bucket}/delete-objects'],
  deleteOutsideServer: ['DELETE', '/assistants-servers/{name}'],
  deletePasskey: ['DELETE', '/security/passkeys/{id}'],
  deletePerson: ['DELETE', '/people/{user}'],
  deletePersonKey: ['DELETE', '/people/{user}/keys/{id}'],
  deletePrompt: ['DELETE', '/prompts/{prompt_id}'],
  deleteReplicationTarget: ['DELETE', '/replication-targets/{name}'],
  deleteSignInProvider: ['DELETE', '/sign-in-providers/{name}'],
  deleteTask: ['DELETE', '/tasks/{id}'],
  deleteUpstream: ['DELETE', '/models/upstreams/{upstream}'],
  detachGroupPolicy: ['DELETE', '/groups/{group}/policies'],
  detachPersonPolicy: ['DELETE', '/people/{user}/policies'],
  draftReply: ['POST', '/writing/replies'],
  endOtherSessions: ['DELETE', '/sessions'],
  endPersonSessions: ['DELETE', '/people/{user}/sessions'],
  endSession: ['DELETE', '/sessions/{id}'],
  explainAccess: ['GET', '/access/explain'],
  explainMessage: ['POST', '/writing/explanations'],
  exportDocument: ['GET', '/documents/{id}/markdown'],
  exportEvents: ['GET', '/calendar/export'],
  exportEverything: ['POST', '/chat/exports/everything'],
  exportPublicChannels: ['POST', '/chat/exports/public'],
  failZone: ['POST', '/zones/{zone}/fail'],
  findItems: ['POST', '/writing/items'],
  findTimes: ['POST', '/calendar/find-times'],
  followThread: ['PUT', '/chat/follows'],
  forecastApproval: ['POST', '/approvals/forecast'],
  forgetModelCache: ['DELETE', '/models/cache'],
  getApproval: ['GET', '/approvals/{id}'],
  getAssistant: ['GET', '/assistants/{id}'],
  getAssistantSettings: ['GET', '/assistants/settings'],
  getBill: ['GET', '/bill'],
  getBucket: ['GET', '/buckets/{bucket}'],
  getChannelRules: ['GET', '/chat/channels/{channel}/rules'],
  getChatDesk: ['GET', '/chat/desk'],
  getChatExport: ['GET', '/chat/exports/{id}'],
  getChatFunctionRun: ['GET', '/chat/function-runs/{run_id}'],
  getChatHome: ['GET', '/chat/me'],
  getChatImport: ['GET', '/chat/imports/{id}'],
  getComplianceExport: ['GET', '/chat/compliance'],
  getComputeCatalog: ['GET', '/compute/catalog'],
  getConsoleOutput: ['GET', '/instances/{id}/console'],
  getDeputy: ['GET', '/deputy'],
  getDirectory: ['GET', '/chat/directory'],
  getDocument: ['GET', '/documents/{id}'],
  getDocumentVersion: ['GET', '/documents/{id}/versions/{version}'],
  getEvent: ['GET', '/calendar/events/{id}'],
  getFreeBusy: ['POST', '/calendar/free-busy'],
  getInference: ['GET', '/inference'],
  getInstance: ['GET', '/instances/{id}'],
  getInvitation: ['GET', '/calendar/invitations/{id}/{key}'],
  getInvitationFile: ['GET', '/calendar/invitations/{id}/{key}/event.ics'],
  getJob: ['GET', '/jobs/{id}'],
  getModelCache: ['GET', '/models/cache'],
  getModelCatalogue: ['GET', '/models/catalogue'],
  getModelRoute: ['GET', '/models/routes/{route}'],
  getModelScaling: ['GET', '/models/{model}/scaling'],
  getModelsLive: ['GET', '/models/live'],
  getOauthRequest: ['GET', '/oauth/request'],
  getObject: ['GET', '/buckets/{bucket}/objects/{key}'],
  getObjectDetails: ['GET', '/buckets/{bucket}/details/{key}'],
  getPerson: ['GET', '/people/{user}'],
  getPrompt: ['GET', '/prompts/{prompt_id}'],
  getProposal: ['GET', '/proposals/{id}'],
  getPushKey: ['GET', '/chat/push/key'],
  getRecap: ['GET', '/recap'],
  getSecurity: ['GET', '/security'],
  getSecurityOverview: ['GET', '/security-overview'],
  getSession: ['GET', '/session'],
  getThreadFollow: ['GET', '/chat/follows'],
  getTopicCertificate: ['GET', '/topics/certificates/{name}'],
  getUpstream: ['GET', '/models/upstreams/{upstream}'],
  getUpstreamModel: ['GET', '/models/upstream-models/{model}'],
  importEvents: ['POST', '/calendar/import'],
  installChatApp: ['POST', '/chat/apps/{app_id}/install'],
  inviteGuest: ['POST', '/chat/guests'],
  launchInstances: ['POST', '/instances'],
  listAccounts: ['GET', '/accounts'],
  listApprovals: ['GET', '/approvals'],
  listAssistantTemplates: ['GET', '/assistants/templates'],
  listAssistants: ['GET', '/assistants'],
  listAudit: ['GET', '/audit'],
  listBuckets: ['GET', '/buckets'],
  listChatApps: ['GET', '/chat/apps'],
  listChatCommands: ['GET', '/chat/commands'],
  listChatExports: ['GET', '/chat/exports'],
  listChatFunctions: ['GET', '/chat/functions'],
  listChatHooks: ['GET', '/chat/hooks'],
  listChatImports: ['GET', '/chat/imports'],
  listDeletedMessages: ['GET', '/chat/channels/{channel}/deleted'],
  listDocumentComments: ['GET', '/documents/{id}/comments'],
  listDocumentShares: ['GET', '/documents/{id}/shares'],
  listDocumentVersions: ['GET', '/documents/{id}/versions'],
  listDocuments: ['GET', '/documents'],
  listEvents: ['GET', '/calendar/events'],
  listForms: ['GET', '/forms'],
  listGroups: ['GET', '/groups'],
  listHooks: ['GET', '/hooks'],
  listInstanceProfiles: ['GET', '/instance-profiles'],
  listInstances: ['GET', '/instances'],
  listJobs: ['GET', '/jobs'],
  listKeys: ['GET', '/keys'],
  listMentions: ['GET', '/chat/mentions'],
  listModelAliases: ['GET', '/models/aliases'],
  listModelAnswers: ['GET', '/models/answers'],
  listModelFigures: ['GET', '/models/figures'],
  listModelLimits: ['GET', '/models/limits'],
  listModelPulls: ['GET', '/models/pulls'],
  listModelRoutes: ['GET', '/models/routes'],
  listModels: ['GET', '/models'],
  listOauthGrants: ['GET', '/oauth/grants'],
  listObjects: ['GET', '/buckets/{bucket}/objects'],
  listOutsideServers: ['GET', '/assistants-servers'],
  listPeople: ['GET', '/people'],
  listPersonKeys: ['GET', '/people/{user}/keys'],
  listPolicies: ['GET', '/policies'],
  listPresent: ['GET', '/chat/presence'],
  listPrices: ['GET', '/prices'],
  listPromptVersions: ['GET', '/prompts/{prompt_id}/versions'],
  listPrompts: ['GET', '/prompts'],
  listProposals: ['GET', '/proposals'],
  listQuotas: ['GET', '/quotas'],
  listReaders: ['GET', '/chat/channels/{channel}/readers'],
  listReplicationTargets: ['GET', '/replication-targets'],
  listRevisions: ['GET', '/chat/channels/{channel}/messages/{ts}/revisions'],
  listRoles: ['GET', '/roles'],
  listSavedMessages: ['GET', '/chat/saved'],
  listSessions: ['GET', '/sessions'],
  listSignInButtons: ['GET', '/session/providers'],
  listSignInProviders: ['GET', '/sign-in-providers'],
  listTasks: ['GET', '/tasks'],
  listThreads: ['GET', '/chat/threads'],
  listTranslatedChannels: ['GET', '/writing/languages'],
  listUnread: ['GET', '/chat/unread'],
  listUpstreamModels: ['GET', '/models/upstreams/{upstream}/models'],
  listUpstreams: ['GET', '/models/upstreams'],
  listUrgent: ['GET', '/chat/urgent'],
  listUsable: ['POST', '/session/usable'],
  listZones: ['GET', '/zones'],
  loadModel: ['POST', '/models/{model}/load'],
  loadOptions: ['POST', '/chat/interactions/options'],
  markAllRead: ['POST', '/chat/unread/read'],
  markThread: ['PUT', '/chat/threads/read'],
  openAppHome: ['POST', '/chat/apps/{app_id}/home'],
  pinModel: ['PUT', '/models/{model}/pin'],
  prepareImage: ['POST', '/compute/images/{name}/prepare'],
  pressElement: ['POST', '/chat/interactions/press'],
  promoteModelCanary: ['POST', '/models/routes/{route}/promote'],
  proveSession: ['POST', '/session/proof'],
  pullModel: ['POST', '/models/pull'],
  putAssistantSettings: ['PUT', '/assistants/settings'],
  putChannelRetention: ['PUT', '/chat/channels/{channel}/retention'],
  putChatDraft: ['PUT', '/chat/drafts'],
  putChatPreferences: ['PUT', '/chat/preferences'],
  putDepartment: ['PUT', '/chat/departments/{id}'],
  putDeputy: ['PUT', '/deputy'],
  putForm: ['PUT', '/forms/{name}'],
  putHook: ['PUT', '/hooks/{name}'],
  putLegalHold: ['PUT', '/chat/channels/{channel}/hold'],
  putModelAlias: ['PUT', '/models/aliases/{alias}'],
  putModelCanary: ['PUT', '/models/routes/{route}/canary'],
  putModelLimit: ['PUT', '/models/limits/{scope}/{subject}'],
  putModelRoute: ['PUT', '/models/routes/{route}'],
  putModelScaling: ['PUT', '/models/{model}/scaling'],
  putObject: ['PUT', '/buckets/{bucket}/objects/{key}'],
  putPosition: ['PUT', '/chat/positions/{user}'],
  putReplicationTarget: ['PUT', '/replication-targets/{name}'],
  putSignInProvider: ['PUT', '/sign-in-providers/{name}'],
  putTranslatedChannel: ['PUT', '/writing/languages'],
  putUpstream: ['PUT', '/models/upstreams/{upstream}'],
  putUpstreamModel: ['PUT', '/models/upstreams/{upstream}/models/{model}'],
  quantizeModel: ['POST', '/models/{model}/quantize'],
  rebootInstance: ['POST', '/instances/{id}/reboot'],
  recallUrgent: ['POST', '/chat/urgent/{id}/recall'],
  refuseProposal: ['POST', '/proposals/{id}/refuse'],
  rejectApproval: ['POST', '/approvals/{id}/reject'],
  removePersonFromGroup: ['DELETE', '/people/{user}/groups/{group}'],
  renameDocument: ['PUT', '/documents/{id}'],
  renamePasskey: ['PATCH', '/security/passkeys/{id}'],
  renewRecoveryCodes: ['POST', '/security/recovery-codes'],
  resetPersonSecurity: ['DELETE', '/people/{user}/security'],
  resolveDocumentComment: ['POST', '/documents/{id}/comments/{comment}'],
  restoreDocumentVersion: ['POST', '/documents/{id}/versions/{version}/restore'],
  restoreZone: ['POST', '/zones/{zone}/restore'],
  returnApproval: ['POST', '/approvals/{id}/return'],
  rewriteText: ['POST', '/writing/rewrites'],
  rollBackModelRoute: ['POST', '/models/routes/{route}/rollback'],
  runChatFunction: ['POST', '/chat/apps/{app_id}/functions/{callback_id}'],
  runCommand: ['POST', '/chat/interactions/command'],
  saveChatMessage: ['PUT', '/chat/saved'],
  scimCreateGroup: ['POST', '/scim/{version}/Groups'],
  scimCreateUser: ['POST', '/scim/{version}/Users'],
  scimDeleteGroup: ['DELETE', '/scim/{version}/Groups/{id}'],
  scimDeleteUser: ['DELETE', '/scim/{version}/Users/{id}'],
  scimGetGroup: ['GET', '/scim/{version}/Groups/{id}'],
  scimGetUser: ['GET', '/scim/{version}/Users/{id}'],
  scimListGroups: ['GET', '/scim/{version}/Groups'],
  scimListUsers: ['GET', '/scim/{version}/Users'],
  scimPatchGroup: ['PATCH', '/scim/{version}/Groups/{id}'],
  scimPatchUser: ['PATCH', '/scim/{version}/Users/{id}'],
  scimReplaceGroup: ['PUT', '/scim/{version}/Groups/{id}'],
  scimReplaceUser: ['PUT', '/scim/{version}/Users/{id}'],
  sendApproval: ['POST', '/approvals'],
  sendApprovalAgain: ['POST', '/approvals/{id}/send'],
  sendUrgent: ['POST', '/chat/urgent'],
  setComplianceExport: ['PUT', '/chat/compliance'],
  setCopilot: ['PUT', '/chat/copilot'],
  setGuest: ['PUT', '/chat/guests/{user}'],
  setPersonPassword: ['PUT', '/people/{user}/password'],
  setQuota: ['PUT', '/accounts/{owner}/quotas/{name}'],
  shareDocument: ['PUT', '/documents/{id}/shares'],
  showTyping: ['POST', '/chat/typing'],
  signIn: ['POST', '/session'],
  signInByCode: ['POST', '/session/code'],
  signInByLink: ['POST', '/session/link'],
  signInByPasskey: ['POST', '/session/passkey'],
  signInByProvider: ['POST', '/session/provider'],
  signOut: ['DELETE', '/session'],
  slackAuditActions: ['GET', '/audit/v1/actions'],
  slackAuditLogs: ['GET', '/audit/v1/logs'],
  slackAuditSchemas: ['GET', '/audit/v1/schemas'],
  startAssistantThread: ['POST', '/chat/apps/{app_id}/assistant'],
  startChatImport: ['POST', '/chat/imports'],
  startInstance: ['POST', '/instances/{id}/start'],
  stopInstance: ['POST', '/instances/{id}/stop'],
  submitView: ['POST', '/chat/views/{view_id}/submit'],
  subscribePush: ['POST', '/chat/push'],
  summarizeConversation: ['POST', '/writing/summaries'],
  takeNotes: ['POST', '/writing/notes'],
  terminateInstance: ['DELETE', '/instances/{id}'],
  translateMessage: ['POST', '/writing/translations'],
  unloadModel: ['POST', '/models/{model}/unload'],
  unsubscribePush: ['POST', '/chat/push/forget'],
  updateAssistant: ['PUT', '/assistants/{id}'],
  updateEvent: ['PUT', '/calendar/events/{id}'],
  updatePerson: ['PATCH', '/people/{user}'],
  updateTask: ['PUT', '/tasks/{id}'],
  uploadChatArchive: ['POST', '/chat/imports/uploads'],
  urgeApproval: ['POST', '/approvals/{id}/urge'],
  useShortcut: ['POST', '/chat/interactions/shortcut'],
  verifyAppUrl: ['POST', '/chat/apps/{app_id}/verify'],
  whoCan: ['GET', '/access/who-can'],
  withdrawApproval: ['POST', '/approvals/{id}/withdraw'],
  writeDocument: ['PUT', '/documents/{id}/text'],
} as const satisfies Record<keyof Operations, [string, string]>;
