import type { Stack } from './stack';
import type { Attributes, Properties, ResourceType, Tag, Wire } from '../src/private/contract';

/**
 * What one resource type does. The protocol around it (events, physical ids, tags, deadlines, the log) is index.ts's;
 * a handler makes calls to its service and nothing else.
 */
export interface Handler<T extends ResourceType> {
  /** What its physical ids look like: CloudFormation invents one for a Create that it cancelled. */
  readonly ids: RegExp;

  /** When to give up waiting for `attributes` or `gone`, and what to tell the user then. */
  readonly deadline: Deadline;

  /** Why what was made is not taken away again when its creation fails or is rolled back. */
  readonly keptInRollback?: string;

  /** How the tags of what it makes are kept; absent where the service has none, or they belong to something else. */
  readonly tags?: TagStore;

  /**
   * Makes exactly one creating call, under `request.token`, and returns the physical id at once: what is slow waits in `attributes`.
   * The same request again finds what the first one made. Whoever throws has first removed what it made.
   */
  create(request: Request<T>): Promise<string>;

  /** Ready: the attributes. Not yet: undefined. Never: throws. Called again and again, so it changes nothing. */
  attributes(id: string, request: Request<T>): Promise<Attributes<T> | undefined>;

  /**
   * Compares what is wanted with what is live, because a rollback arrives with old and new swapped and must succeed; looks at
   * `oldProperties` only for what cannot be read back. Returns the id, or another one: then CloudFormation deletes the old one.
   */
  update(id: string, request: UpdateRequest<T>): Promise<string>;

  /** Content if it is gone already. */
  delete(id: string, request: Request<T>): Promise<void>;

  /** Where deletion takes time: whether it is over. */
  gone?(id: string, request: Request<T>): Promise<boolean>;

  /**
   * The ids of what a Create made that failed or was cancelled: with the request tag of `request.failedCreate` if that is known, otherwise with
   * our owner tag (or by natural key) and made since `request.stack.operationStart()`. What an earlier operation retained has the same owner tag
   * and must never be among them. Absent where there can be nothing.
   */
  abandoned?(request: Request<T>): Promise<string[]>;
}

/** An event, as handlers see it. */
export interface Request<T extends ResourceType> {
  readonly event: 'Create' | 'Update' | 'Delete';
  readonly properties: Wire<Properties<T>>;
  /** The same each time that one event is delivered. */
  readonly requestId: string;
  /** In the Delete of a Create that failed: the request of that one. */
  readonly failedCreate?: string;
  readonly stackId: string;
  readonly logicalId: string;
  /** For the service's client token: the same each time that one event is delivered, and never elsewhere; 64 hexadecimal digits. */
  readonly token: string;
  /** Our owner tag: which resource of which stack made it. */
  readonly owner: Tag;
  /** The user's tags and our two. */
  readonly tags: Tag[];
  readonly stack: Stack;
}

export interface UpdateRequest<T extends ResourceType> extends Request<T> {
  readonly oldProperties: Wire<Properties<T>>;
}

export interface Deadline {
  /** From the event's arrival. */
  readonly seconds: number;
  /** A sentence's end: "…was not ready within 20 minutes: <reason>". */
  readonly reason: string;
}

export interface TagStore {
  list(id: string): Promise<Tag[]>;
  add(id: string, tags: Tag[]): Promise<void>;
  remove(id: string, keys: string[]): Promise<void>;
}
