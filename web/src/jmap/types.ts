/** The JMAP objects that the client reads, as the wire has them (RFC 8620, RFC 8621). Dates stay strings here. */

export type Id = string;
export type UTCDate = string;

export interface Session {
  capabilities: Record<string, Record<string, unknown>>;
  accounts: Record<Id, Account>;
  primaryAccounts: Record<string, Id>;
  username: string;
  apiUrl: string;
  downloadUrl: string;
  uploadUrl: string;
  eventSourceUrl: string;
  state: string;
}

export interface Account {
  name: string;
  isPersonal: boolean;
  isReadOnly: boolean;
  accountCapabilities: Record<string, Record<string, unknown>>;
}

export interface EmailAddress {
  name: string | null;
  email: string;
}

export interface BodyPart {
  partId: string | null;
  blobId: Id | null;
  size: number;
  name: string | null;
  type: string;
  charset?: string | null;
  disposition: string | null;
  cid: string | null;
  subParts?: BodyPart[];
  [header: `header:${string}`]: unknown;
}

export interface BodyValue {
  value: string;
  isEncodingProblem?: boolean;
  isTruncated?: boolean;
}

/** What a list shows of an email; `undefined` where it was not asked for. */
export interface Email {
  id: Id;
  /** Whose it is, where somebody else shares it: noted when it comes, for the server says it of the answer. */
  accountId?: Id;
  blobId: Id;
  threadId: Id;
  mailboxIds: Record<Id, true>;
  keywords: Record<string, true>;
  size: number;
  receivedAt: UTCDate;
  sentAt?: string | null;
  messageId?: string[] | null;
  inReplyTo?: string[] | null;
  references?: string[] | null;
  from: EmailAddress[] | null;
  to: EmailAddress[] | null;
  cc?: EmailAddress[] | null;
  bcc?: EmailAddress[] | null;
  replyTo?: EmailAddress[] | null;
  sender?: EmailAddress[] | null;
  subject: string | null;
  preview: string;
  hasAttachment: boolean;
  snoozed?: { until: UTCDate; moveToMailboxId?: Id } | null;
  bodyStructure?: BodyPart;
  bodyValues?: Record<string, BodyValue>;
  textBody?: BodyPart[];
  htmlBody?: BodyPart[];
  attachments?: BodyPart[];
  [header: `header:${string}`]: unknown;
}

export interface Mailbox {
  id: Id;
  /** Whose it is, where somebody else shares it. */
  accountId?: Id;
  name: string;
  parentId: Id | null;
  role: string | null;
  sortOrder: number;
  totalEmails: number;
  unreadEmails: number;
  totalThreads: number;
  unreadThreads: number;
  isSubscribed: boolean;
  myRights: Record<string, boolean>;
}

export interface Thread {
  id: Id;
  /** Whose it is, where somebody else shares it. */
  accountId?: Id;
  emailIds: Id[];
}

export interface Identity {
  id: Id;
  name: string;
  email: string;
  replyTo: EmailAddress[] | null;
  bcc: EmailAddress[] | null;
  textSignature: string;
  htmlSignature: string;
  mayDelete: boolean;
}

export interface DeliveryStatus {
  smtpReply: string;
  delivered: 'queued' | 'yes' | 'no' | 'unknown';
  displayed: 'unknown' | 'yes';
}

export interface EmailSubmission {
  id: Id;
  identityId: Id;
  emailId: Id;
  threadId: Id;
  envelope: { mailFrom: { email: string; parameters: Record<string, string | null> | null }; rcptTo: { email: string }[] } | null;
  sendAt: UTCDate;
  undoStatus: 'pending' | 'final' | 'canceled';
  deliveryStatus: Record<string, DeliveryStatus> | null;
}

/** Types of docs/reference/jmap-extensions.md. */
export interface SavedSearch {
  id: Id;
  name: string;
  filter: Filter | null;
  parentId: Id | null;
  inheritParent: boolean;
  sort: Comparator[] | null;
  icon: string | null;
  color: string | null;
  count: 'unread' | 'total' | 'none';
  notify: boolean;
  sortOrder: number;
}

export interface SenderProfile {
  id: Id;
  address: string;
  screened: 'accepted' | 'rejected' | 'feed' | 'paper' | null;
  images: 'always' | 'proxy' | 'never' | null;
  receipts: 'ask' | 'never' | null;
}

export interface Reminder {
  id: Id;
  emailId: Id;
  threadId: Id;
  kind: 'at' | 'followUp' | 'noReply';
  at: UTCDate;
  keepVisible: boolean;
  state: 'armed' | 'fired' | 'done' | 'cancelled';
  firedAt: UTCDate | null;
}

/** What one wrote to oneself about a conversation. */
export interface Note {
  id: Id;
  threadId: Id;
  text: string;
  updatedAt: UTCDate;
}

export interface VacationResponse {
  id: Id;
  isEnabled: boolean;
  fromDate: UTCDate | null;
  toDate: UTCDate | null;
  subject: string | null;
  textBody: string | null;
  htmlBody: string | null;
}

export interface Job {
  id: Id;
  kind: 'update' | 'destroy' | 'undo';
  state: 'running' | 'done' | 'cancelled';
  total: number;
  done: number;
  failed: number;
  createdAt: UTCDate;
  change: { update?: Record<string, unknown> } | null;
  undoToken: string | null;
  undoes: Id | null;
}

export interface SearchSnippet {
  emailId: Id;
  subject: string | null;
  preview: string | null;
}

export type FilterCondition = Record<string, unknown>;
export type Filter = FilterCondition | { operator: 'AND' | 'OR' | 'NOT'; conditions: Filter[] };
export interface Comparator {
  property: string;
  isAscending?: boolean;
  keyword?: string;
}

export interface SetError {
  type: string;
  description?: string | null;
  properties?: string[] | null;
  /** Of a sending (RFC 8621 §7.5). */
  invalidRecipients?: string[];
  maxRecipients?: number;
  maxSize?: number;
  /** Ours: why exactly. */
  reason?: string;
}

export interface SetResponse<T = Record<string, unknown>> {
  oldState?: string | null;
  newState: string;
  created?: Record<string, T> | null;
  updated?: Record<Id, Partial<T> | null> | null;
  destroyed?: Id[] | null;
  notCreated?: Record<string, SetError> | null;
  notUpdated?: Record<Id, SetError> | null;
  notDestroyed?: Record<Id, SetError> | null;
}

export interface GetResponse<T> {
  accountId?: Id;
  state: string;
  list: T[];
  notFound: Id[];
}

export interface ChangesResponse {
  oldState: string;
  newState: string;
  hasMoreChanges: boolean;
  created: Id[];
  updated: Id[];
  destroyed: Id[];
  updatedProperties?: string[] | null;
}

export interface QueryResponse {
  queryState: string;
  canCalculateChanges: boolean;
  position: number;
  ids: Id[];
  total?: number;
}

export interface QueryChangesResponse {
  oldQueryState: string;
  newQueryState: string;
  total?: number;
  removed: Id[];
  added: { id: Id; index: number }[];
}

/** What would be asked next, told with the event: the response to a request for what has changed since these states (docs/decisions/0094). */
export interface News {
  accountId: Id;
  since: Record<string, string>;
  response: { methodResponses: [name: string, answer: unknown, id: string][] };
}

export type StateChange = { '@type': 'StateChange'; changed: Record<Id, Record<string, string>> };

export const CORE = 'urn:ietf:params:jmap:core';
export const MAIL = 'urn:ietf:params:jmap:mail';
export const SUBMISSION = 'urn:ietf:params:jmap:submission';
export const VACATION = 'urn:ietf:params:jmap:vacationresponse';
export const QUOTA = 'urn:ietf:params:jmap:quota';
export const CONTACTS = 'urn:ietf:params:jmap:contacts';
export const PRINCIPALS = 'urn:ietf:params:jmap:principals';
export const SHARE = 'urn:ietf:params:jmap:mail:share';
export const MDN = 'urn:ietf:params:jmap:mdn';
export const PLUS = 'urn:mailstead:params:jmap:plus';
